using Interconnect.Mls.Crypto;

namespace Interconnect.Mls.Tree;

/// <summary>
/// The chain of path secrets along a filtered direct path (RFC 9420 section 7.4): the key pair of each node, and the commit secret at its end.
/// Disposing erases the secrets, not the keys.
/// </summary>
internal sealed class PathSecrets : IDisposable
{
    private readonly List<(uint Node, Secret<Kind.Path> Secret, IDhPrivateKey Key)> chain = [];

    private PathSecrets(Secret<Kind.Commit> commitSecret) => CommitSecret = commitSecret;

    public Secret<Kind.Commit> CommitSecret { get; }

    public IReadOnlyList<(uint Node, Secret<Kind.Path> Secret, IDhPrivateKey Key)> Chain => chain;

    /// <summary>Derives from the secret of the first node up to the last.</summary>
    public static PathSecrets Derive(CipherSuite suite, ReadOnlySpan<byte> first, IEnumerable<uint> nodes)
    {
        var links = new List<(uint Node, Secret<Kind.Path> Secret, IDhPrivateKey Key)>();
        var secret = first.ToArray();
        foreach (var node in nodes)
        {
            using var nodeSecret = new Secret<Kind.Path>(suite.Kdf.DeriveSecret(secret, "node"u8));
            links.Add((node, new Secret<Kind.Path>(secret), suite.Kem.DeriveKeyPair(nodeSecret.Span)));
            secret = suite.Kdf.DeriveSecret(secret, "path"u8);
        }

        var result = new PathSecrets(new Secret<Kind.Commit>(secret));
        result.chain.AddRange(links);
        return result;
    }

    /// <summary>The secret of the lowest node that covers a leaf; null when none does.</summary>
    public Secret<Kind.Path>? SecretFor(uint leafIndex)
    {
        foreach (var (node, secret, _) in chain)
        {
            if (TreeMath.Covers(node, leafIndex))
            {
                return secret;
            }
        }

        return null;
    }

    public void Dispose()
    {
        foreach (var (_, secret, _) in chain)
        {
            secret.Dispose();
        }

        CommitSecret.Dispose();
    }

    public override string ToString() => "path secrets (redacted)";
}
