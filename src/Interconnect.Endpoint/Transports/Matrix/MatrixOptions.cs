using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>How to reach a Matrix homeserver. Limits are ours unless their comment names a source.</summary>
internal sealed record MatrixOptions
{
    public required MatrixAddress Address { get; init; }
    public required string Password { get; init; }
    public required Uri Server { get; init; }

    /// <summary>The gateway's own user; the service address.</summary>
    public required string Service { get; init; }

    public string? TlsAuthorityFile { get; init; }
    public bool InsecureLoopback { get; init; }

    /// <summary>Largest frame in one event, before base64: an event is at most 65,536 bytes (Matrix specification, size limits).</summary>
    public int MaxFrameBytes { get; init; } = 40_000;

    /// <summary>Characters of one chunk.</summary>
    public int MaxChunkCharacters { get; init; } = 48_000;

    /// <summary>How long the server may hold a sync open.</summary>
    public TimeSpan SyncTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one request may take beyond that.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long to wait for the gateway's account to join a new room.</summary>
    public TimeSpan JoinTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Largest answer of the server in bytes; a sync's events are few a room, so only the member lists of very large rooms come near.</summary>
    public int MaxResponseBytes { get; init; } = 64 << 20;

    /// <summary>Longest pause between attempts.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>First pause between attempts; doubles.</summary>
    public TimeSpan FirstRetryDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    public ProviderDomain Homeserver => Address.Domain;

    /// <exception cref="ArgumentException">The address, the server or the gateway is not of Matrix's form.</exception>
    public static MatrixOptions From(TransportAccount account)
    {
        if (!MatrixAddress.TryParse(account.Address, out var address))
            throw new ArgumentException("A Matrix address is @local:domain.", nameof(account));

        var server = account.Server ?? $"https://{address.Domain.Value}";
        if (!Uri.TryCreate(server.TrimEnd('/') + "/", UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.UserInfo.Length > 0)
            throw new ArgumentException("A homeserver is given by its base URL.", nameof(account));

        var service = account.Gateway ?? $"@gwbot:{address.Domain.Value}";
        if (!MatrixAddress.TryParse(service, out _))
            throw new ArgumentException("The gateway on Matrix is a user id.", nameof(account));

        return new MatrixOptions
        {
            Address = address,
            Password = account.Password,
            Server = uri,
            Service = service,
            TlsAuthorityFile = account.TlsAuthorityFile,
            InsecureLoopback = account.InsecureLoopback,
        };
    }

    /// <summary>Redacted.</summary>
    public override string ToString() => "MatrixOptions(redacted)";
}
