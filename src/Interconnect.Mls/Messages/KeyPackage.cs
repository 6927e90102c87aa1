using Interconnect.Mls.Components;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Messages;

/// <summary>
/// A KeyPackage as received: nothing in it is verified (RFC 9420 section 10). <see cref="VerifiedKeyPackage"/> is the checked form.
/// <c>struct { ProtocolVersion version; CipherSuite cipher_suite; HPKEPublicKey init_key; LeafNode leaf_node; Extension extensions&lt;V&gt;; opaque signature&lt;V&gt;; }</c>
/// </summary>
internal sealed class KeyPackage(
    ushort version, ushort suite, ReadOnlyMemory<byte> initKey, LeafNode leaf, IReadOnlyList<Extension> extensions, ReadOnlyMemory<byte> signature)
    : IMlsStructure<KeyPackage>
{
    public ushort Version => version;

    public ushort Suite => suite;

    public ReadOnlyMemory<byte> InitKey => initKey;

    public LeafNode Leaf => leaf;

    public IReadOnlyList<Extension> Extensions => extensions;

    public ReadOnlyMemory<byte> Signature => signature;

    /// <summary>Both signatures were found to hold. Nothing of a KeyPackage ever changes, so they hold for good.</summary>
    public bool SignaturesVerified { get; set; }

    /// <summary>
    /// Its app_data_dictionary has the component last_resort_key_package with empty data, or it has the extension that earlier drafts had for that. A dictionary that
    /// cannot be read marks nothing.
    /// </summary>
    public bool IsLastResort =>
        extensions.Find(ExtensionTypes.LastResortOfEarlierDrafts) is { Data.IsEmpty: true }
        || (AppDataDictionary.Read(extensions).TryGet(out var dictionary, out _) && dictionary.Find(ComponentId.LastResortKeyPackage) is { IsEmpty: true });

    public static KeyPackage Read(ref MlsReader reader)
    {
        reader.Enter("key_package");
        var keyPackage = new KeyPackage(
            reader.U16("version"),
            reader.U16("cipher_suite"),
            reader.Opaque("init_key"),
            LeafNode.Read(ref reader),
            ExtensionTypes.ReadList(ref reader),
            reader.Opaque("signature"));
        reader.Leave();
        return keyPackage;
    }

    public static KeyPackage Sign(SignatureKeyPair key, ReadOnlyMemory<byte> initKey, LeafNode leaf, IReadOnlyList<Extension> extensions)
    {
        var unsigned = new KeyPackage(ProtocolVersion.Mls10, key.Suite.Id, initKey, leaf, extensions, default);
        using var tbs = new MlsWriter();
        unsigned.WriteUnsigned(tbs);
        return new KeyPackage(ProtocolVersion.Mls10, key.Suite.Id, initKey, leaf, extensions, key.SignWithLabel("KeyPackageTBS"u8, tbs.Written));
    }

    public bool VerifySignature(CipherSuite cipherSuite)
    {
        using var tbs = new MlsWriter();
        WriteUnsigned(tbs);
        return leaf.SignaturePublicKey(cipherSuite).VerifyWithLabel("KeyPackageTBS"u8, tbs.Written, signature.Span);
    }

    /// <summary>KeyPackageRef of RFC 9420 section 5.2.</summary>
    public byte[] Reference(CipherSuite cipherSuite)
    {
        using var encoded = new MlsWriter();
        Write(encoded);
        return cipherSuite.RefHash("MLS 1.0 KeyPackage Reference"u8, encoded.Written);
    }

    public void Write(MlsWriter writer)
    {
        WriteUnsigned(writer);
        writer.Opaque(signature);
    }

    private void WriteUnsigned(MlsWriter writer)
    {
        writer.U16(version);
        writer.U16(suite);
        writer.Opaque(initKey);
        leaf.Write(writer);
        Codec.WriteVector(writer, extensions);
    }
}
