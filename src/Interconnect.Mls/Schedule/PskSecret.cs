using System.Security.Cryptography;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;

namespace Interconnect.Mls.Schedule;

/// <summary>psk_secret (RFC 9420 section 8.4).</summary>
internal static class PskSecret
{
    public static Secret<Kind.Psk> None(CipherSuite suite) => new(new byte[suite.Hash.Size]);

    public static Secret<Kind.Psk> Of(CipherSuite suite, IReadOnlyList<(PreSharedKeyId Id, byte[] Psk)> psks)
    {
        var secret = new byte[suite.Hash.Size];
        Span<byte> zero = stackalloc byte[suite.Hash.Size];
        zero.Clear();
        for (var i = 0; i < psks.Count; i++)
        {
            using var label = new MlsWriter();
            psks[i].Id.Write(label);
            label.U16((ushort)i);
            label.U16(checked((ushort)psks.Count));
            var extracted = suite.Kdf.Extract(zero, psks[i].Psk);
            var input = suite.Kdf.ExpandWithLabel(extracted, "derived psk"u8, label.Written, suite.Hash.Size);
            var next = suite.Kdf.Extract(input, secret);
            CryptographicOperations.ZeroMemory(extracted);
            CryptographicOperations.ZeroMemory(input);
            CryptographicOperations.ZeroMemory(secret);
            secret = next;
        }

        return new Secret<Kind.Psk>(secret);
    }
}
