using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>
/// What the hub itself says to users. Each has an id derived from its cause, so making it again makes the same: from <see cref="PreparedEvent.Id"/>, so that what is said about two
/// networks' events is told apart; the networks' own names for them go into what is said. Pure.
/// </summary>
internal static class Replies
{
    private static readonly EncryptionLabels Unlabelled = new(OuterEncryption.None, InnerEncryption.None);

    /// <summary>Carries the number that the event got in its conversation, so that the sender knows which numbers are its own.</summary>
    public static FederationEnvelope Accepted(FederationEnvelope cause, EventId id, ulong? sequence, ProviderDomain hub, DateTimeOffset now) =>
        Make(id, "accepted", cause.Conversation, cause.Sender!, hub, now, new DeliveryReport(cause.Id, cause.Proof?.FrameId, null, DeliveryStatus.Accepted, null, null, now)) with { Sequence = sequence };

    /// <summary>A reply once more, under an id of its own: whoever delivered the first one passes over what has the same id.</summary>
    public static FederationEnvelope Again(FederationEnvelope reply, DateTimeOffset now) =>
        FederationEnvelope.Create(EventId.Derive(reply.Id, $"again {now.ToUnixTimeMilliseconds()}"), null, null, reply.Conversation, reply.Labels, now, reply.Event)
            with { Recipients = reply.Recipients, Sequence = reply.Sequence, AcceptedAt = now, HubDomain = reply.HubDomain };

    public static FederationEnvelope Response(FederationEnvelope cause, EventId id, FederationEvent answer, ProviderDomain hub, DateTimeOffset now) =>
        Make(id, "response", cause.Conversation, cause.Sender!, hub, now, answer);

    /// <summary>To the owner of a client, in the owner's own lane; the cause is another's event.</summary>
    public static FederationEnvelope Notice(EventId cause, KeyMaterialCount count, ProviderDomain hub, DateTimeOffset now) =>
        Make(cause, "notice " + count.Client.Value, ConversationKey.OfUser(count.Client.Owner), count.Client.Owner, hub, now, count);

    /// <summary>In the given lane: what a stranger is told never waits, nor lets wait, in a conversation of others.</summary>
    public static FederationEnvelope Refusal(FederationEnvelope cause, EventId id, ConversationKey lane, Decision.Refused refused, ProviderDomain hub, DateTimeOffset now)
    {
        var (rule, reason) = refused.Shown ?? (refused.Rule.Id, refused.Detail is null ? refused.Rule.Demand : $"{refused.Rule.Demand} ({refused.Detail})");
        return Make(id, "refusal", lane, cause.Sender!, hub, now, new Refusal(cause.Id, cause.Proof?.FrameId, rule, reason, refused.RetryAfter, refused.CurrentEpoch));
    }

    /// <summary>Null when nobody is to be told, as of the copy for the sender's own other devices.</summary>
    public static FederationEnvelope? Progress(LedgerTarget target, DeliveryStatus status, string? rule, string? reason, DateTimeOffset at, ProviderDomain hub, DateTimeOffset now) =>
        target is { Sender: { } sender, Conversation: { } conversation } && sender != target.Recipient
            ? Make(target.Event, $"{status} {target.Recipient.Value}", conversation, sender, hub, now, new DeliveryReport(target.Sent, target.Frame, target.Recipient, status, rule, reason, at))
            : null;

    private static FederationEnvelope Make(EventId cause, string purpose, ConversationKey conversation, UserUri to, ProviderDomain hub, DateTimeOffset now, FederationEvent what) =>
        FederationEnvelope.Create(EventId.Derive(cause, purpose), null, null, conversation, Unlabelled, now, what) with { Recipients = [to], AcceptedAt = now, HubDomain = hub };
}
