using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Interconnect.Sandbox;

/// <summary>One user. Guarded by the store's lock.</summary>
internal sealed class MatrixAccount(string userId, string? password)
{
    private readonly byte[] salt = RandomNumberGenerator.GetBytes(16);
    private byte[]? hash;

    public string UserId { get; } = userId;

    public string? DisplayName { get; set; }

    public string? AvatarUrl { get; set; }

    /// <summary>Access token by device.</summary>
    public Dictionary<string, string> Devices { get; } = [];

    public Dictionary<string, (long Position, JsonObject Content)> AccountData { get; } = [];

    public List<JsonObject> Filters { get; } = [];

    public MatrixAccount Seal()
    {
        hash = password is null ? null : Derive(password);
        password = null;
        return this;
    }

    public bool HasPassword(string given) => hash is not null && CryptographicOperations.FixedTimeEquals(hash, Derive(given));

    private byte[] Derive(string text) => Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(text), salt, 10_000, HashAlgorithmName.SHA256, 32);
}

/// <summary>Who makes a request.</summary>
/// <param name="Account">As whom.</param>
/// <param name="DeviceId">The session; null for an application service.</param>
/// <param name="Service">The application service, or null.</param>
internal sealed record MatrixCaller(MatrixAccount Account, string? DeviceId, ApplicationServiceRegistration? Service)
{
    public string UserId => Account.UserId;

    /// <summary>What transaction ids are unique within.</summary>
    public string Session => $"{Account.UserId} {DeviceId ?? "as " + Service?.Id}";
}
