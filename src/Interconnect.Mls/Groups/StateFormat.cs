using System.Security.Cryptography;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Groups;

/// <summary>
/// The head of every persisted form: <c>uint16 version; uint8 kind</c>, then the body in the presentation language of RFC 9420. The golden files of the tests
/// freeze it; a change of a kind's body needs a new version of that kind, and old versions stay readable.
/// </summary>
internal static class StateFormat
{
    public const ushort BundleVersion = 1;
    public const ushort GroupVersion = 2;
    public const ushort PublicGroupVersion = 1;
    public const ushort EpochVersion = 1;
    public const ushort RatchetsVersion = 1;
    public const byte KindKeyPackageBundle = 1;
    public const byte KindGroup = 2;
    public const byte KindPublicGroup = 3;
    public const byte KindEpoch = 4;
    public const byte KindRatchets = 5;

    public static MlsWriter Begin(byte kind, ushort version)
    {
        var writer = new MlsWriter(4096);
        writer.U16(version);
        writer.U8(kind);
        return writer;
    }

    /// <param name="newest">The newest readable version; all from 1 on are.</param>
    public static MlsReader Open(ReadOnlyMemory<byte> exported, byte kind, ushort newest, out ushort version)
    {
        var reader = new MlsReader(exported);
        reader.Enter("state");
        version = reader.U16("version");
        if (version < 1 || version > newest || reader.U8("kind") != kind)
        {
            throw reader.Refusal(Rules.StateVersion, "version");
        }

        return reader;
    }

    public static void WritePrivateKey(MlsWriter writer, IDhPrivateKey key)
    {
        var raw = key.Export();
        writer.Opaque(raw);
        CryptographicOperations.ZeroMemory(raw);
    }
}
