using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Tree;

/// <summary>
/// LeafNode of RFC 9420 section 7.2. Immutable. Its two public keys are parsed when first used and stay parsed; a leaf that was read keeps its bytes, of which its
/// fields are parts, so that hashing and encoding a tree copies them.
/// <c>struct { HPKEPublicKey encryption_key; SignaturePublicKey signature_key; Credential credential; Capabilities capabilities; LeafNodeSource leaf_node_source;
/// select (...); Extension extensions&lt;V&gt;; opaque signature&lt;V&gt;; }</c>
/// </summary>
internal sealed class LeafNode(
    ReadOnlyMemory<byte> encryptionKey,
    ReadOnlyMemory<byte> signatureKey,
    MemberCredential credential,
    Capabilities capabilities,
    LeafNodeSource source,
    IReadOnlyList<Extension> extensions,
    ReadOnlyMemory<byte> signature) : IMlsStructure<LeafNode>
{
    private ReadOnlyMemory<byte> encoded;
    private HpkePublicKey? parsedEncryptionKey;
    private SignaturePublicKey? parsedSignatureKey;

    public ReadOnlyMemory<byte> EncryptionKey => encryptionKey;

    public ReadOnlyMemory<byte> SignatureKey => signatureKey;

    public MemberCredential Credential => credential;

    public Capabilities Capabilities => capabilities;

    public LeafNodeSource Source => source;

    public IReadOnlyList<Extension> Extensions => extensions;

    public ReadOnlyMemory<byte> Signature => signature;

    public static LeafNode Read(ref MlsReader reader)
    {
        var start = reader.Position;
        reader.Enter("leaf_node");
        var leaf = new LeafNode(
            reader.Opaque("encryption_key"),
            reader.Opaque("signature_key"),
            CredentialCodec.Read(ref reader),
            Capabilities.Read(ref reader),
            LeafNodeSource.Read(ref reader),
            ExtensionTypes.ReadList(ref reader),
            reader.Opaque("signature"));
        leaf.encoded = reader.Since(start);
        reader.Leave();
        return leaf;
    }

    /// <summary>Makes and signs a leaf. The place is null for a KeyPackage, whose leaf is in no group yet.</summary>
    public static LeafNode Sign(
        SignatureKeyPair key, ReadOnlyMemory<byte> encryptionKey, MemberCredential credential, Capabilities capabilities,
        LeafNodeSource source, IReadOnlyList<Extension> extensions, LeafPlace? place)
    {
        var unsigned = new LeafNode(encryptionKey, key.PublicKey, credential, capabilities, source, extensions, default);
        using var tbs = new MlsWriter();
        unsigned.WriteTbs(tbs, place);
        var signed = key.SignWithLabel("LeafNodeTBS"u8, tbs.Written);
        return new LeafNode(encryptionKey, key.PublicKey, credential, capabilities, source, extensions, signed);
    }

    /// <summary>The same leaf in bytes of its own: a leaf that goes into a tree must not keep the message it came in alive, which may be a thousand times as long.</summary>
    public LeafNode Detached() => Codec.Decode<LeafNode>(Codec.Encode(this));

    public void Write(MlsWriter writer)
    {
        WriteUnsigned(writer);
        writer.Opaque(signature);
    }

    public HpkePublicKey EncryptionPublicKey(CipherSuite suite) => parsedEncryptionKey ??= new HpkePublicKey(suite.Kem, encryptionKey);

    public SignaturePublicKey SignaturePublicKey(CipherSuite suite) => parsedSignatureKey ??= new SignaturePublicKey(suite, signatureKey);

    /// <summary>Verifies the signature; a place is used only when the source is update or commit, as the RFC's TBS says.</summary>
    public bool VerifySignature(CipherSuite suite, LeafPlace? place)
    {
        using var tbs = new MlsWriter();
        WriteTbs(tbs, place);
        return SignaturePublicKey(suite).VerifyWithLabel("LeafNodeTBS"u8, tbs.Written, signature.Span);
    }

    private void WriteUnsigned(MlsWriter writer)
    {
        if (!encoded.IsEmpty)
        {
            writer.Raw(encoded.Span[..^(MlsWriter.LengthSize(signature.Length) + signature.Length)]);
            return;
        }

        writer.Opaque(encryptionKey);
        writer.Opaque(signatureKey);
        CredentialCodec.Write(writer, credential);
        capabilities.Write(writer);
        source.Write(writer);
        Codec.WriteVector(writer, extensions);
    }

    private void WriteTbs(MlsWriter writer, LeafPlace? place)
    {
        WriteUnsigned(writer);
        if (source is not LeafNodeSource.KeyPackage)
        {
            Rules.LeafSourceContext.Require(place is not null);
            writer.Opaque(place!.GroupId);
            writer.U32(place.LeafIndex);
        }
    }
}

/// <summary>Where a leaf is: what its signature covers besides itself once it is in a group.</summary>
internal sealed record LeafPlace(ReadOnlyMemory<byte> GroupId, uint LeafIndex);
