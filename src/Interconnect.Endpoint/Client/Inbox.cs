using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>
/// The way in. Each item is one durable step: checked, put in its turn, acted on, remembered as seen, committed; only then does the transport acknowledge it.
/// Nothing is acknowledged that is not saved, and nothing is acted on twice.
/// </summary>
internal sealed class Inbox
{
    /// <summary>
    /// What was acknowledged does not come again, so a frame's chunks are kept as long as anybody could still send the rest: the hub takes nothing older than 7 days.
    /// </summary>
    private static readonly TimeSpan KeepChunks = TimeSpan.FromDays(8);

    private readonly EndpointSession session;
    private readonly RoomFlow rooms;
    private readonly MessageFlow messages;
    private readonly ConsentFlow consents;
    private readonly ReportFlow reports;
    private readonly DeviceFlow devices;
    private readonly List<(string Sender, FrameId Id)> forgotten = [];
    private readonly FrameAssembler assembler;
    private bool chunksLoaded;

    public Inbox(EndpointSession session, RoomFlow rooms, MessageFlow messages, ConsentFlow consents, ReportFlow reports, DeviceFlow devices)
    {
        this.session = session;
        this.rooms = rooms;
        this.messages = messages;
        this.consents = consents;
        this.reports = reports;
        this.devices = devices;
        assembler = new FrameAssembler(
            new FrameAssemblerOptions
            {
                Timeout = KeepChunks,
                MaxBytes = session.Options.MaxChunkBytes,
                MaxBytesPerSender = session.Options.MaxChunkBytes / 4,
                MaxFramesPerSender = 64,
                Forgotten = (sender, id) => forgotten.Add((sender, id)),
            },
            session.Clock);
    }

    /// <summary>Takes one item from the network.</summary>
    public List<EndpointEvent> Receive(InboundItem item)
    {
        var events = new List<EndpointEvent>();
        switch (item)
        {
            case InboundItem.Frame frame:
                Take(events, frame.From, frame.Bytes);
                break;
            case InboundItem.Chunk chunk:
                TakeChunk(events, chunk);
                break;
        }

        return events;
    }

    /// <summary>Lets go what waited long enough for those before it.</summary>
    public List<EndpointEvent> ReleaseOverdue()
    {
        var events = new List<EndpointEvent>();
        while (true)
        {
            using var work = session.Begin();
            var overdue = Tables.Held.All(work.Store).Where(held => held.Deadline <= work.NowMs).OrderBy(held => held.Sequence).FirstOrDefault();
            if (overdue is null)
                return events;

            Release(events, ConversationKey.TryParse(overdue.Conversation, out var conversation) ? conversation : throw new StoreDamagedException(), work);
            work.Commit("release");
            events.AddRange(work.Events);
        }
    }

    private void TakeChunk(List<EndpointEvent> events, InboundItem.Chunk item)
    {
        LoadChunks();
        var sender = SenderName(item.From);
        if (!FrameChunks.TryParse(item.Text, out var chunk, out var error))
        {
            Reject(events, error);
            return;
        }

        var outcome = assembler.Add(sender, chunk);
        DropForgotten();
        switch (outcome)
        {
            case AssemblyOutcome.Incomplete:
                using (var work = session.Begin())
                {
                    Tables.Chunks.Put(work.Store, new ChunkRecord(sender, item.Text, work.NowMs));
                    work.Commit("chunk");
                }

                break;
            case AssemblyOutcome.Complete complete:
                Take(events, item.From, complete.Frame, () => OfFrame(sender, chunk.Id));
                break;
            case AssemblyOutcome.Refused refused:
                Reject(events, refused.Error, () => OfFrame(sender, chunk.Id));
                break;
        }
    }

    private void Take(List<EndpointEvent> events, TransportAddress from, ReadOnlyMemory<byte> bytes, Func<Func<ChunkRecord, bool>>? chunks = null)
    {
        // 1. Is it a delivery for us, from who it says?
        if (!FrameCodec.TryDecode(bytes, out var frame, out var error))
        {
            Reject(events, error, chunks);
            return;
        }

        if (frame is not EndpointFrame.Delivery { Envelope: var envelope })
        {
            Reject(events, new SchemaError("END-002", "An endpoint takes deliveries, not requests", "frame"), chunks);
            return;
        }

        if (FrameChecks.Check(envelope, from, session.User) is { } refused)
        {
            Reject(events, refused, chunks);
            return;
        }

        using var work = session.Begin();
        DeleteChunks(work, chunks);
        if (!work.Store.Has(EntryKind.Seen, envelope.Id.Hex) && !IsRepeated(work, envelope))
        {
            // 2. Is it its turn?
            if (IsOwnEcho(envelope) || Joins(work, envelope) || IsTurn(work, envelope))
                Act(work, envelope);
            else
                Hold(work, envelope, bytes, from, events);
        }

        // 3. A crash before the commit leaves the network to deliver it again; after, it is seen and a repeated delivery is only acknowledged.
        work.Commit("receive " + envelope.Event.Kind);
        events.AddRange(work.Events);
        Drain(events);
    }

    // The hub names events, the signer names frames: under another event id it is the same frame still. Ordered ones are told apart by their ratchets, and one that is held has been
    // seen in neither way.
    private static bool IsRepeated(Work work, FederationEnvelope envelope) => envelope.Proof is { } proof && work.Store.Has(EntryKind.SeenFrame, NameOf(proof));

    private static string NameOf(FrameProof proof) => $"{proof.FrameId.Hex} {proof.Client.Value}";

    // What this device sent itself comes back where our user has other devices: it is the hub's word that it was taken, and nothing else.
    private bool IsOwnEcho(FederationEnvelope envelope) => envelope.Sender == session.User && envelope.Proof?.Client == session.Client;

    // What brings this device into a room waits for nothing that was there before it.
    private static bool Joins(Work work, FederationEnvelope envelope) =>
        envelope is { Sequence: not null, Event: RoomUpdate { Welcome.IsEmpty: false } update } && Tables.Rooms.Get(work.Store, update.Room.Value) is null;

    private bool IsTurn(Work work, FederationEnvelope envelope) =>
        (!ConversationOrder.IsOrdered(envelope) || ConversationOrder.IsTurn(work, envelope.Conversation, envelope.Sequence!.Value))
        && !(envelope.Event is EncryptedMessage message && messages.IsEarly(work, message));

    private void Act(Work work, FederationEnvelope envelope)
    {
        work.Store.Put(EntryKind.Seen, envelope.Id.Hex, [1], work.NowMs);
        if (IsOwnEcho(envelope))
        {
            var sent = envelope.Proof!.FrameId;
            if (session.Book.TrustOf(work, envelope.Proof) is not null)
                reports.OnReport(work, envelope, new DeliveryReport(envelope.Id, sent, null, DeliveryStatus.Accepted, null, null, envelope.AcceptedAt ?? work.Now));

            return;
        }

        if (Joins(work, envelope))
            ConversationOrder.Begin(work, envelope.Conversation, envelope.Sequence!.Value);

        if (ConversationOrder.IsOrdered(envelope) && ConversationOrder.Advance(work, envelope.Conversation, envelope.Sequence!.Value) is > 0 and var missing)
            work.Raise(new EndpointEvent.GapSkipped(work.Now, missing));

        var error = envelope.Event switch
        {
            EncryptedMessage message => messages.OnEncrypted(work, envelope, message),
            RoomUpdate update => FollowedBy(work, envelope, rooms.OnRoomUpdate(work, envelope, update)),
            ConsentEntry entry => FollowedBy(work, envelope, consents.OnEntry(work, envelope, entry)),
            KeyMaterialResponse response => OnKeyMaterial(work, response),
            DeviceListUpdate update => FollowedBy(work, envelope, OnLists(work, envelope.Sender!, update.Lists)),
            DeviceListResponse response => OnLists(work, response.Target, response.Lists),
            DeviceLinkMessage link => Done(() => DeviceFlow.OnLink(work, link)),
            DeliveryReport report => Done(() => reports.OnReport(work, envelope, report)),
            Refusal refusal => Done(() => reports.OnRefusal(work, envelope, refusal)),
            _ => new SchemaError("END-010", "Events of this kind are not for endpoints", "envelope.event"),
        };
        if (error is not null)
            work.Raise(new EndpointEvent.FrameRejected(work.Now, error.RuleId, error.Reason));
        else if (envelope.Proof is { } proof)
            work.Store.Put(EntryKind.SeenFrame, NameOf(proof), [1], work.NowMs);
    }

    /// <summary>Rooms with devices that are no longer listed are put right at once, and our own new devices come into ours.</summary>
    private SchemaError? OnLists(Work work, UserUri user, IReadOnlyList<ReadOnlyMemory<byte>> lists)
    {
        if (user == session.User)
            devices.OnOwnLists(work, lists);

        var error = lists.Count == 0 ? null : session.Book.Learn(work, lists, null);
        rooms.BringUpToDate(work, user == session.User ? null : user);
        return error;
    }

    private SchemaError? OnKeyMaterial(Work work, KeyMaterialResponse response)
    {
        var error = rooms.OnKeyMaterial(work, response);
        if (response.Target == session.User)
            messages.SendAllWaiting(work);

        return error;
    }

    /// <summary>A consent or a commit may be what a waiting message waited for.</summary>
    private SchemaError? FollowedBy(Work work, FederationEnvelope envelope, SchemaError? error)
    {
        if (error is null && envelope.Sender == session.User)
            messages.SendAllWaiting(work);
        else if (error is null)
            messages.SendWaiting(work, envelope.Sender!);

        return error;
    }

    private static SchemaError? Done(Action action)
    {
        action();
        return null;
    }

    private void Hold(Work work, FederationEnvelope envelope, ReadOnlyMemory<byte> bytes, TransportAddress from, List<EndpointEvent> events)
    {
        var sequence = envelope.Sequence ?? 0;
        var deadline = (work.Now + session.Options.HoldBack).ToUnixTimeMilliseconds();
        Tables.Held.Put(work.Store, new HeldRecord(envelope.Conversation.Value, sequence, bytes.ToArray(), (from as TransportAddress.Ghost)?.User.Value, deadline));
        if (ConversationOrder.Held(work, envelope.Conversation).Count > session.Options.MaxHeld)
            Release(events, envelope.Conversation, work);
    }

    private void Drain(List<EndpointEvent> events)
    {
        while (true)
        {
            using var work = session.Begin();
            var next = Tables.Held.All(work.Store).GroupBy(held => held.Conversation).Select(held => held.MinBy(record => record.Sequence)!)
                .FirstOrDefault(held => Decode(held) is { } envelope && IsTurnOfHeld(work, held, envelope));
            if (next is null)
                return;

            Tables.Held.Delete(work.Store, next);
            Act(work, Decode(next)!);
            work.Commit("held");
            events.AddRange(work.Events);
        }
    }

    private bool IsTurnOfHeld(Work work, HeldRecord held, FederationEnvelope envelope)
    {
        // The record itself must not count as one that goes before it.
        Tables.Held.Delete(work.Store, held);
        var turn = IsTurn(work, envelope);
        Tables.Held.Put(work.Store, held);
        return turn;
    }

    private void Release(List<EndpointEvent> events, ConversationKey conversation, Work work)
    {
        var first = ConversationOrder.Held(work, conversation)[0];
        Tables.Held.Delete(work.Store, first);
        Act(work, Decode(first) ?? throw new StoreDamagedException());
    }

    private static FederationEnvelope? Decode(HeldRecord held) =>
        FrameCodec.TryDecode(held.Frame, out var frame, out _) && frame is EndpointFrame.Delivery delivery ? delivery.Envelope : null;

    private void Reject(List<EndpointEvent> events, SchemaError error, Func<Func<ChunkRecord, bool>>? chunks = null)
    {
        using var work = session.Begin();
        DeleteChunks(work, chunks);
        work.Raise(new EndpointEvent.FrameRejected(work.Now, error.RuleId, error.Reason));
        work.Commit("reject");
        events.AddRange(work.Events);
    }

    /// <summary>After a restart the chunks that were acknowledged are put together again.</summary>
    private void LoadChunks()
    {
        if (chunksLoaded)
            return;

        chunksLoaded = true;
        using var work = session.Begin();
        var bound = work.NowMs - (long)KeepChunks.TotalMilliseconds;
        foreach (var record in Tables.Chunks.All(work.Store))
        {
            if (record.At < bound)
                Tables.Chunks.Delete(work.Store, record);
            else if (FrameChunks.TryParse(record.Text, out var chunk, out _))
                assembler.Add(record.Sender, chunk);
        }

        work.Commit("chunks");
        DropForgotten();
    }

    private void DropForgotten()
    {
        if (forgotten.Count == 0)
            return;

        using var work = session.Begin();
        foreach (var (sender, id) in forgotten)
            DeleteChunks(work, () => OfFrame(sender, id));

        work.Commit("forget chunks");
        forgotten.Clear();
    }

    private static void DeleteChunks(Work work, Func<Func<ChunkRecord, bool>>? chunks)
    {
        if (chunks is null)
            return;

        foreach (var record in Tables.Chunks.All(work.Store).Where(chunks()))
            Tables.Chunks.Delete(work.Store, record);
    }

    private static Func<ChunkRecord, bool> OfFrame(string sender, FrameId id) =>
        record => record.Sender == sender && record.Text.StartsWith($"{FrameChunks.Prefix}{id.Hex}.", StringComparison.Ordinal);

    private static string SenderName(TransportAddress from) => from is TransportAddress.Ghost ghost ? ghost.User.Value : "service";
}
