using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Interconnect.Bus;

/// <summary>Certificates of the connection to the broker, as PEM files.</summary>
public sealed record BusTlsOptions
{
    /// <summary>Whose signature makes the broker's certificate good; null: the authorities that the system trusts.</summary>
    public string? CaFile { get; init; }

    /// <summary>The certificate that this process shows, with those between it and its authority; null for none.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>The key of <see cref="CertificateFile"/>, not encrypted.</summary>
    public string? KeyFile { get; init; }

    /// <summary>What is wrong, in plain words.</summary>
    internal IEnumerable<string> Problems(bool secure)
    {
        if (!secure && (CaFile ?? CertificateFile ?? KeyFile) is not null)
        {
            yield return "bus:tls: certificates are for amqps://, and bus:amqp is not that.";
        }

        if ((CertificateFile is null) != (KeyFile is null))
        {
            yield return "bus:tls: certificateFile and keyFile are given together.";
        }
        else if (CertificateFile is not null && !CanLoad(() => LoadOwn()!.Dispose()))
        {
            yield return "bus:tls:certificateFile: no certificate that can be read, with its key in keyFile (both PEM).";
        }

        if (CaFile is not null && !CanLoad(() => LoadAuthorities()))
        {
            yield return "bus:tls:caFile: no certificate that can be read (PEM).";
        }
    }

    internal X509Certificate2? LoadOwn() => CertificateFile is null ? null : X509Certificate2.CreateFromPemFile(CertificateFile, KeyFile);

    internal X509Certificate2Collection? LoadAuthorities()
    {
        if (CaFile is null)
        {
            return null;
        }

        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(CaFile);
        return authorities.Count > 0 ? authorities : throw new CryptographicException("The file holds no certificate.");
    }

    private static bool CanLoad(Action load)
    {
        try
        {
            load();
            return true;
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
