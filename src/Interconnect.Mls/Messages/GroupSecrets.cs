using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Messages;

/// <summary>
/// GroupSecrets of RFC 9420 section 12.4.3.1. Its slices point into the decrypted buffer, which the holder erases.
/// <c>struct { opaque joiner_secret&lt;V&gt;; optional&lt;PathSecret&gt; path_secret; PreSharedKeyID psks&lt;V&gt;; }</c>
/// </summary>
internal sealed record GroupSecrets(ReadOnlyMemory<byte> JoinerSecret, ReadOnlyMemory<byte>? PathSecret, IReadOnlyList<PreSharedKeyId> Psks)
    : IMlsStructure<GroupSecrets>
{
    public static GroupSecrets Read(ref MlsReader reader)
    {
        reader.Enter("group_secrets");
        var secrets = new GroupSecrets(
            reader.Opaque("joiner_secret"),
            reader.Optional("path_secret") ? reader.Opaque("path_secret") : default(ReadOnlyMemory<byte>?),
            Codec.ReadVector<PreSharedKeyId>(ref reader, "psks"));
        reader.Leave();
        return secrets;
    }

    public void Write(MlsWriter writer)
    {
        writer.Opaque(JoinerSecret);
        writer.Optional(PathSecret is not null);
        if (PathSecret is { } secret)
        {
            writer.Opaque(secret);
        }

        Codec.WriteVector(writer, Psks);
    }

    public override string ToString() => "group secrets (redacted)";
}
