using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using RabbitMQ.Client;

namespace Interconnect.Bus.RabbitMq;

/// <summary>How the connection to the broker is made and checked; the same for every connection, MassTransit's included.</summary>
internal sealed class BrokerTls(BusOptions options)
{
    private readonly X509Certificate2Collection? authorities = options.Tls.LoadAuthorities();

    /// <summary>What this process shows; null for none.</summary>
    public X509Certificate2? Own { get; } = options.Tls.LoadOwn();

    /// <summary>A factory for the broker of the options.</summary>
    public ConnectionFactory Factory(string name)
    {
        var factory = new ConnectionFactory
        {
            Uri = options.Amqp!,
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            RequestedConnectionTimeout = TimeSpan.FromSeconds(5),
            RequestedHeartbeat = TimeSpan.FromSeconds(10),
            ClientProvidedName = name,
        };
        if (factory.Ssl.Enabled)
        {
            factory.Ssl.CertificateValidationCallback = IsBroker;
            factory.Ssl.Certs = Own is null ? null : [Own];
        }

        return factory;
    }

    /// <summary>Whether the certificate is the broker's: its name as usual, its chain to the authorities given or, without any, as the system says.</summary>
    public bool IsBroker(object sender, X509Certificate? certificate, X509Chain? shown, SslPolicyErrors errors)
    {
        if (authorities is null || certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0)
        {
            return errors == SslPolicyErrors.None;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        foreach (var between in shown?.ChainElements.Select(e => e.Certificate) ?? [])
        {
            chain.ChainPolicy.ExtraStore.Add(between);
        }

        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid("1.3.6.1.5.5.7.3.1"));
        using var copy = X509CertificateLoader.LoadCertificate(certificate.Export(X509ContentType.Cert));
        return chain.Build(copy);
    }
}
