using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>
/// Decides on one submitted event, in this order: (1) seen before, (2) origin, and whether the sender can afford it, (3) readable and end to end, (4) the client's proof, (5) by kind: agreement, consent, and
/// what the kind itself demands. Pure: the same event, view and time give the same decision.
/// </summary>
internal static class SubmitDecision
{
    public static Decision Decide(PreparedEvent prepared, HubView view, HubPolicy policy, DateTimeOffset now)
    {
        // (1) A network brings an event again under the same id: it was answered then. Whose id it is was checked before, so nobody else's event can be taken for this one.
        if (view.Events.Contains(prepared.Id))
        {
            return new Decision.Duplicate();
        }

        return Origin(prepared.Envelope, policy) ?? prepared.Unaffordable ?? Content(prepared.Envelope) ?? Proof(prepared, view, policy, now) ?? Kind(prepared, view, policy, now);
    }

    /// <summary>
    /// The conversation whose order the event keeps: its own, when the sender is part of it. Whoever has no part in a pair or a room waits, and is refused, in a lane of its own.
    /// A room that does not exist yet keeps the order of what makes it.
    /// </summary>
    public static ConversationKey LaneOf(FederationEnvelope envelope, HubView? view)
    {
        if (envelope.Origin is null || envelope.Sender is not { } sender)
        {
            return envelope.Conversation;
        }

        var outside = !IsOfSender(envelope.Event, sender) || envelope.Event.ConversationFor(sender) != envelope.Conversation || (view is not null && RoomOf(envelope.Event) is { } room && IsStranger(sender, room, view));
        return outside ? ConversationKey.OfUser(sender) : envelope.Conversation;
    }

    private static bool IsOfSender(FederationEvent @event, UserUri sender) => @event is not ConsentEntry entry || entry.Requester == sender || entry.Target == sender;

    private static RoomUri? RoomOf(FederationEvent @event) => @event switch
    {
        EncryptedMessage message => message.Room,
        RoomUpdate update => update.Room,
        _ => null,
    };

    // The room of an event without a proof is not loaded: nobody vouches that its sender is in it.
    private static bool IsStranger(UserUri sender, RoomUri room, HubView view) => !view.Rooms.TryGetValue(room, out var known) || (known is not null && !known.Participants.Contains(sender));

    // (2)
    public static Decision.Refused? Origin(FederationEnvelope envelope, HubPolicy policy)
    {
        if (envelope.Origin is not { } origin || envelope.Sender is not { } sender || !policy.TryDomainOf(origin, out var domain))
        {
            return new(HubRule.OriginKnown);
        }

        if (sender.Domain != domain)
        {
            return new(HubRule.SenderOfOrigin);
        }

        if (!IsOfSender(envelope.Event, sender))
        {
            return new(HubRule.ConsentOfSender);
        }

        return envelope.Event.ConversationFor(sender) != envelope.Conversation ? new(HubRule.ConversationFits) : null;
    }

    // (3)
    private static Decision.Refused? Content(FederationEnvelope envelope) => envelope.Event switch
    {
        Unreadable unreadable => new(HubRule.Readable, unreadable.RuleId) { Shown = (unreadable.RuleId, unreadable.Reason) },
        EncryptedMessage when envelope.Labels.Inner == InnerEncryption.None => new(HubRule.EndToEnd),
        EncryptedMessage { Room: null } => new(HubRule.RoomLane),
        EncryptedMessage when envelope.Labels.Inner != InnerEncryption.Mls10 => new(HubRule.RoomLane),
        EncryptedMessage or RoomUpdate or KeyMaterialPublish or KeyMaterialRequest or KeyMaterialCountRequest or ConsentEntry => null,
        DeviceListUpdate or DeviceListRequest or DeviceLinkMessage or IdentityObjection => null,
        _ => new(HubRule.ClientKind),
    };

    // (4) What the proof says of itself.
    public static Decision.Refused? Claims(FederationEnvelope envelope, HubPolicy policy, DateTimeOffset now)
    {
        if (envelope.Proof is not { } proof)
        {
            return new(HubRule.Signed);
        }

        if (proof.Client.Owner != envelope.Sender)
        {
            return new(HubRule.ClientOfSender);
        }

        if (!policy.IsAllowed(proof.CipherSuite))
        {
            return new(HubRule.SuiteAllowed);
        }

        if (proof.CreatedAt < now - policy.Options.FrameMaxAge)
        {
            return new(HubRule.FrameFresh);
        }

        return proof.CreatedAt > now + policy.Options.FrameMaxAhead ? new(HubRule.FrameNotAhead) : null;
    }

    // A client's key is registered by its first accepted publication, so a publication may come from a client nobody knows; a device list, an objection and what a new device and an old one
    // tell each other may come from one that no list names yet.
    private static Decision.Refused? Proof(PreparedEvent prepared, HubView view, HubPolicy policy, DateTimeOffset now)
    {
        var envelope = prepared.Envelope;
        if ((prepared.Misclaimed ?? Claims(envelope, policy, now)) is { } misclaimed)
        {
            return misclaimed;
        }

        var proof = envelope.Proof!;
        if (!prepared.SignatureValid)
        {
            return new(HubRule.SignatureValid);
        }

        if (Device(envelope, proof, view) is { } refused)
        {
            return refused;
        }

        // Last, so that only the client itself can use up its frame ids.
        return view.Frames.Contains(Convert.ToHexString(prepared.FrameKey!)) ? new(HubRule.FrameOnce) : null;
    }

    // Lists and objections carry signatures of their own, and say themselves whose they are.
    private static Decision.Refused? Device(FederationEnvelope envelope, FrameProof proof, HubView view)
    {
        if (envelope.Event is DeviceListUpdate or IdentityObjection)
        {
            return null;
        }

        var client = view.Clients[proof.Client];
        if (client is not null && (client.Suite != proof.CipherSuite || !proof.SignatureKey.Span.SequenceEqual(client.SignatureKey)))
        {
            return new(HubRule.ClientKey);
        }

        var identity = view.Identities[proof.Client.Owner];
        if (envelope.Event is DeviceLinkMessage || (envelope.Event is DeviceListRequest request && request.Target == proof.Client.Owner))
        {
            return identity?.Newest.List.Removed.Contains(proof.Client) == true ? new(HubRule.DeviceNamed) : null;
        }

        if (identity is null)
        {
            return new(HubRule.ListFirst);
        }

        return !identity.Names(proof) ? new(HubRule.DeviceNamed) : client is null && envelope.Event is not KeyMaterialPublish ? new(HubRule.ClientRegistered) : null;
    }

    // (5)
    private static Decision Kind(PreparedEvent prepared, HubView view, HubPolicy policy, DateTimeOffset now) => prepared.Envelope.Event switch
    {
        KeyMaterialPublish publish => Publications.Decide(publish, prepared, view, policy, now),
        KeyMaterialCountRequest request => KeyCounts.Decide(request, prepared, view),
        KeyMaterialRequest request => KeyRequests.Decide(request, prepared, view, policy, now),
        ConsentEntry entry => ConsentEntries.Decide(entry, prepared, view, policy, now),
        RoomUpdate update => RoomUpdates.Decide(update, prepared, view, policy, now),
        EncryptedMessage message => RoomMessages.Decide(message, prepared, view, policy),
        DeviceListUpdate => DeviceLists.Decide(prepared, view, policy, now),
        DeviceListRequest request => DeviceListRequests.Decide(request, prepared, view, policy),
        IdentityObjection objection => IdentityObjections.Decide(objection, prepared, view, policy, now),

        // To the user's own account and no further; what it says is authenticated by a code that the person carries.
        DeviceLinkMessage => new Decision.Accepted { Recipients = [prepared.Envelope.Sender!] },
        _ => throw new InvalidOperationException("A kind passed the check of kinds and has no decision: " + prepared.Envelope.Event.Kind),
    };
}
