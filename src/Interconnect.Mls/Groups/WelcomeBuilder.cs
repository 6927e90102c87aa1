using System.Security.Cryptography;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Schedule;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>Makes the Welcome of a commit (RFC 9420 section 12.4.3.1).</summary>
internal static class WelcomeBuilder
{
    public static byte[] Build(
        MlsClient client, CipherSuite suite, AppliedProposals applied, PathSecrets? path, NewEpoch epoch, Secret<Kind.Psk> psk, ReadOnlySpan<byte> groupInfo)
    {
        using var intermediate = EpochSecrets.Intermediate(suite, epoch.Joiner, psk);
        using var welcomeSecret = EpochSecrets.Welcome(suite, intermediate);
        var (key, nonce) = WelcomeKey.Derive(suite, welcomeSecret);
        using var encryptedInfo = new MlsWriter(groupInfo.Length + AeadAlgorithm.TagSize);
        suite.Aead.Seal(key.Span, nonce, default, groupInfo, encryptedInfo.Reserve(groupInfo.Length + AeadAlgorithm.TagSize));
        key.Dispose();

        var scheduleContext = suite.EncryptContext(WelcomeKey.Label, encryptedInfo.Written);
        var size = suite.Kem.Group.PrivateKeySize;
        var ephemeral = new byte[applied.Added.Count * size];
        client.Random.Fill(ephemeral);
        var secrets = new EncryptedGroupSecrets[applied.Added.Count];
        Work.ForEach(secrets.Length, at =>
        {
            var (leaf, keyPackage) = applied.Added[at];
            using var plaintext = new MlsWriter();
            new GroupSecrets(epoch.Joiner.Owned, path?.SecretFor(leaf) is { } secret ? secret.Owned : default(ReadOnlyMemory<byte>?), applied.Psks).Write(plaintext);
            using var key = suite.Kem.FromRandom(ephemeral.AsSpan(at * size, size));
            var sealedSecrets = suite.Hpke.Seal(scheduleContext, new HpkePublicKey(suite.Kem, keyPackage.InitKey), plaintext.Written, key);
            secrets[at] = new EncryptedGroupSecrets(keyPackage.Reference(suite), sealedSecrets);
        });
        CryptographicOperations.ZeroMemory(ephemeral);

        return Codec.Encode<MlsMessage>(new MlsMessage.OfWelcome(new Welcome(suite.Id, secrets, encryptedInfo.WrittenMemory)), encryptedInfo.Length + 4096);
    }
}

/// <summary>welcome_key and welcome_nonce (RFC 9420 section 12.4.3.1).</summary>
internal static class WelcomeKey
{
    public static ReadOnlySpan<byte> Label => "Welcome"u8;

    public static (Secret<Kind.Welcome> Key, byte[] Nonce) Derive(CipherSuite suite, Secret<Kind.Welcome> secret) => (
        new Secret<Kind.Welcome>(suite.Kdf.ExpandWithLabel(secret.Span, "key"u8, default, suite.Aead.KeySize)),
        suite.Kdf.ExpandWithLabel(secret.Span, "nonce"u8, default, AeadAlgorithm.NonceSize));
}
