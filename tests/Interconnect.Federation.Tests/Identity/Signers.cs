using System.Security.Cryptography;
using System.Text;

namespace Interconnect.Federation.Tests.Identity;

/// <summary>Deterministic stand-ins for signature keys: the hash of key, label and content. What a signature covers can be tested with it, that it cannot be forged cannot.</summary>
internal static class Signers
{
    public static byte[] Key(byte first) => [.. Enumerable.Range(0, 32).Select(i => (byte)(first + i))];

    public static Func<string, byte[], byte[]> With(byte[] key) => (label, content) => SHA256.HashData([.. key, .. Encoding.UTF8.GetBytes(label), .. content]);

    public static bool Check(ushort suite, ReadOnlySpan<byte> key, string label, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature) =>
        suite is 1 or 2 && signature.SequenceEqual(With(key.ToArray())(label, content.ToArray()));
}
