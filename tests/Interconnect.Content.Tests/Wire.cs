using System.Globalization;

namespace Interconnect.Content.Tests;

/// <summary>Writes messages by hand, field by field in hexadecimal, so that a test can put anything in any place.</summary>
internal static class Wire
{
    public const string SaltField = "50 000102030405060708090a0b0c0d0e0f";
    public const string NullBody = "83 01 60 00";
    public const string TextBody = "85 01 60 01 6a 746578742f706c61696e 42 6869";
    public static readonly string Id = "5820 01" + string.Concat(Enumerable.Repeat("ab", 31));

    public static byte[] Message(
        string outer = "87",
        string salt = SaltField,
        string replaces = "f6",
        string topicId = "40",
        string expires = "f6",
        string inReplyTo = "f6",
        string extensions = "a0",
        string body = TextBody,
        string after = "") => Hex(string.Join(' ', outer, salt, replaces, topicId, expires, inReplyTo, extensions, body, after));

    public static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>A body of a disposition, an empty language and these further fields.</summary>
    public static string Multi(string semantics, params string[] parts) => $"85 01 60 03 {semantics} {Head(4, parts.Length)} {string.Join(' ', parts)}";

    /// <summary>An external part with these fields replaced.</summary>
    public static string External(string url = "60", string expires = "00", string encAlg = "00", string key = "40", string hashAlg = "00", string contentHash = "40") =>
        $"8f 06 60 02 60 {url} {expires} 00 {encAlg} {key} 40 40 {hashAlg} {contentHash} 60 60";

    public static string Text(int bytes) => Head(3, bytes) + string.Concat(Enumerable.Repeat("61", bytes));

    public static string Bytes(int bytes) => Head(2, bytes) + string.Concat(Enumerable.Repeat("00", bytes));

    public static string Head(int major, int argument) => argument switch
    {
        < 24 => Byte((major << 5) | argument),
        < 0x100 => Byte((major << 5) | 24) + argument.ToString("x2", CultureInfo.InvariantCulture),
        < 0x10000 => Byte((major << 5) | 25) + argument.ToString("x4", CultureInfo.InvariantCulture),
        _ => Byte((major << 5) | 26) + argument.ToString("x8", CultureInfo.InvariantCulture),
    };

    private static string Byte(int value) => value.ToString("x2", CultureInfo.InvariantCulture);
}
