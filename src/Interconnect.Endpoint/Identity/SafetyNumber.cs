using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>
/// A short fingerprint of two users' keys, the same at both ends when nobody sits between them. 60 digits in 12 groups of 5, to be compared over another way
/// (aloud, on paper).
/// <para>Algorithm, version 2, over identity keys, so that a new device changes nothing (version 1 was over device keys). For each user: h = SHA-512(label ‖ str(user URI) ‖
/// str(identity key)), with label = UTF-8 of "interconnect safety number 2", an Ed25519 public key of 32 bytes, str(x) = u32 length ‖ bytes, numbers big endian. Then 5,199 times
/// h = SHA-512(h ‖ str(user URI)). Of the final h the first 30 bytes are read as six 40-bit numbers; each modulo 100,000 is one group of five digits.
/// The half of the user whose URI is ordinally smaller comes first. Finding another key with the same half takes about 2^99 times 5,200 hashes.</para>
/// </summary>
public sealed record SafetyNumber
{
    private const int Rounds = 5_200;
    private const int GroupsOfUser = 6;
    private const int DigitsOfGroup = 5;

    /// <summary>Digits of a number.</summary>
    public const int Length = 2 * GroupsOfUser * DigitsOfGroup;

    /// <summary>Bytes of an identity key.</summary>
    public const int IdentityKeySize = 32;

    /// <summary>Most characters of a text that is read as a number.</summary>
    public const int MaxTextLength = 512;

    private SafetyNumber(string digits) => Digits = digits;

    /// <summary>The 60 digits without spaces.</summary>
    public string Digits { get; }

    /// <summary>The 12 groups.</summary>
    public IReadOnlyList<string> Groups => [.. Enumerable.Range(0, Digits.Length / DigitsOfGroup).Select(i => Digits.Substring(i * DigitsOfGroup, DigitsOfGroup))];

    /// <summary>Twelve groups with spaces between them.</summary>
    public override string ToString() => string.Join(' ', Groups);

    /// <summary>Version 2: the number of two users and their identity keys; the same whichever comes first.</summary>
    /// <exception cref="ArgumentException">An identity key does not have 32 bytes.</exception>
    public static SafetyNumber Compute(UserUri one, ReadOnlySpan<byte> identityOfOne, UserUri other, ReadOnlySpan<byte> identityOfOther) =>
        Join(one, Half(one, identityOfOne), other, Half(other, identityOfOther));

    /// <summary>Reads a number as people type it: 60 digits with any white space between them.</summary>
    /// <param name="text">What was typed.</param>
    /// <param name="number">The number, not yet compared with anything.</param>
    /// <param name="error">What is wrong with the text, in plain words; the text is not repeated.</param>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out SafetyNumber? number, [NotNullWhen(false)] out string? error)
    {
        number = null;
        Span<char> digits = stackalloc char[Length];
        var count = 0;
        var stranger = -1;
        for (var i = 0; i < text.Length && i < MaxTextLength && stranger < 0; i++)
        {
            if (char.IsAsciiDigit(text[i]))
            {
                if (count < Length)
                    digits[count] = text[i];

                count++;
            }
            else if (!char.IsWhiteSpace(text[i]))
            {
                stranger = i;
            }
        }

        error = text.Length > MaxTextLength ? $"SAF-001: A safety number is typed with at most {MaxTextLength} characters"
            : stranger >= 0 ? $"SAF-002: Character {stranger + 1} is neither a digit nor white space"
            : count != Length ? $"SAF-003: {count} digits were typed, a safety number has {Length}"
            : null;
        if (error is null)
            number = new SafetyNumber(new string(digits));

        return error is null;
    }

    /// <summary>Whether both are the same, compared in fixed time.</summary>
    public bool Matches(SafetyNumber other) =>
        CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(Digits.AsSpan()), MemoryMarshal.AsBytes(other.Digits.AsSpan()));

    private static SafetyNumber Join(UserUri one, string half, UserUri other, string otherHalf) =>
        new(string.CompareOrdinal(one.Value, other.Value) <= 0 ? half + otherHalf : otherHalf + half);

    private static string Half(UserUri user, ReadOnlySpan<byte> identity)
    {
        if (identity.Length != IdentityKeySize)
            throw new ArgumentException($"An identity key has {IdentityKeySize} bytes.", nameof(identity));

        var name = WithLength(Encoding.UTF8.GetBytes(user.Value));
        return ToDigits([.. "interconnect safety number 2"u8, .. name, .. WithLength(identity.ToArray())], name);
    }

    private static string ToDigits(byte[] input, byte[] name)
    {
        var hash = SHA512.HashData(input);
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
