using System.Security.Cryptography;
using System.Text;
using Interconnect.Federation;

namespace Interconnect.Sandbox;

/// <summary>What a server keeps of a password for one SCRAM mechanism (RFC 5802 section 3, RFC 7677).</summary>
internal sealed record ScramKeys(HashAlgorithmName Hash, byte[] Salt, int Iterations, byte[] StoredKey, byte[] ServerKey)
{
    private const int Rounds = 4_096;

    /// <exception cref="ArgumentException">No server takes this password.</exception>
    public static ScramKeys Derive(HashAlgorithmName hash, string password, byte[] salt)
    {
        var prepared = SaslPrep.TryPrepare(password, out var same) ? same : throw new ArgumentException("Not a password by SASLprep (RFC 4013).", nameof(password));
        var salted = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(prepared), salt, Rounds, hash, hash == HashAlgorithmName.SHA1 ? 20 : 32);
        var clientKey = Hmac(hash, salted, "Client Key"u8);
        return new ScramKeys(hash, salt, Rounds, CryptographicOperations.HashData(hash, clientKey), Hmac(hash, salted, "Server Key"u8));
    }

    public static byte[] Hmac(HashAlgorithmName hash, byte[] key, ReadOnlySpan<byte> data) => CryptographicOperations.HmacData(hash, key, data);
}
