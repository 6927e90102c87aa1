using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;

namespace Interconnect.Mls.Schedule;

/// <summary>The secrets of one epoch (RFC 9420 section 8), each with its own type.</summary>
internal sealed record EpochSecrets(
    Secret<Kind.Init> Init,
    Secret<Kind.SenderData> SenderData,
    Secret<Kind.Encryption> Encryption,
    Secret<Kind.Exporter> Exporter,
    Secret<Kind.External> External,
    Secret<Kind.Confirmation> Confirmation,
    Secret<Kind.Membership> Membership,
    Secret<Kind.Resumption> Resumption,
    byte[] Authenticator)
{
    /// <summary>The root of the exporter tree (draft-ietf-mls-extensions-10 section 4.4); empty once the tree has taken it over.</summary>
    public Secret<Kind.ApplicationExport> ApplicationExport { get; init; } = new([]);

    /// <summary>joiner_secret from the previous epoch's init_secret and the commit_secret.</summary>
    public static Secret<Kind.Joiner> Joiner(
        CipherSuite suite, Secret<Kind.Init> init, ReadOnlySpan<byte> commitSecret, ReadOnlySpan<byte> context)
    {
        using var extracted = new Secret<Kind.Joiner>(suite.Kdf.Extract(init.Span, commitSecret));
        return new Secret<Kind.Joiner>(suite.Kdf.ExpandWithLabel(extracted.Span, "joiner"u8, context, suite.Hash.Size));
    }

    public static Secret<Kind.Intermediate> Intermediate(CipherSuite suite, Secret<Kind.Joiner> joiner, Secret<Kind.Psk> psk) =>
        new(suite.Kdf.Extract(joiner.Span, psk.Span));

    public static Secret<Kind.Welcome> Welcome(CipherSuite suite, Secret<Kind.Intermediate> intermediate) =>
        new(suite.Kdf.DeriveSecret(intermediate.Span, "welcome"u8));

    public static EpochSecrets FromJoiner(CipherSuite suite, Secret<Kind.Joiner> joiner, Secret<Kind.Psk> psk, ReadOnlySpan<byte> context)
    {
        using var intermediate = Intermediate(suite, joiner, psk);
        using var epoch = new Secret<Kind.Epoch>(suite.Kdf.ExpandWithLabel(intermediate.Span, "epoch"u8, context, suite.Hash.Size));
        return FromEpochSecret(suite, epoch);
    }

    public static EpochSecrets FromEpochSecret(CipherSuite suite, Secret<Kind.Epoch> epoch) => new(
        new Secret<Kind.Init>(suite.Kdf.DeriveSecret(epoch.Span, "init"u8)),
        new Secret<Kind.SenderData>(suite.Kdf.DeriveSecret(epoch.Span, "sender data"u8)),
        new Secret<Kind.Encryption>(suite.Kdf.DeriveSecret(epoch.Span, "encryption"u8)),
        new Secret<Kind.Exporter>(suite.Kdf.DeriveSecret(epoch.Span, "exporter"u8)),
        new Secret<Kind.External>(suite.Kdf.DeriveSecret(epoch.Span, "external"u8)),
        new Secret<Kind.Confirmation>(suite.Kdf.DeriveSecret(epoch.Span, "confirm"u8)),
        new Secret<Kind.Membership>(suite.Kdf.DeriveSecret(epoch.Span, "membership"u8)),
        new Secret<Kind.Resumption>(suite.Kdf.DeriveSecret(epoch.Span, "resumption"u8)),
        suite.Kdf.DeriveSecret(epoch.Span, "authentication"u8))
    {
        ApplicationExport = new Secret<Kind.ApplicationExport>(suite.Kdf.DeriveSecret(epoch.Span, "application_export"u8)),
    };

    /// <summary>The key pair behind external_pub (RFC 9420 section 8.3).</summary>
    public IDhPrivateKey ExternalKeyPair(CipherSuite suite) => suite.Kem.DeriveKeyPair(External.Span);

    /// <summary>MLS-Exporter (RFC 9420 section 8.5).</summary>
    public byte[] Export(CipherSuite suite, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, int length)
    {
        using var derived = new Secret<Kind.Exporter>(suite.Kdf.DeriveSecret(Exporter.Span, label));
        return suite.Kdf.ExpandWithLabel(derived.Span, "exported"u8, suite.Hash.Hash(context), length);
    }

    public byte[] ConfirmationTag(CipherSuite suite, ReadOnlySpan<byte> confirmedTranscriptHash) =>
        suite.Hash.Mac(Confirmation.Span, confirmedTranscriptHash);

    /// <summary>Everything but what outlives the epoch: sender data, resumption, and the encryption secret, which the secret tree owns.</summary>
    public IEnumerable<byte[]> SecretsOfTheEpoch() =>
        [Init.Owned, Exporter.Owned, External.Owned, Confirmation.Owned, Membership.Owned, Authenticator];

    /// <summary>All of them, to discard an epoch that never came into force.</summary>
    public IEnumerable<byte[]> AllSecrets() => SecretsOfTheEpoch().Concat([Encryption.Owned, SenderData.Owned, Resumption.Owned, ApplicationExport.Owned]);

    public override string ToString() => "epoch secrets (redacted)";
}
