using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>
/// Hands the outbox to the transport, oldest first, and again where no answer comes. A conversation has one unanswered frame at a time: networks lose frames and
/// hubs tell them to wait, and those after must not pass. Before the hub knows our keys only their publication goes out.
/// </summary>
internal sealed class OutboxPump(EndpointSession session, ReportFlow reports)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    /// <summary>The frame to send now, or null with the time until the next one is due (null when none is).</summary>
    public OutboxRecord? Next(Work work, out TimeSpan? wait)
    {
        wait = null;
        var begun = new HashSet<string>();
        foreach (var row in Tables.Outbox.All(work.Store).Where(row => session.Hub is not null || row.Purpose is FramePurpose.DeviceList or FramePurpose.KeyPublication or FramePurpose.DeviceListRequest or FramePurpose.DeviceLink))
        {
            if (!begun.Add(ConversationOf(row)))
                continue;

            if (row.NotBefore <= work.NowMs)
                return row;

            var due = TimeSpan.FromMilliseconds(row.NotBefore - work.NowMs);
            wait = wait is null || due < wait ? due : wait;
        }

        return null;
    }

    /// <summary>Gives up what is too old to be taken by the hub; true when it did.</summary>
    public bool GiveUp(Work work, OutboxRecord row)
    {
        if (row.CreatedAt + (long)session.Options.GiveUpAfter.TotalMilliseconds > work.NowMs)
            return false;

        reports.OnGivenUp(work, row, MessageState.Expired, "END-107", "The hub gave no answer in the time allowed");
        return true;
    }

    /// <summary>The transport is about to have it. A crash after this leaves it to be sent again, with the same bytes and id.</summary>
    public void Begin(Work work, OutboxRecord row) =>
        Tables.Outbox.Put(work.Store, row with { Attempts = row.Attempts + 1, NotBefore = (work.Now + ResendAfter(row.Attempts)).ToUnixTimeMilliseconds(), Deferred = false });

    /// <summary>What the transport made of it; the row may be answered and gone by now.</summary>
    /// <returns>How long to wait before anything else is sent, or null.</returns>
    public TimeSpan? Done(Work work, string frame, TransportSend outcome)
    {
        var row = Tables.Outbox.Get(work.Store, frame);
        switch (outcome)
        {
            case TransportSend.Later later:
                // The network did not take it: that attempt does not count, neither for the next wait nor for the native id.
                if (row is not null)
                    Tables.Outbox.Put(work.Store, row with { Attempts = Math.Max(0, row.Attempts - 1), NotBefore = work.NowMs });

                work.Raise(new EndpointEvent.SendDelayed(work.Now, later.Why));
                return later.After;
            case TransportSend.Rejected rejected when row is not null:
                reports.OnGivenUp(work, row, MessageState.Bounced, rejected.Why.RuleId, rejected.Why.Reason);
                return null;
            default:
                return null;
        }
    }

    /// <summary>The network gave a frame back after it had taken it.</summary>
    public void Returned(Work work, FrameId frame, TransportFailure why)
    {
        if (Tables.Outbox.Get(work.Store, frame.Hex) is not { } row)
            return;

        if (!why.Retry)
        {
            reports.OnGivenUp(work, row, MessageState.Bounced, why.RuleId, why.Reason);
            return;
        }

        Tables.Outbox.Put(work.Store, row with { NotBefore = (work.Now + ReturnWait(row.Attempts)).ToUnixTimeMilliseconds() });
        work.Raise(new EndpointEvent.SendDelayed(work.Now, why));
    }

    /// <summary>After a restart everything unanswered goes out again at once, except what the hub asked for later.</summary>
    public static void Restart(Work work)
    {
        foreach (var row in Tables.Outbox.All(work.Store).Where(row => row is { NotBefore: > 0, Deferred: false }))
            Tables.Outbox.Put(work.Store, row with { NotBefore = 0 });
    }

    /// <summary>The room; outside rooms the other user; for what concerns nobody else, this user.</summary>
    private string ConversationOf(OutboxRecord row) =>
        row.Purpose is FramePurpose.RoomCommit or FramePurpose.Message or FramePurpose.Receipt ? row.Room! : row.To ?? session.User.Value;

    private TimeSpan ResendAfter(int attempts) =>
        TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, session.Options.ResendAfter.Ticks << Math.Min(attempts, 10)));

    // The gateway's side is away for as long as an operator needs, and comes back unannounced: a stanza a minute is cheap, a user who waits is not.
    internal static TimeSpan ReturnWait(int attempts) => TimeSpan.FromSeconds(Math.Min(60, 2 << Math.Min(attempts, 5)));
}
