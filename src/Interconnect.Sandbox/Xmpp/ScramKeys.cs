using System.Security.Cryptography;
using System.Text;

namespace Interconnect.Sandbox;

/// <summary>What a server keeps of a password for one SCRAM mechanism (RFC 5802 section 3, RFC 7677).</summary>
internal sealed record ScramKeys(HashAlgorithmName Hash, byte[] Salt, int Iterations, byte[] StoredKey, byte[] ServerKey)
{
    private const int Rounds = 4_096;

    public static ScramKeys Derive(HashAlgorithmName hash, string password, byte[] salt)
    {
        var salted = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, Rounds, hash, hash == HashAlgorithmName.SHA1 ? 20 : 32);
        var clientKey = Hmac(hash, salted, "Client Key"u8);
        return new ScramKeys(hash, salt, Rounds, CryptographicOperations.HashData(hash, clientKey), Hmac(hash, salted, "Server Key"u8));
    }

    public static byte[] Hmac(HashAlgorithmName hash, byte[] key, ReadOnlySpan<byte> data) => CryptographicOperations.HmacData(hash, key, data);
}
