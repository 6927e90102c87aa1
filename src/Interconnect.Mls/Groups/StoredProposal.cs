using Interconnect.Mls.Crypto;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;

namespace Interconnect.Mls.Groups;

/// <summary>A proposal received or made in this epoch and not committed yet. Holds no secret: the key behind an own Update is an <see cref="OwnUpdate"/>.</summary>
internal sealed record StoredProposal(byte[] Reference, Proposal Proposal, Sender Sender)
{
    /// <summary>Null when no proposal has this reference.</summary>
    public static StoredProposal? Find(IReadOnlyList<StoredProposal> stored, ReadOnlySpan<byte> reference)
    {
        for (var i = 0; i < stored.Count; i++)
        {
            if (stored[i].Reference.AsSpan().SequenceEqual(reference))
            {
                return stored[i];
            }
        }

        return null;
    }

    public override string ToString() => $"stored proposal of type {Proposal.Type}";
}

/// <summary>The private key behind a stored Update of this client.</summary>
/// <param name="Reference">The stored proposal's reference.</param>
internal sealed record OwnUpdate(byte[] Reference, IDhPrivateKey LeafKey)
{
    /// <summary>Who goes on when this Update, with a new signature key, is committed. Not persisted: its private key is not ours to keep.</summary>
    public MlsClient? Successor { get; init; }

    public override string ToString() => "own update (redacted)";
}
