using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Interconnect.Federation;

namespace Interconnect.Sandbox;

/// <summary>The server's side of one SCRAM exchange without channel binding. Failures are the SASL conditions of RFC 6120 section 6.5.</summary>
internal sealed class ScramExchange(HashAlgorithmName hash, Func<string, HashAlgorithmName, ScramKeys> keysOf, string domain)
{
    private string gs2 = string.Empty;
    private string bare = string.Empty;
    private string serverFirst = string.Empty;
    private string nonce = string.Empty;
    private ScramKeys? keys;

    /// <summary>Who signs in; valid once <see cref="TryFinish"/> succeeded.</summary>
    public string User { get; private set; } = string.Empty;

    public bool TryBegin(string clientFirst, [NotNullWhen(true)] out string? answer, [NotNullWhen(false)] out string? failure)
    {
        answer = null;
        failure = "malformed-request";
        var parts = clientFirst.Split(',', 3);
        if (parts.Length != 3 || parts[0] is not ("n" or "y") || (parts[1].Length > 0 && !parts[1].StartsWith("a=", StringComparison.Ordinal)))
        {
            return false;
        }

        var fields = parts[2].Split(',');
        if (fields.Length < 2 || !fields[0].StartsWith("n=", StringComparison.Ordinal) || !fields[1].StartsWith("r=", StringComparison.Ordinal) || fields[1].Length is < 10 or > 258)
        {
            return false;
        }

        if (!XmppLocalpart.TryRead(Unescape(fields[0][2..]), out var user))
        {
            return false;
        }

        User = user;
        if (parts[1].Length > 0 && !(Jid.TryParse(Unescape(parts[1][2..]), out var authorised) && authorised == new Jid(User, domain, null)))
        {
            failure = "invalid-authzid";
            return false;
        }

        gs2 = $"{parts[0]},{parts[1]},";
        bare = parts[2];
        keys = keysOf(User, hash);
        nonce = fields[1][2..] + Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));
        serverFirst = $"r={nonce},s={Convert.ToBase64String(keys.Salt)},i={keys.Iterations}";
        answer = serverFirst;
        failure = null;
        return true;
    }

    public bool TryFinish(string clientFinal, [NotNullWhen(true)] out string? answer, [NotNullWhen(false)] out string? failure)
    {
        answer = null;
        failure = "malformed-request";
        var at = clientFinal.LastIndexOf(",p=", StringComparison.Ordinal);
        if (keys is null || at < 0)
        {
            return false;
        }

        var fields = clientFinal[..at].Split(',');
        var given = new byte[keys.StoredKey.Length];
        if (fields.Length < 2 || fields[0] != "c=" + Convert.ToBase64String(Encoding.UTF8.GetBytes(gs2)) || fields[1] != "r=" + nonce
            || !Convert.TryFromBase64String(clientFinal[(at + 3)..], given, out var length) || length != given.Length)
        {
            return false;
        }

        var message = Encoding.UTF8.GetBytes($"{bare},{serverFirst},{clientFinal[..at]}");
        var signature = ScramKeys.Hmac(hash, keys.StoredKey, message);
        for (var i = 0; i < given.Length; i++)
        {
            given[i] ^= signature[i];
        }

        if (!CryptographicOperations.FixedTimeEquals(CryptographicOperations.HashData(hash, given), keys.StoredKey))
        {
            failure = "not-authorized";
            return false;
        }

        answer = "v=" + Convert.ToBase64String(ScramKeys.Hmac(hash, keys.ServerKey, message));
        failure = null;
        return true;
    }

    private static string Unescape(string name) => name.Replace("=2C", ",", StringComparison.Ordinal).Replace("=3D", "=", StringComparison.Ordinal);
}
