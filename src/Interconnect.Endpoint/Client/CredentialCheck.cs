using System.Diagnostics.CodeAnalysis;
using System.Text;
using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Endpoint;

/// <summary>
/// Accepts basic credentials that are client URIs in canonical form. Whether a key really is the client's is judged outside MLS, by pinning and safety numbers
/// (<see cref="ContactBook"/>), so that a changed key can be shown to the user instead of failing the group.
/// </summary>
internal sealed class CredentialCheck : IAuthenticationService
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, true);

    private CredentialCheck()
    {
    }

    public static CredentialCheck Instance { get; } = new();

    public bool Accepts(MemberCredential credential, ReadOnlyMemory<byte> signatureKey) => TryGetClient(credential, out _) && !signatureKey.IsEmpty;

    public bool IsValidSuccessor(MemberCredential current, MemberCredential successor) =>
        current.Type == successor.Type && current.Identity.Span.SequenceEqual(successor.Identity.Span);

    public static bool TryGetClient(MemberCredential credential, [NotNullWhen(true)] out ClientUri? client)
    {
        client = null;
        if (credential.Type != MemberCredential.Basic || credential.Identity.Length > MimiUri.MaxLength)
            return false;

        try
        {
            var text = StrictUtf8.GetString(credential.Identity.Span);
            return ClientUri.TryParse(text, out client) && client.Value == text;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
