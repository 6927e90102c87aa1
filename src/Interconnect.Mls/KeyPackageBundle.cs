using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Groups;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls;

/// <summary>A KeyPackage of this client with its two private keys. Single use, unless it is one of last resort: dispose it once a Welcome to it was joined.</summary>
public sealed class KeyPackageBundle : IDisposable
{
    private readonly KeyPackage keyPackage;
    private readonly byte[] encoded;

    internal KeyPackageBundle(CipherSuite suite, KeyPackage keyPackage, IDhPrivateKey initKey, IDhPrivateKey leafKey)
    {
        Suite = suite;
        this.keyPackage = keyPackage;
        InitKey = initKey;
        LeafKey = leafKey;
        encoded = Codec.Encode<MlsMessage>(new MlsMessage.OfKeyPackage(keyPackage));
        Reference = keyPackage.Reference(suite);
    }

    /// <summary>The suite it is for.</summary>
    public CipherSuite Suite { get; }

    /// <summary>MLSMessage (wire format mls_key_package) to publish.</summary>
    public ReadOnlyMemory<byte> KeyPackage => encoded;

    /// <summary>KeyPackageRef (RFC 9420 section 5.2), what a Welcome names.</summary>
    public ReadOnlyMemory<byte> Reference { get; }

    /// <summary>The end of its lifetime.</summary>
    public DateTimeOffset NotAfter => UnixTime.ToDate(((LeafNodeSource.KeyPackage)keyPackage.Leaf.Source).NotAfter);

    /// <summary>It may be used more than once (draft-ietf-mls-extensions-10 section 6.4): keep it until it expires or is replaced.</summary>
    public bool IsLastResort => keyPackage.IsLastResort;

    internal IDhPrivateKey InitKey { get; }

    internal IDhPrivateKey LeafKey { get; }

    internal LeafNode Leaf => keyPackage.Leaf;

    internal KeyPackage Unverified => keyPackage;

    /// <summary>Reads what <see cref="Export"/> wrote. Refuses another version (MLS-801) or keys that do not belong together (MLS-802).</summary>
    public static MlsResult<KeyPackageBundle> Import(ReadOnlyMemory<byte> exported) => MlsRefusal.Catch(() =>
    {
        var reader = StateFormat.Open(exported, StateFormat.KindKeyPackageBundle, StateFormat.BundleVersion, out _);
        var keyPackage = Codec.ReadDetached<KeyPackage>(ref reader);
        Rules.StateConsistent.Require(CipherSuite.TryGet(keyPackage.Suite, out var suite));
        var bundle = new KeyPackageBundle(
            suite!,
            keyPackage,
            suite!.Kem.Group.ImportPrivate(reader.Opaque("init_private_key").Span),
            suite.Kem.Group.ImportPrivate(reader.Opaque("leaf_private_key").Span));
        reader.End();
        bundle.RequireMatchingKeys(Rules.StateConsistent);
        return bundle;
    });

    /// <summary>The versioned persisted form, private keys included: store it encrypted.</summary>
    public byte[] Export()
    {
        using var writer = StateFormat.Begin(StateFormat.KindKeyPackageBundle, StateFormat.BundleVersion);
        keyPackage.Write(writer);
        StateFormat.WritePrivateKey(writer, InitKey);
        StateFormat.WritePrivateKey(writer, LeafKey);
        return writer.ToArray();
    }

    /// <summary>Erases the private keys.</summary>
    public void Dispose()
    {
        InitKey.Dispose();
        LeafKey.Dispose();
    }

    /// <summary>Redacted.</summary>
    public override string ToString() => "KeyPackage bundle (redacted)";

    internal void RequireMatchingKeys(Rule rule) => rule.Require(
        keyPackage.InitKey.Span.SequenceEqual(InitKey.PublicKey.Span)
        && keyPackage.Leaf.EncryptionKey.Span.SequenceEqual(LeafKey.PublicKey.Span));
}
