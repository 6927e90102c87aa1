using System.Text;
using Interconnect.Content;
using Interconnect.Federation;
using Interconnect.Mls;
using Interconnect.Mls.PublicGroups;

namespace Interconnect.Endpoint;

/// <summary>Messages both ways: text as MIMI content inside MLS application messages, and encrypted delivery statuses back.</summary>
internal sealed class MessageFlow(EndpointSession session, OutgoingFrames frames, RoomFlow rooms)
{
    /// <summary>Largest text in bytes of UTF-8; leaves room in a MIMI content of 256 KiB.</summary>
    public const int MaxTextBytes = 128 * 1024;

    /// <summary>Most messages of unconfirmed keys that are kept of a contact.</summary>
    public const int MaxUnconfirmed = 100;

    /// <summary>Nothing goes to somebody whose identity is in doubt.</summary>
    public static readonly RequestOutcome.Blocked Unsettled =
        new("END-102", "The identity of this contact changed, or its device lists contradict each other", "Compare the safety number over another way, then confirm it with 'safety --confirm DIGITS'");

    /// <summary>
    /// Saves a text and, when a room is there, encrypts it in the same step: a message is on disk before anything about it can leave. Without a room one is begun
    /// and the text waits.
    /// </summary>
    public RequestOutcome Send(Work work, UserUri to, string text)
    {
        if (to == session.User)
            return new RequestOutcome.Blocked("END-106", "That is this user", "Name another user");

        if (text.Length == 0 || Encoding.UTF8.GetByteCount(text) > MaxTextBytes)
            return new RequestOutcome.Blocked("END-105", $"A text has 1 to {MaxTextBytes} bytes", "Shorten it or send it in parts");

        var contact = ContactBook.Get(work, to);
        if (contact.Blocked)
            return Unsettled;

        if (!session.IsAuthorised(work))
            return new RequestOutcome.Blocked("END-115", "This device is not one of its user's devices", "Add it with 'device add' on this device and 'device authorise' on another one, or use the recovery phrase with 'identity recover'");

        if (RoomFlow.StandingStill(work, to) is { } still)
            return new RequestOutcome.Blocked("END-116", $"The room stands still ({still.RuleId}): somebody who is no authorised device was put into it", "Find out with the other person what happened, then make a new room with 'contacts renew'");

        var usable = rooms.Usable(work, to);
        if (usable is null && contact.Theirs != ConsentState.Granted)
            return contact.Theirs == ConsentState.Requested
                ? new RequestOutcome.Blocked("END-101", "This user was asked and has not answered yet", "Wait for the consent, for example with 'consent request --wait'")
                : new RequestOutcome.Blocked("END-101", "This user has not allowed contact", "Ask with 'consent request'");

        var message = new MessageRecord(FrameId.Create().Hex, false, to.Value) { Text = text, State = MessageState.Waiting, CreatedAt = work.NowMs };
        Save(work, message);
        SendWaiting(work, to);
        return new RequestOutcome.Queued(message.Id);
    }

    /// <summary>
    /// Encrypts the oldest message that waits for this user, or begins a room for it. The next one is encrypted when the hub has answered: until then this one may
    /// be told to wait or to be made again in another epoch, and a later one must not pass it.
    /// </summary>
    public void SendWaiting(Work work, UserUri peer)
    {
        var waiting = WaitingFor(work, peer);
        if (waiting.Count == 0 || ContactBook.Get(work, peer).Blocked || !session.IsAuthorised(work) || RoomFlow.StandingStill(work, peer) is not null)
            return;

        if (rooms.Usable(work, peer) is not { } room)
        {
            rooms.Begin(work, peer);
            return;
        }

        // Nothing is encrypted to a device that its user took out of the list, and our own devices are to have what we write.
        if (!rooms.IsCurrent(work, room))
            return;

        if (Tables.Outbox.All(work.Store).Any(row => row.Room == room.Room && row.Purpose is (FramePurpose.Message or FramePurpose.RoomCommit)))
            return;

        // In order: a message that may not go yet holds back those after it; one that cannot be encrypted has failed and does not.
        foreach (var message in waiting.TakeWhile(message => message.NotBefore <= work.NowMs))
        {
            if (Encrypt(work, room, message))
                return;
        }
    }

    /// <summary>Whatever waits, for whomever: our own devices have changed.</summary>
    public void SendAllWaiting(Work work)
    {
        foreach (var peer in Waiting(work).Select(message => message.Peer).Distinct().ToList())
            SendWaiting(work, UserUri.Parse(peer));
    }

    public static List<MessageRecord> WaitingFor(Work work, UserUri peer) => [.. Waiting(work).Where(message => message.Peer == peer.Value)];

    /// <summary>What waits to be encrypted, oldest first.</summary>
    public static IEnumerable<MessageRecord> Waiting(Work work) => Indexed(work, EntryKind.Waiting);

    /// <summary>What was received and not shown, oldest first.</summary>
    public static IEnumerable<MessageRecord> Unshown(Work work) => Indexed(work, EntryKind.Unshown);

    /// <summary>Writes a message and keeps the two short lists of those that something is still to be done for, so that a long history costs nothing.</summary>
    public static void Save(Work work, MessageRecord message)
    {
        Tables.Messages.Put(work.Store, message);
        List(work, EntryKind.Waiting, message.Id, message.State == MessageState.Waiting);
        List(work, EntryKind.Unshown, message.Id, message is { Incoming: true, Shown: false } and not { Trust: KeyTrust.Unconfirmed });
    }

    public static void Fail(Work work, MessageRecord message, MessageState state, string rule, string reason) =>
        Change(work, message with { State = state, RuleId = rule, Reason = reason });

    public static void Change(Work work, MessageRecord message)
    {
        Save(work, message);
        work.Raise(new EndpointEvent.MessageChanged(work.Now, ToPublic(message)));
    }

    /// <summary>True when the message is of an epoch that this endpoint has not reached yet: it is kept for later.</summary>
    public bool IsEarly(Work work, EncryptedMessage message) =>
        message.Room is { } uri && Tables.Rooms.Get(work.Store, uri.Value) is { } room
        && PrivateMessageHeader.TryRead(message.Message, out var header, out _) && header.Epoch > session.Import(room.Group).Epoch;

    /// <summary>
    /// Decrypts, saves message, advanced group and the answering status in one step; the network is told only afterwards. Returns why it was dropped, or null.
    /// </summary>
    public SchemaError? OnEncrypted(Work work, FederationEnvelope envelope, EncryptedMessage encrypted)
    {
        var own = envelope.Sender == session.User;
        if (encrypted.Room is not { } uri || Tables.Rooms.Get(work.Store, uri.Value) is not { } room || (!own && room.Peer != envelope.Sender!.Value))
            return new SchemaError("END-030", "The message is for a room that this endpoint is not in", "encrypted_message.room");

        var group = session.Import(room.Group);
        if (!group.Process(encrypted.Message).TryGet(out var processed, out var refused))
            return new SchemaError(refused.Rule, refused.Reason, "encrypted_message.message", refused.Offset);

        if (processed is not Processed.ApplicationMessage received)
            return new SchemaError("END-031", "The message holds a handshake where content belongs", "encrypted_message.message");

        if (!CredentialCheck.TryGetClient(received.Sender.Credential, out var client) || client != envelope.Proof!.Client || !received.Sender.SignatureKey.Span.SequenceEqual(envelope.Proof.SignatureKey.Span))
            return new SchemaError("END-032", "Who signed the frame is not who encrypted the message", "envelope.proof");

        // The key of this generation is used up whatever the content is. A member's device that no list names any more may have written before that, or not: what it wrote is set apart.
        Tables.Rooms.Put(work.Store, room with { Group = received.NewState.Export() });
        work.Erase(received.Consumed);
        var error = (session.Book.TrustOf(work, envelope.Proof) ?? (own ? null : KeyTrust.Unconfirmed)) is { } trust
            ? own ? TakeOwn(work, envelope, room, received.Data) : TakeContent(work, envelope, uri, received.Data, trust)
            : new SchemaError("END-041", "The message is of no device that its user authorised", "envelope.proof");
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(received.Data);
        return error;
    }

    public static EndpointMessage ToPublic(MessageRecord record) => new()
    {
        Id = record.Id,
        Incoming = record.Incoming,
        Peer = UserUri.Parse(record.Peer),
        Text = record.Text,
        ContentType = record.ContentType,
        MessageId = record.ContentId,
        InReplyTo = record.InReplyTo,
        State = record.State,
        RuleId = record.RuleId,
        Reason = record.Reason,
        CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(record.CreatedAt),
        AcceptedAt = Time(record.AcceptedAt),
        HandedOverAt = Time(record.HandedOverAt),
        DeliveredAt = Time(record.DeliveredAt),
        Sequence = record.Sequence,
        Trust = record.Incoming ? record.Trust ?? KeyTrust.Pinned : null,
    };

    private static IEnumerable<MessageRecord> UnconfirmedOf(Work work, UserUri peer) =>
        Tables.Messages.All(work.Store).Where(message => message.Peer == peer.Value && message.Trust == KeyTrust.Unconfirmed);

    private static void List(Work work, EntryKind list, string id, bool belongs)
    {
        if (!belongs)
            work.Store.Delete(list, id);
        else if (!work.Store.Has(list, id))
            work.Store.Put(list, id, Encoding.ASCII.GetBytes(id), work.Store.PositionOf(EntryKind.Message, id));
    }

    private static IEnumerable<MessageRecord> Indexed(Work work, EntryKind list) =>
        work.Store.All(list).Select(id => Tables.Messages.Get(work.Store, Encoding.ASCII.GetString(id)) ?? throw new StoreDamagedException());

    /// <summary>What another device of our own user sent: it is ours, and stands where ours stand.</summary>
    private static SchemaError? TakeOwn(Work work, FederationEnvelope envelope, RoomRecord room, byte[] data)
    {
        if (!MimiContent.TryDecode(data, out var content, out var fault))
            return new SchemaError(fault.RuleId, "The content is not MIMI content", fault.Field, fault.Offset);

        var sender = envelope.Sender!;
        if (content.CheckOrigin(new ContentOrigin(sender.Value, room.Room)) is { } mismatch)
            return new SchemaError(mismatch.RuleId, "The content names another sender or room", mismatch.Field);

        // Receipts that our other device gave are no messages of ours.
        if (content.NestedPart is SinglePart { ContentType: ContentMediaTypes.MessageStatus })
            return null;

        var id = MessageId.Compute(sender.Value, room.Room, data);
        var body = content.NestedPart.SelfAndNested().OfType<SinglePart>().FirstOrDefault(part => part.TryGetText(out _)) ?? content.NestedPart as SinglePart;
        var message = new MessageRecord(FrameId.Create().Hex, false, room.Peer)
        {
            Text = body is not null && body.TryGetText(out var text) ? text : null,
            ContentType = body?.ContentType ?? content.NestedPart.GetType().Name,
            State = MessageState.Accepted,
            CreatedAt = work.NowMs,
            Room = room.Room,
            ContentId = id.ToString(),
            InReplyTo = content.InReplyTo?.ToString(),
            SenderClient = envelope.Proof!.Client.Value,
            Sequence = envelope.Sequence,
            AcceptedAt = envelope.AcceptedAt?.ToUnixTimeMilliseconds(),
        };
        work.Store.Put(EntryKind.ContentIndex, message.ContentId, Encoding.ASCII.GetBytes(message.Id));
        Change(work, message);
        return null;
    }

    private SchemaError? TakeContent(Work work, FederationEnvelope envelope, RoomUri room, byte[] data, KeyTrust trust)
    {
        if (!MimiContent.TryDecode(data, out var content, out var fault))
            return new SchemaError(fault.RuleId, "The content is not MIMI content", fault.Field, fault.Offset);

        var sender = envelope.Sender!;
        if (content.CheckOrigin(new ContentOrigin(sender.Value, room.Value)) is { } mismatch)
            return new SchemaError(mismatch.RuleId, "The content names another sender or room", mismatch.Field);

        if (content.NestedPart is SinglePart { ContentType: ContentMediaTypes.MessageStatus } status)
            return trust == KeyTrust.Unconfirmed ? new SchemaError("END-042", "A status counts from a confirmed identity", "encrypted_message") : TakeStatuses(work, sender, status.Content);

        if (ContactBook.Get(work, sender).Ours == ConsentState.Revoked)
            return new SchemaError("END-033", "The sender is no longer allowed to write", "encrypted_message");

        if (trust == KeyTrust.Unconfirmed && UnconfirmedOf(work, sender).Count() >= MaxUnconfirmed)
            return new SchemaError("END-044", "Too many messages of unconfirmed keys wait already", "encrypted_message");

        var id = MessageId.Compute(sender.Value, room.Value, data);
        var body = content.NestedPart.SelfAndNested().OfType<SinglePart>().FirstOrDefault(part => part.TryGetText(out _)) ?? content.NestedPart as SinglePart;
        var text = body is not null && body.TryGetText(out var readable) ? readable : null;
        var message = new MessageRecord(FrameId.Create().Hex, true, sender.Value)
        {
            Text = text,
            ContentType = body?.ContentType ?? content.NestedPart.GetType().Name,
            State = MessageState.Received,
            CreatedAt = work.NowMs,
            Room = room.Value,
            ContentId = id.ToString(),
            InReplyTo = content.InReplyTo?.ToString(),
            SenderClient = envelope.Proof!.Client.Value,
            Sequence = envelope.Sequence,
            AcceptedAt = envelope.AcceptedAt?.ToUnixTimeMilliseconds(),
            Trust = trust,
        };
        Save(work, message);
        if (trust == KeyTrust.Unconfirmed)
        {
            // Set apart: nobody reads it by chance, and nobody is told that it came.
            work.Raise(new EndpointEvent.UnconfirmedMessage(work.Now, sender));
            return null;
        }

        work.Raise(new EndpointEvent.MessageReceived(work.Now, ToPublic(message)));
        SendReceipt(work, sender, room, id);
        return null;
    }

    private static SchemaError? TakeStatuses(Work work, UserUri sender, Octets encoded)
    {
        if (!MessageStatusReport.TryDecode(encoded.Memory, out var report, out var fault))
            return new SchemaError(fault.RuleId, "The status is not a MIMI message status", fault.Field, fault.Offset);

        foreach (var status in report.Statuses)
        {
            if (status.Kind is not (MessageStatusKind.Delivered or MessageStatusKind.Read)
                || work.Store.Get(EntryKind.ContentIndex, status.MessageId.ToString()) is not { } name
                || Tables.Messages.Get(work.Store, Encoding.ASCII.GetString(name)) is not { Incoming: false } message
                || message.Peer != sender.Value || message.DeliveredAt is not null)
            {
                continue;
            }

            Change(work, message with { State = MessageState.Delivered, DeliveredAt = work.NowMs, RuleId = null, Reason = null });
        }

        return null;
    }

    /// <summary>A status is content of its own and never answered by another.</summary>
    private void SendReceipt(Work work, UserUri to, RoomUri uri, MessageId id)
    {
        // Nothing is encrypted to a tree with somebody in it who was not accepted; a receipt that is not given is made up for by no later one.
        var room = Tables.Rooms.Get(work.Store, uri.Value)!;
        if (!session.Options.SendReceipts || ContactBook.Get(work, to).Blocked || !session.IsAuthorised(work) || !rooms.IsWritable(work, room))
            return;

        var status = new MessageStatusReport([new MessageStatus(id, MessageStatusKind.Delivered)]).Encode();
        var content = new MimiContent
        {
            Salt = Salt.Generate(),
            Extensions = ContentExtensions.For(new ContentOrigin(session.User.Value, uri.Value)),
            NestedPart = new SinglePart(Disposition.Unspecified, "", ContentMediaTypes.MessageStatus, Octets.Copy(status)),
        };
        if (session.Import(room.Group).Encrypt(content.Encode()).TryGet(out var result, out _))
        {
            Tables.Rooms.Put(work.Store, room with { Group = result.NewState.Export() });
            work.Erase(result.Consumed);
            frames.Enqueue(work, new EncryptedMessage(uri, null, result.PrivateMessage), to, FramePurpose.Receipt, uri);
        }
    }

    private bool Encrypt(Work work, RoomRecord room, MessageRecord message)
    {
        var uri = RoomUri.Parse(room.Room);
        var encoded = message.Room == room.Room && message.Content is { } composed
            ? composed
            : Compose.Text(new ContentOrigin(session.User.Value, room.Room), message.Text!).Encode();

        // The advanced ratchet, the frame and the message's state are one step: a generation is never used for two contents, and what goes out again is the same bytes.
        if (!session.Import(room.Group).Encrypt(encoded).TryGet(out var result, out var refused))
        {
            Fail(work, message, MessageState.Refused, refused.Rule, refused.Reason);
            return false;
        }

        var id = MessageId.Compute(session.User.Value, room.Room, encoded).ToString();
        Tables.Rooms.Put(work.Store, room with { Group = result.NewState.Export() });
        work.Erase(result.Consumed);
        var peer = UserUri.Parse(message.Peer);
        var frame = frames.Enqueue(work, new EncryptedMessage(uri, null, result.PrivateMessage), peer, FramePurpose.Message, uri, message.Id);
        work.Store.Put(EntryKind.ContentIndex, id, Encoding.ASCII.GetBytes(message.Id));
        Change(work, message with
        {
            State = MessageState.Queued,
            Room = room.Room,
            Content = encoded,
            ContentId = id,
            ContentType = ContentMediaTypes.PlainText,
            Frame = frame,
            Attempts = message.Attempts + 1,
        });
        return true;
    }

    private static DateTimeOffset? Time(long? milliseconds) => milliseconds is { } value ? DateTimeOffset.FromUnixTimeMilliseconds(value) : null;
}
