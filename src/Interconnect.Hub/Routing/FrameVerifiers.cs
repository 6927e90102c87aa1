using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Hub;

/// <summary>
/// Checks the signatures of frames and of device lists. Keeps the parsed ECDSA keys of the clients that signed last, at most <paramref name="capacity"/> in each of two generations: to parse one and use it
/// once takes two to three times as long as to use it; an Edwards key is parsed in no time. Only who signed validly is kept, so what is no key takes no place. Whose key it is, and
/// whether it is registered, is decided later. Thread-safe.
/// </summary>
internal sealed class FrameVerifiers(int capacity)
{
    /// <summary>What a hub keeps; some kilobytes each.</summary>
    public const int Kept = 4_000;

    private readonly Lock gate = new();
    private readonly GenerationalCache<(ushort Suite, string Key), SignatureVerifier> known = new(2L * capacity, static (_, _) => 1);

    private long spent;

    /// <summary>Signature checks of frames, packages, device lists and commits since the start, in units of <see cref="EventCost"/>.</summary>
    public long Spent => Interlocked.Read(ref spent);

    /// <summary>Counts checks that were made elsewhere.</summary>
    public void Note(int checks, ushort suite) => Interlocked.Add(ref spent, (long)checks * EventCost.OfSignature(suite));

    /// <summary>How many keys are kept.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                return known.Count;
            }
        }
    }

    /// <summary>Whether the signature is valid; false for a key that cannot be read, too.</summary>
    public bool Verify(CipherSuite suite, ReadOnlySpan<byte> key, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
    {
        Note(1, suite.Id);
        if (!IsEcdsa(suite))
        {
            return suite.VerifyWithLabel(key, FrameProof.Label, content, signature);
        }

        var name = (suite.Id, Convert.ToHexString(key));
        if (Find(name) is { } verifier)
        {
            return verifier.VerifyWithLabel(FrameProof.Label, content, signature);
        }

        if (!suite.CreateVerifier(key).TryGet(out var parsed, out _) || !parsed.VerifyWithLabel(FrameProof.Label, content, signature))
        {
            return false;
        }

        lock (gate)
        {
            known.Set(name, parsed);
        }

        return true;
    }

    /// <summary>Checks one signature of a device list or an objection.</summary>
    public bool Check(ushort suite, ReadOnlySpan<byte> key, string label, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
    {
        Note(1, suite);
        return KnownLists.Check(suite, key, label, content, signature);
    }

    // RFC 9420 section 17.1: the suites over P-256, P-521 and P-384.
    private static bool IsEcdsa(CipherSuite suite) => suite.Id is 2 or 5 or 7;

    private SignatureVerifier? Find((ushort Suite, string Key) name)
    {
        lock (gate)
        {
            return known.TryGet(name, out var verifier) ? verifier : null;
        }
    }
}
