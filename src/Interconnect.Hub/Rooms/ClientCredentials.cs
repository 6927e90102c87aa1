using Interconnect.Mls;

namespace Interconnect.Hub;

/// <summary>
/// What a leaf's credential must be in a room: basic, and the name of a client, who keeps it for as long as it is a member. Whether the key is that client's is the key directory's
/// to say, and is asked of every member of the next epoch.
/// </summary>
internal sealed class ClientCredentials : IAuthenticationService
{
    public static ClientCredentials Instance { get; } = new();

    public bool Accepts(MemberCredential credential, ReadOnlyMemory<byte> signatureKey) => Preparation.TryReadClient(credential, out _);

    public bool IsValidSuccessor(MemberCredential current, MemberCredential successor) =>
        Preparation.TryReadClient(current, out var before) && Preparation.TryReadClient(successor, out var after) && before == after;
}
