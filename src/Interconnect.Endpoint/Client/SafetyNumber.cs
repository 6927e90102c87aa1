using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>
/// A short fingerprint of two users' signature keys, the same at both ends when nobody sits between them. 60 digits in 12 groups of 5, to be compared over
/// another way (aloud, on paper).
/// <para>Algorithm, version 1. For each user: h = SHA-512(label ‖ str(user URI) ‖ for each client, ordered by its URI's bytes: str(client URI) ‖ u16 suite ‖
/// str(public signature key)), with label = UTF-8 of "interconnect safety number 1", str(x) = u32 length ‖ bytes, numbers big endian. Then 5,199 times
/// h = SHA-512(h ‖ str(user URI)). Of the final h the first 30 bytes are read as six 40-bit numbers; each modulo 100,000 is one group of five digits.
/// The half of the user whose URI is ordinally smaller comes first. Finding another key with the same half takes about 2^99 times 5,200 hashes.</para>
/// </summary>
public sealed record SafetyNumber
{
    private const int Rounds = 5_200;
    private const int GroupsOfUser = 6;

    private SafetyNumber(string digits) => Digits = digits;

    /// <summary>The 60 digits without spaces.</summary>
    public string Digits { get; }

    /// <summary>The 12 groups.</summary>
    public IReadOnlyList<string> Groups => [.. Enumerable.Range(0, Digits.Length / 5).Select(i => Digits.Substring(i * 5, 5))];

    /// <summary>Twelve groups with spaces between them.</summary>
    public override string ToString() => string.Join(' ', Groups);

    internal static SafetyNumber Compute(UserUri one, IEnumerable<SeenKey> keysOfOne, UserUri other, IEnumerable<SeenKey> keysOfOther)
    {
        var half = Half(one, keysOfOne);
        var otherHalf = Half(other, keysOfOther);
        return new SafetyNumber(string.CompareOrdinal(one.Value, other.Value) <= 0 ? half + otherHalf : otherHalf + half);
    }

    private static string Half(UserUri user, IEnumerable<SeenKey> keys)
    {
        var name = WithLength(Encoding.UTF8.GetBytes(user.Value));
        List<byte> input = [.. "interconnect safety number 1"u8, .. name];
        foreach (var key in keys.OrderBy(key => key.Client.Value, StringComparer.Ordinal))
        {
            input.AddRange(WithLength(Encoding.UTF8.GetBytes(key.Client.Value)));
            input.AddRange([(byte)(key.Suite >> 8), (byte)key.Suite]);
            input.AddRange(WithLength(key.Key.ToArray()));
        }

        var hash = SHA512.HashData([.. input]);
        for (var i = 1; i < Rounds; i++)
            hash = SHA512.HashData([.. hash, .. name]);

        var digits = new StringBuilder();
        for (var i = 0; i < GroupsOfUser; i++)
        {
            var number = ((ulong)hash[i * 5] << 32) | BinaryPrimitives.ReadUInt32BigEndian(hash.AsSpan((i * 5) + 1));
            digits.Append((number % 100_000).ToString("00000", CultureInfo.InvariantCulture));
        }

        return digits.ToString();
    }

    private static byte[] WithLength(byte[] bytes)
    {
        var result = new byte[4 + bytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(result, bytes.Length);
        bytes.CopyTo(result, 4);
        return result;
    }
}
