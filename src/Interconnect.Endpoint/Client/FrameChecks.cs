using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Endpoint;

/// <summary>What every delivery is held against before it is acted on. Pure; the rule ids are in the README.</summary>
internal static class FrameChecks
{
    /// <summary>Null when the delivery is what it claims to be, as far as that shows without the group's state.</summary>
    public static SchemaError? Check(FederationEnvelope envelope, TransportAddress from, UserUri self)
    {
        if (envelope.Recipients.Count > 0 && !envelope.Recipients.Contains(self))
            return Refuse("END-005", "The delivery is for somebody else", "envelope.recipients");

        var hubMade = envelope.Event is DeliveryReport or Refusal or KeyMaterialResponse or DeviceListResponse;
        if (envelope.Event is not (EncryptedMessage or RoomUpdate or ConsentEntry or DeviceListUpdate or DeviceLinkMessage) && !hubMade)
            return Refuse("END-010", "Events of this kind are not for endpoints", "envelope.event");

        return envelope.Sender is { } sender ? CheckFromUser(envelope, sender, from, self, hubMade) : CheckFromHub(from, hubMade);
    }

    private static SchemaError? CheckFromHub(TransportAddress from, bool hubMade) => (from, hubMade) switch
    {
        (not TransportAddress.Service, _) => Refuse("END-003", "What the hub made comes from the gateway's service address", "envelope.sender"),
        (_, false) => Refuse("END-009", "Events of this kind have a sender", "envelope.sender"),
        _ => null,
    };

    private static SchemaError? CheckFromUser(FederationEnvelope envelope, UserUri sender, TransportAddress from, UserUri self, bool hubMade)
    {
        // Our own user has no ghost: what our other devices send comes by the service, and by nobody else.
        if (sender == self ? from is not TransportAddress.Service : from is not TransportAddress.Ghost ghost || ghost.User != sender)
            return Refuse("END-004", "The delivery came from another account than its sender's ghost", "envelope.sender");

        if (sender != self && envelope.Event is DeviceLinkMessage)
            return Refuse("END-013", "What links devices comes from our own user", "envelope.event");

        if (hubMade)
            return Refuse("END-009", "Only the hub makes events of this kind", "envelope.sender");

        if (envelope.Proof is not { } proof)
            return Refuse("END-006", "The sender's signature is missing", "envelope.proof");

        if (proof.Client.Owner != sender)
            return Refuse("END-007", "The signing client is not the sender's", "envelope.proof.client");

        if (!CipherSuite.TryGet(proof.CipherSuite, out var suite) || !suite.VerifyWithLabel(proof.SignatureKey.Span, FrameProof.Label, SignedContent(envelope, proof), proof.Signature.Span))
            return Refuse("END-008", "The sender's signature does not verify", "envelope.proof.signature");

        return envelope.Conversation == envelope.Event.ConversationFor(sender) ? null : Refuse("END-011", "The event belongs to another conversation", "envelope.conversation");
    }

    private static byte[] SignedContent(FederationEnvelope envelope, FrameProof proof) =>
        FrameProof.SignedContent(proof.FrameId, proof.Client, proof.CreatedAt, proof.CipherSuite, envelope.EncodedEvent.Span);

    private static SchemaError Refuse(string rule, string reason, string path) => new(rule, reason, path);
}
