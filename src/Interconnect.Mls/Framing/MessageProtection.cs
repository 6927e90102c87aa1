using System.Security.Cryptography;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Schedule;

namespace Interconnect.Mls.Framing;

/// <summary>Encrypting content into a PrivateMessage and back (RFC 9420 section 6.3).</summary>
internal static class MessageProtection
{
    private const int ReuseGuardSize = 4;

    /// <summary>Encrypts signed content under the sender's next key, into an MLSMessage.</summary>
    public static (byte[] Message, SecretTree Next, uint Generation) Protect(
        CipherSuite suite, AuthenticatedContent signed, SecretTree tree, Secret<Kind.SenderData> senderDataSecret, int paddingBlock,
        IMlsRandom random, ConsumedSecrets consumed)
    {
        var content = signed.Content;
        var leaf = ((Sender.Member)content.Sender).LeafIndex;
        var (next, key, generation) = tree.NextKey(suite, leaf, KindOf(content.Content.Type), consumed);
        Span<byte> guard = stackalloc byte[ReuseGuardSize];
        random.Fill(guard);

        using var plaintext = new MlsWriter(content.Content is Content.Application { Data.Length: var length } ? length + 256 : 512);
        content.Content.Write(plaintext);
        signed.Auth.Write(plaintext, content.Content.Type);
        Pad(plaintext, paddingBlock);
        Span<byte> nonce = stackalloc byte[AeadAlgorithm.NonceSize];
        GuardedNonce(key, guard, nonce);
        using var aad = new MlsWriter();
        WriteContentAad(aad, content.GroupId, content.Epoch, content.Content.Type, content.AuthenticatedData);
        using var ciphertext = new MlsWriter(plaintext.Length + AeadAlgorithm.TagSize);
        suite.Aead.Seal(key.Key, nonce, aad.Written, plaintext.Written, ciphertext.Reserve(plaintext.Length + AeadAlgorithm.TagSize));
        consumed.Add(key.Key);
        consumed.Add(key.Nonce);

        var senderData = SealSenderData(suite, senderDataSecret, content, ciphertext.Written, leaf, generation, guard);
        var message = new PrivateMessage(
            content.GroupId, content.Epoch, content.Content.Type, content.AuthenticatedData, senderData, ciphertext.WrittenMemory);
        return (Codec.Encode<MlsMessage>(new MlsMessage.OfPrivateMessage(message), ciphertext.Length + 512), next, generation);
    }

    /// <summary>Opens the sender data (MLS-306).</summary>
    public static SenderData OpenSenderData(CipherSuite suite, PrivateMessage message, Secret<Kind.SenderData> senderDataSecret)
    {
        Span<byte> key = stackalloc byte[suite.Aead.KeySize];
        Span<byte> nonce = stackalloc byte[AeadAlgorithm.NonceSize];
        DeriveSenderDataKey(suite, senderDataSecret, message.Ciphertext.Span, key, nonce);
        using var aad = new MlsWriter();
        WriteSenderDataAad(aad, message.GroupId, message.Epoch, message.ContentType);
        var opened = suite.Aead.TryOpen(key, nonce, aad.Written, message.EncryptedSenderData.Span);
        CryptographicOperations.ZeroMemory(key);
        Rules.SenderDataOpens.Require(opened is not null);
        return Codec.Decode<SenderData>(opened);
    }

    /// <summary>Opens the content under its key (MLS-307); whether the signature holds is the caller's to check.</summary>
    public static AuthenticatedContent OpenContent(CipherSuite suite, PrivateMessage message, SenderData sender, MessageKey key)
    {
        Span<byte> nonce = stackalloc byte[AeadAlgorithm.NonceSize];
        GuardedNonce(key, sender.ReuseGuard.Span, nonce);
        using var aad = new MlsWriter();
        WriteContentAad(aad, message.GroupId, message.Epoch, message.ContentType, message.AuthenticatedData);
        var plaintext = suite.Aead.TryOpen(key.Key, nonce, aad.Written, message.Ciphertext.Span);
        Rules.ContentOpens.Require(plaintext is not null);

        var reader = new MlsReader(plaintext);
        reader.Enter("private_message_content");
        var content = Content.Read(ref reader, message.ContentType);
        var auth = ContentAuth.Read(ref reader, message.ContentType);
        Rules.PaddingZero.Require(!reader.Rest().Span.ContainsAnyExcept((byte)0));
        var framed = new FramedContent(message.GroupId, message.Epoch, new Sender.Member(sender.LeafIndex), message.AuthenticatedData, content);
        return new AuthenticatedContent(WireFormat.PrivateMessage, framed, auth);
    }

    public static RatchetKind KindOf(ContentType type) => type == ContentType.Application ? RatchetKind.Application : RatchetKind.Handshake;

    /// <summary>sender_data_key and sender_data_nonce from a sample of the ciphertext (RFC 9420 section 6.3.2).</summary>
    public static void DeriveSenderDataKey(
        CipherSuite suite, Secret<Kind.SenderData> secret, ReadOnlySpan<byte> ciphertext, Span<byte> key, Span<byte> nonce)
    {
        var sample = ciphertext[..Math.Min(ciphertext.Length, suite.Hash.Size)];
        suite.Kdf.ExpandWithLabel(secret.Span, "key"u8, sample, key);
        suite.Kdf.ExpandWithLabel(secret.Span, "nonce"u8, sample, nonce);
    }

    private static byte[] SealSenderData(
        CipherSuite suite, Secret<Kind.SenderData> secret, FramedContent content, ReadOnlySpan<byte> ciphertext, uint leaf, uint generation, ReadOnlySpan<byte> guard)
    {
        Span<byte> key = stackalloc byte[suite.Aead.KeySize];
        Span<byte> nonce = stackalloc byte[AeadAlgorithm.NonceSize];
        DeriveSenderDataKey(suite, secret, ciphertext, key, nonce);
        using var plaintext = new MlsWriter(32);
        plaintext.U32(leaf);
        plaintext.U32(generation);
        plaintext.Raw(guard);
        using var aad = new MlsWriter();
        WriteSenderDataAad(aad, content.GroupId, content.Epoch, content.Content.Type);
        var result = suite.Aead.Seal(key, nonce, aad.Written, plaintext.Written);
        CryptographicOperations.ZeroMemory(key);
        return result;
    }

    private static void Pad(MlsWriter plaintext, int block)
    {
        if (block > 1)
        {
            Span<byte> zeros = stackalloc byte[64];
            zeros.Clear();
            for (var missing = (block - (plaintext.Length % block)) % block; missing > 0;)
            {
                var now = Math.Min(missing, zeros.Length);
                plaintext.Raw(zeros[..now]);
                missing -= now;
            }
        }
    }

    private static void GuardedNonce(MessageKey key, ReadOnlySpan<byte> guard, Span<byte> nonce)
    {
        key.Nonce.CopyTo(nonce);
        for (var i = 0; i < ReuseGuardSize; i++)
        {
            nonce[i] ^= guard[i];
        }
    }

    private static void WriteContentAad(
        MlsWriter writer, ReadOnlyMemory<byte> groupId, ulong epoch, ContentType type, ReadOnlyMemory<byte> authenticatedData)
    {
        WriteSenderDataAad(writer, groupId, epoch, type);
        writer.Opaque(authenticatedData);
    }

    private static void WriteSenderDataAad(MlsWriter writer, ReadOnlyMemory<byte> groupId, ulong epoch, ContentType type)
    {
        writer.Opaque(groupId);
        writer.U64(epoch);
        writer.U8((byte)type);
    }
}

/// <summary>struct { uint32 leaf_index; uint32 generation; opaque reuse_guard[4]; } SenderData (RFC 9420 section 6.3.2)</summary>
internal sealed record SenderData(uint LeafIndex, uint Generation, ReadOnlyMemory<byte> ReuseGuard) : IMlsStructure<SenderData>
{
    public static SenderData Read(ref MlsReader reader)
    {
        reader.Enter("sender_data");
        var data = new SenderData(reader.U32("leaf_index"), reader.U32("generation"), reader.Fixed(4, "reuse_guard"));
        reader.Leave();
        return data;
    }

    public void Write(MlsWriter writer)
    {
        writer.U32(LeafIndex);
        writer.U32(Generation);
        writer.Raw(ReuseGuard.Span);
    }
}
