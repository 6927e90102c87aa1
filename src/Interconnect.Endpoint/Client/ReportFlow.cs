using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>What the hub says about frames of ours: accepted, how far it came, refused.</summary>
internal sealed class ReportFlow(EndpointSession session, OutgoingFrames frames, RoomFlow rooms, MessageFlow messages, DeviceFlow devices)
{
    /// <summary>The hub remembers frames that it accepted, not those that it refused: a frame sent again and refused by this rule was accepted, and the report got lost.</summary>
    private const string FrameTakenBefore = "HUB-016";

    public void OnReport(Work work, FederationEnvelope envelope, DeliveryReport report)
    {
        if (report.Frame is not { } frame || Tables.Sent.Get(work.Store, frame.Hex) is not { } sent)
            return;

        if (report.Status == DeliveryStatus.Accepted)
            OnAccepted(work, envelope, sent);

        if (sent.Purpose == FramePurpose.Message && Find(work, sent) is { } message && Apply(message, report) is { } changed && changed != message)
            MessageFlow.Change(work, changed);

        if (report.Status == DeliveryStatus.Accepted)
            Continue(work, sent);
    }

    public void OnRefusal(Work work, FederationEnvelope envelope, Refusal refusal)
    {
        if (refusal.Frame is not { } frame || Tables.Sent.Get(work.Store, frame.Hex) is not { } sent)
            return;

        if (refusal.RuleId == FrameTakenBefore && sent.Purpose == FramePurpose.KeyRequest)
        {
            // The response got lost and is not made twice: the setup asks anew when its time is over.
            Answered(work, sent);
            return;
        }

        if (refusal.RuleId == FrameTakenBefore)
            OnReport(work, envelope, new DeliveryReport(refusal.Event, frame, null, DeliveryStatus.Accepted, null, null, work.Now));
        else if (refusal.RetryAfter is { } wait && Tables.Outbox.Get(work.Store, frame.Hex) is { } row && IsSentAgain(work, row))
            SendAgain(work, row, sent, wait);
        else if (IsFirst(work, sent))
        {
            Refuse(work, sent, new HubRefusal(refusal.RuleId, refusal.Reason, refusal.RetryAfter), refusal.CurrentEpoch);
            Continue(work, sent);
        }
    }

    /// <summary>Messages are encrypted anew and rooms are made anew instead.</summary>
    private bool IsSentAgain(Work work, OutboxRecord row) =>
        row.CreatedAt + (long)session.Options.GiveUpAfter.TotalMilliseconds > work.NowMs
        && (row.Purpose is FramePurpose.KeyPublication or FramePurpose.Consent or FramePurpose.Receipt or FramePurpose.DeviceListRequest
            || (row.Purpose == FramePurpose.RoomCommit && Tables.Rooms.Get(work.Store, row.Room!) is { Active: true, Pending: { } pending } && pending.Frame == row.Frame));

    private void SendAgain(Work work, OutboxRecord row, SentRecord sent, TimeSpan wait)
    {
        var frame = frames.Again(work, row, sent, wait);
        if (row.Purpose == FramePurpose.KeyPublication)
            KeyPackagePool.SentAgain(work, row.Frame, frame);
        else if (row.Purpose == FramePurpose.RoomCommit && Tables.Rooms.Get(work.Store, row.Room!) is { Pending: { } pending } room)
            Tables.Rooms.Put(work.Store, room with { Pending = pending with { Frame = frame } });
    }

    /// <summary>The network, or time, ended what the hub never answered.</summary>
    public void OnGivenUp(Work work, OutboxRecord row, MessageState state, string rule, string reason)
    {
        Tables.Outbox.Delete(work.Store, row);
        if (Tables.Sent.Get(work.Store, row.Frame) is not { } sent)
            return;

        if (sent.Purpose == FramePurpose.Message && Find(work, sent) is { } message)
            MessageFlow.Fail(work, message, state, rule, reason);
        else if (sent.Purpose == FramePurpose.RoomCommit)
            RoomFlow.OnGivenUp(work, RoomUri.Parse(sent.Room!), sent.Frame, rule, reason);
        else
            Refuse(work, sent, new HubRefusal(rule, reason, null), null);

        Continue(work, sent);
    }

    /// <summary>What waited in the room for this answer goes on at once.</summary>
    private void Continue(Work work, SentRecord sent)
    {
        if (sent.Purpose is FramePurpose.Message or FramePurpose.RoomCommit)
            messages.SendWaiting(work, UserUri.Parse(sent.Peer!));
    }

    private void OnAccepted(Work work, FederationEnvelope envelope, SentRecord sent)
    {
        if (envelope.HubDomain is { } hub && sent.Purpose == FramePurpose.KeyPublication)
            session.LearnHub(work, hub);

        // Only the first report moves anything; a later one may tell the number that it did not.
        if (sent.Purpose == FramePurpose.KeyRequest)
            return;

        if (!IsFirst(work, sent))
        {
            Place(work, envelope, sent);
            return;
        }

        if (sent.Room is { } room)
        {
            ConversationOrder.NoteOwn(work, ConversationKey.OfRoom(RoomUri.Parse(room)), envelope.Sequence);
            if (envelope.Sequence is null)
                Tables.Sent.Put(work.Store, sent with { Unplaced = true });
        }

        switch (sent.Purpose)
        {
            case FramePurpose.KeyPublication:
                KeyPackagePool.Accepted(work, sent.Frame);
                break;
            case FramePurpose.Consent:
                work.Raise(new EndpointEvent.ConsentAnswered(work.Now, UserUri.Parse(sent.Peer!), null));
                break;
            case FramePurpose.RoomCommit:
                rooms.OnAccepted(work, RoomUri.Parse(sent.Room!), sent.Frame);
                break;
            case FramePurpose.DeviceList:
                devices.OnAccepted(work, sent.Frame);
                break;
            case FramePurpose.KeyRequest or FramePurpose.Message or FramePurpose.Receipt or FramePurpose.DeviceListRequest or FramePurpose.DeviceLink:
                break;
        }
    }

    private static void Place(Work work, FederationEnvelope envelope, SentRecord sent)
    {
        if (sent is not { Unplaced: true, Room: { } room } || envelope.Sequence is not { } number)
            return;

        ConversationOrder.Place(work, ConversationKey.OfRoom(RoomUri.Parse(room)), number);
        Tables.Sent.Put(work.Store, sent with { Unplaced = false });
    }

    private void Refuse(Work work, SentRecord sent, HubRefusal refusal, ulong? currentEpoch)
    {
        switch (sent.Purpose)
        {
            case FramePurpose.KeyPublication:
                KeyPackagePool.Refused(work, sent.Frame, refusal);
                break;
            case FramePurpose.KeyRequest:
                rooms.OnKeyRequestRefused(work, UserUri.Parse(sent.Peer!), sent.Frame, refusal);
                break;
            case FramePurpose.Consent:
                TakeBack(work, sent, refusal);
                break;
            case FramePurpose.RoomCommit:
                rooms.OnRefused(work, RoomUri.Parse(sent.Room!), sent.Frame, refusal, currentEpoch);
                break;
            case FramePurpose.Message when Find(work, sent) is { } message && message.Frame == sent.Frame:
                RefuseMessage(work, message, refusal, currentEpoch);
                break;
            case FramePurpose.DeviceList:
                devices.OnRefused(work, sent.Frame, refusal);
                break;
            case FramePurpose.Message or FramePurpose.Receipt or FramePurpose.DeviceListRequest or FramePurpose.DeviceLink:
                break;
        }
    }

    /// <summary>
    /// A message of a past epoch, or one that came too fast, is encrypted anew and sent as a new frame: the hub knows the old frame's id and would not take it again,
    /// and the old ciphertext may be of an epoch that nobody keeps. Its content, and so its message id, stays.
    /// </summary>
    private void RefuseMessage(Work work, MessageRecord message, HubRefusal refusal, ulong? currentEpoch)
    {
        var again = refusal.RetryAfter is not null
            ? message.CreatedAt + (long)session.Options.GiveUpAfter.TotalMilliseconds > work.NowMs
            : currentEpoch is not null && message.Attempts < session.Options.MaxAttempts;
        if (!again)
        {
            MessageFlow.Fail(work, message, MessageState.Refused, refusal.RuleId, refusal.Reason);
            return;
        }

        var wait = refusal.RetryAfter ?? TimeSpan.FromSeconds(1);
        MessageFlow.Change(work, message with { State = MessageState.Waiting, NotBefore = (work.Now + wait).ToUnixTimeMilliseconds() });
    }

    private static void TakeBack(Work work, SentRecord sent, HubRefusal refusal)
    {
        // What was refused was never heard: the next word need not be dated after it.
        var contact = ContactBook.Get(work, UserUri.Parse(sent.Peer!));
        contact = contact with { SaidAt = Math.Min(contact.SaidAt, work.NowMs) };
        ContactBook.Put(work, contact);
        if (sent.Message == nameof(ConsentOperation.Request) && contact.Theirs == ConsentState.Requested)
            ContactBook.Put(work, contact with { Theirs = ConsentState.None });
        else if (sent.Message == nameof(ConsentOperation.Grant) && contact.Ours == ConsentState.Granted)
            ContactBook.Put(work, contact with { Ours = ConsentState.None });

        work.Raise(new EndpointEvent.ConsentAnswered(work.Now, UserUri.Parse(sent.Peer!), refusal));
    }

    private static MessageRecord? Find(Work work, SentRecord sent) => sent.Message is { } id ? Tables.Messages.Get(work.Store, id) : null;

    /// <summary>True for the first answer to a frame; a commit that was given up waits for one still.</summary>
    private static bool IsFirst(Work work, SentRecord sent) =>
        Answered(work, sent)
        || (sent.Purpose == FramePurpose.RoomCommit && Tables.Rooms.Get(work.Store, sent.Room!)?.Pending is { GivenUp: true } pending && pending.Frame == sent.Frame);

    private static bool Answered(Work work, SentRecord sent) =>
        Tables.Outbox.Get(work.Store, sent.Frame) is { } row && Tables.Outbox.Delete(work.Store, row);

    private static MessageRecord Apply(MessageRecord message, DeliveryReport report)
    {
        var at = report.At.ToUnixTimeMilliseconds();
        return report.Status switch
        {
            DeliveryStatus.Accepted => Forward(message, MessageState.Accepted) with { AcceptedAt = message.AcceptedAt ?? at },
            DeliveryStatus.HandedOver => Forward(message, MessageState.HandedOver) with { HandedOverAt = message.HandedOverAt ?? at },
            DeliveryStatus.Delivered => Forward(message, MessageState.ReachedNetwork),
            DeliveryStatus.Bounced => End(message, MessageState.Bounced, report),
            DeliveryStatus.Expired => End(message, MessageState.Expired, report),
            DeliveryStatus.Refused => End(message, MessageState.Refused, report),
        };
    }

    private static MessageRecord Forward(MessageRecord message, MessageState state) => message.State < state ? message with { State = state } : message;

    private static MessageRecord End(MessageRecord message, MessageState state, DeliveryReport report) =>
        message.State >= MessageState.Delivered ? message : message with { State = state, RuleId = report.RuleId, Reason = report.Reason };
}
