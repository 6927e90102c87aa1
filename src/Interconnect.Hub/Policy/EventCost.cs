using Interconnect.Federation;
using Interconnect.Mls.PublicGroups;

namespace Interconnect.Hub;

/// <summary>
/// What judging an event costs, in units of one Ed25519 signature check (about 0.06 ms on the machine it was measured on), before any is made: at least as much as is spent. An event costs
/// 1, 1 more for each 16 KiB that are read, and its signatures by the weight of their scheme. Pure.
/// </summary>
internal static class EventCost
{
    private const int BytesAUnit = 16 * 1024;

    // Two signatures and the keys in it, which were measured at 2.0 to 2.5 signatures.
    private const int Package = 3;

    // A commit's own, its path's leaf and the GroupInfo's.
    private const int Handshake = 3;

    /// <summary>What it costs to take an event in, whatever it is, and to check the frame's signature if it is of a suite that is.</summary>
    public static int OfFrame(FederationEnvelope envelope, bool isChecked) =>
        1 + (envelope.EncodedEvent.Length / BytesAUnit) + (isChecked ? OfSignature(envelope.Proof!.CipherSuite) : 0);

    /// <summary>One signature check, measured: P-256 8, Ed448 10, P-384 38, P-521 42 times Ed25519.</summary>
    public static int OfSignature(ushort suite) => suite switch
    {
        2 => 8,
        4 or 6 => 11,
        5 => 45,
        7 => 40,
        _ => 1,
    };

    /// <summary>Each list has one signature.</summary>
    public static int OfLists(IEnumerable<SignedDeviceList> lists) => lists.Sum(l => OfSignature(l.SignerSuite));

    public static int OfPackages(int count, ushort suite) => Package * count * OfSignature(suite);

    /// <summary>A commit that makes a room has every leaf checked, a later one what its proposals add.</summary>
    public static int OfCommit(PublicHandshake commit, int members, ushort suite) =>
        (Handshake + (Package * commit.ProposalCount) + (commit.Epoch == 0 ? members : 0)) * OfSignature(suite);
}
