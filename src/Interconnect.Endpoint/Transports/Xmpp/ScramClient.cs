using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Interconnect.Endpoint;

/// <summary>
/// SCRAM, the client's side (RFC 5802; SHA-256 by RFC 7677), without channel binding (<c>n,,</c>). The password never leaves; the server has to prove that it
/// knows the verifier.
/// </summary>
internal sealed class ScramClient
{
    private const int MinIterations = 4_096;
    private const int MaxIterations = 1_000_000;
    private const string Gs2Header = "n,,";

    private readonly HashAlgorithmName hash;
    private readonly int size;
    private readonly byte[] password;
    private readonly string clientFirstBare;
    private readonly string nonce;
    private byte[]? serverSignature;

    /// <summary>For a name and a password in their prepared form (<see cref="Interconnect.Federation.SaslPrep"/>).</summary>
    public ScramClient(string mechanism, string user, string password, string nonce)
    {
        (hash, size) = mechanism switch
        {
            "SCRAM-SHA-256" => (HashAlgorithmName.SHA256, 32),
            "SCRAM-SHA-1" => (HashAlgorithmName.SHA1, 20),
            _ => throw new ArgumentOutOfRangeException(nameof(mechanism)),
        };
        this.password = Encoding.UTF8.GetBytes(password);
        this.nonce = nonce;
        clientFirstBare = $"n={user.Replace("=", "=3D", StringComparison.Ordinal).Replace(",", "=2C", StringComparison.Ordinal)},r={nonce}";
    }

    public string ClientFirst => Gs2Header + clientFirstBare;

    /// <summary>The mechanism to use of those offered, or null.</summary>
    public static string? Choose(IReadOnlyCollection<string> offered) =>
        offered.Contains("SCRAM-SHA-256") ? "SCRAM-SHA-256" : offered.Contains("SCRAM-SHA-1") ? "SCRAM-SHA-1" : null;

    public static string NewNonce() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(24));

    /// <summary>Answers the challenge; false when it is malformed, was made for another nonce, or asks for too little or too much work.</summary>
    public bool TryAnswer(string serverFirst, [NotNullWhen(true)] out string? clientFinal)
    {
        clientFinal = null;
        var parts = Split(serverFirst);
        if (serverFirst.StartsWith("m=", StringComparison.Ordinal)
            || !parts.TryGetValue('r', out var combined) || !combined.StartsWith(nonce, StringComparison.Ordinal) || combined.Length == nonce.Length
            || !parts.TryGetValue('s', out var saltText) || !TryBase64(saltText, out var salt)
            || !parts.TryGetValue('i', out var count) || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var iterations)
            || iterations is < MinIterations or > MaxIterations)
        {
            return false;
        }

        var salted = Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, hash, size);
        var withoutProof = $"c={Convert.ToBase64String(Encoding.ASCII.GetBytes(Gs2Header))},r={combined}";
        var message = Encoding.UTF8.GetBytes($"{clientFirstBare},{serverFirst},{withoutProof}");
        var clientKey = Hmac(salted, "Client Key"u8);
        var signature = Hmac(CryptographicOperations.HashData(hash, clientKey), message);
        for (var i = 0; i < clientKey.Length; i++)
            signature[i] ^= clientKey[i];

        serverSignature = Hmac(Hmac(salted, "Server Key"u8), message);
        CryptographicOperations.ZeroMemory(salted);
        CryptographicOperations.ZeroMemory(clientKey);
        CryptographicOperations.ZeroMemory(password);
        clientFinal = $"{withoutProof},p={Convert.ToBase64String(signature)}";
        return true;
    }

    /// <summary>True when the server's last message proves that it knows the verifier.</summary>
    public bool Verify(string serverFinal) =>
        serverSignature is not null && Split(serverFinal).TryGetValue('v', out var text) && TryBase64(text, out var proof)
        && CryptographicOperations.FixedTimeEquals(proof, serverSignature);

    private byte[] Hmac(byte[] key, ReadOnlySpan<byte> data) => CryptographicOperations.HmacData(hash, key, data);

    private static Dictionary<char, string> Split(string message)
    {
        var parts = new Dictionary<char, string>();
        foreach (var part in message.Split(','))
        {
            if (part.Length >= 2 && part[1] == '=')
                parts.TryAdd(part[0], part[2..]);
        }

        return parts;
    }

    private static bool TryBase64(string text, out byte[] bytes)
    {
        bytes = new byte[text.Length];
        var ok = Convert.TryFromBase64String(text, bytes, out var written) && written > 0;
        bytes = bytes[..(ok ? written : 0)];
        return ok;
    }
}
