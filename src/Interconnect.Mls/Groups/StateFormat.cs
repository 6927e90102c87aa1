using System.Security.Cryptography;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Groups;

/// <summary>
/// The head of every persisted form: <c>uint16 version; uint8 kind</c>, then the body in the presentation language of RFC 9420. The golden files of the tests
/// freeze it; a change of the body needs a new version, and old versions stay readable.
/// </summary>
internal static class StateFormat
{
    public const ushort Version = 1;
    public const byte KindKeyPackageBundle = 1;
    public const byte KindGroup = 2;

    public static MlsWriter Begin(byte kind)
    {
        var writer = new MlsWriter(4096);
        writer.U16(Version);
        writer.U8(kind);
        return writer;
    }

    public static MlsReader Open(ReadOnlyMemory<byte> exported, byte kind)
    {
        var reader = new MlsReader(exported);
        reader.Enter("state");
        if (reader.U16("version") != Version || reader.U8("kind") != kind)
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
