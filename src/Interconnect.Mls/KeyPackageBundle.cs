namespace Interconnect.Mls;

/// <summary>A KeyPackage of this client with its two private keys. Single use: dispose it once a Welcome to it was joined.</summary>
public sealed class KeyPackageBundle : IDisposable
{
    internal KeyPackageBundle()
    {
    }

    /// <summary>MLSMessage (wire format mls_key_package) to publish.</summary>
    public ReadOnlyMemory<byte> KeyPackage => throw new NotSupportedException();

    /// <summary>KeyPackageRef (RFC 9420 section 5.2), what a Welcome names.</summary>
    public ReadOnlyMemory<byte> Reference => throw new NotSupportedException();

    /// <summary>The end of its lifetime.</summary>
    public DateTimeOffset NotAfter => throw new NotSupportedException();

    /// <summary>The versioned persisted form, private keys included: store it encrypted.</summary>
    public byte[] Export() => throw new NotSupportedException();

    /// <summary>Reads what <see cref="Export"/> wrote.</summary>
    public static MlsResult<KeyPackageBundle> Import(ReadOnlyMemory<byte> exported) => throw new NotSupportedException();

    /// <summary>Erases the private keys.</summary>
    public void Dispose() => throw new NotSupportedException();
}
