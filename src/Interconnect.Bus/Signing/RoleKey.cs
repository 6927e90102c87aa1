using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using NSec.Cryptography;

namespace Interconnect.Bus;

/// <summary>
/// The key that a role signs its bus frames with (Ed25519). Kept in a file of one line, <c>ed25519-seed:</c> and 32 bytes in base64, that only its owner may read.
/// Safe for many callers at once.
/// </summary>
public sealed class RoleKey : IDisposable
{
    private const string Prefix = "ed25519-seed:";
    private const int MaxFileBytes = 1_024;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute | UnixFileMode.GroupWrite;

    private readonly Key key;

    private RoleKey(ReadOnlySpan<byte> seed)
    {
        key = Key.Import(SignatureAlgorithm.Ed25519, seed, KeyBlobFormat.RawPrivateKey);
        Public = RolePublicKey.Of(key.PublicKey);
    }

    /// <summary>What those who read this role's frames are configured with.</summary>
    public RolePublicKey Public { get; }

    /// <summary>Makes a key and the file that keeps it; the folder is there already.</summary>
    /// <exception cref="IOException">The file is there already, or cannot be written.</exception>
    public static RoleKey Create(string path)
    {
        var seed = RandomNumberGenerator.GetBytes(32);
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerOnly;
            }

            using var file = new FileStream(path, options);
            file.Write(Encoding.ASCII.GetBytes(Prefix + Convert.ToBase64String(seed) + "\n"));
            file.Flush(flushToDisk: true);
            return new RoleKey(seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <summary>Reads a file that <see cref="Create"/> made.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">The key; dispose it.</param>
    /// <param name="reason">Why not, in plain words without what the file holds.</param>
    public static bool TryRead(string path, [NotNullWhen(true)] out RoleKey? key, [NotNullWhen(false)] out string? reason)
    {
        key = null;
        try
        {
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0)
            {
                reason = "others may read or change the key file; only its owner may (chmod 600)";
                return false;
            }

            if (new FileInfo(path).Length > MaxFileBytes)
            {
                reason = "the file is no role key";
                return false;
            }

            key = Parse(File.ReadAllText(path).Trim());
            reason = key is null ? "the file is no role key; 'interconnect bus keygen' makes one" : null;
            return key is not null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            reason = "there is no such file; 'interconnect bus keygen' makes one";
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            reason = $"the file cannot be read ({e.GetType().Name})";
            return false;
        }
    }

    /// <summary>Zeroes the key.</summary>
    public void Dispose() => key.Dispose();

    /// <summary>Redacted: the public half.</summary>
    public override string ToString() => $"RoleKey({Public})";

    internal void Sign(ReadOnlySpan<byte> content, Span<byte> signature) => SignatureAlgorithm.Ed25519.Sign(key, content, signature);

    private static RoleKey? Parse(string text)
    {
        Span<byte> seed = stackalloc byte[33];
        try
        {
            return text.StartsWith(Prefix, StringComparison.Ordinal) && Convert.TryFromBase64String(text[Prefix.Length..], seed, out var length) && length == 32 ? new RoleKey(seed[..32]) : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }
}
