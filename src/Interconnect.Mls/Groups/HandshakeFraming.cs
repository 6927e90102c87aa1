using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;

namespace Interconnect.Mls.Groups;

/// <summary>Wraps signed handshake content as the client's options say.</summary>
internal static class HandshakeFraming
{
    /// <returns>The MLSMessage, and the state with the handshake ratchet advanced when it was encrypted.</returns>
    public static (byte[] Message, GroupState State) Frame(MlsClient client, GroupState state, AuthenticatedContent signed, ConsumedSecrets consumed)
    {
        if (signed.WireFormat == WireFormat.PublicMessage)
        {
            var tag = signed.MembershipTag(state.Suite, state.Secrets.Membership, state.EncodedContext);
            var message = new PublicMessage(signed.Content, signed.Auth, tag);
            return (Codec.Encode<MlsMessage>(new MlsMessage.OfPublicMessage(message)), state);
        }

        var (encrypted, tree, _) = MessageProtection.Protect(
            state.Suite, signed, state.SecretTree, state.Secrets.SenderData, client.Options.PaddingBlock, client.Random, consumed);
        return (encrypted, state with { SecretTree = tree });
    }
}
