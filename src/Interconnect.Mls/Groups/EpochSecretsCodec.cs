using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Schedule;

namespace Interconnect.Mls.Groups;

/// <summary>The persisted form of an epoch's secrets. The encryption secret is not among them: the secret tree holds what is left of it.</summary>
internal static class EpochSecretsCodec
{
    public static void Write(MlsWriter writer, EpochSecrets secrets)
    {
        writer.Opaque(secrets.Init.Span);
        writer.Opaque(secrets.SenderData.Span);
        writer.Opaque(secrets.Exporter.Span);
        writer.Opaque(secrets.External.Span);
        writer.Opaque(secrets.Confirmation.Span);
        writer.Opaque(secrets.Membership.Span);
        writer.Opaque(secrets.Resumption.Span);
        writer.Opaque(secrets.Authenticator);
    }

    public static EpochSecrets Read(ref MlsReader reader)
    {
        reader.Enter("epoch_secrets");
        var secrets = new EpochSecrets(
            Init: Secret<Kind.Init>.CopyOf(reader.Opaque("init").Span),
            SenderData: Secret<Kind.SenderData>.CopyOf(reader.Opaque("sender_data").Span),
            Encryption: new Secret<Kind.Encryption>([]),
            Exporter: Secret<Kind.Exporter>.CopyOf(reader.Opaque("exporter").Span),
            External: Secret<Kind.External>.CopyOf(reader.Opaque("external").Span),
            Confirmation: Secret<Kind.Confirmation>.CopyOf(reader.Opaque("confirmation").Span),
            Membership: Secret<Kind.Membership>.CopyOf(reader.Opaque("membership").Span),
            Resumption: Secret<Kind.Resumption>.CopyOf(reader.Opaque("resumption").Span),
            Authenticator: reader.Opaque("authenticator").ToArray());
        reader.Leave();
        return secrets;
    }
}
