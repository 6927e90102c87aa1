using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;

namespace Interconnect.Sandbox;

/// <summary>SASL on a client stream (RFC 6120 section 6): SCRAM-SHA-256 and SCRAM-SHA-1, three tries a connection.</summary>
internal sealed class SaslServer(XmppRouter router, string domain)
{
    private const int MaxTries = 3;
    private readonly byte[] decoySecret = RandomNumberGenerator.GetBytes(32);

    public static XElement Mechanisms() => new(XmppNames.Sasl + "mechanisms", new XElement(XmppNames.Sasl + "mechanism", "SCRAM-SHA-256"), new XElement(XmppNames.Sasl + "mechanism", "SCRAM-SHA-1"));

    /// <summary>Runs the exchanges that start with <paramref name="first"/>; the account, or null after a failure that may be tried again.</summary>
    public async Task<XmppAccount?> NegotiateAsync(XElement first, XmlStreamReader reader, XmppOutput output, bool tooEarly)
    {
        var element = first;
        for (var tries = 0; tries < MaxTries; tries++)
        {
            if (element.Name != XmppNames.Sasl + "auth")
            {
                throw new XmppStreamException("not-authorized", "sign in first");
            }

            var (account, failure) = tooEarly ? (null, "encryption-required") : await ExchangeAsync(element, reader, output);
            if (account is not null)
            {
                return account;
            }

            output.Post(new XElement(XmppNames.Sasl + "failure", new XElement(XmppNames.Sasl + failure)));
            if (tries + 1 < MaxTries)
            {
                element = await reader.ReadElementAsync() ?? throw new EndOfStreamException();
                if (element.Name == XmppNames.Tls + "starttls")
                {
                    throw new XmppStreamException("policy-violation", "STARTTLS comes before SASL");
                }
            }
        }

        throw new XmppStreamException("policy-violation", "too many failed tries");
    }

    private async Task<(XmppAccount? Account, string Failure)> ExchangeAsync(XElement auth, XmlStreamReader reader, XmppOutput output)
    {
        HashAlgorithmName? hash = auth.Attribute("mechanism")?.Value switch
        {
            "SCRAM-SHA-256" => HashAlgorithmName.SHA256,
            "SCRAM-SHA-1" => HashAlgorithmName.SHA1,
            _ => null,
        };
        if (hash is null)
        {
            return (null, "invalid-mechanism");
        }

        var exchange = new ScramExchange(hash.Value, KeysOf, domain);
        var element = auth;
        if (element.Value.Length == 0)
        {
            output.Post(new XElement(XmppNames.Sasl + "challenge"));
            element = await reader.ReadElementAsync() ?? throw new EndOfStreamException();
        }

        if (!TryText(element, out var clientFirst))
        {
            return (null, element.Name.LocalName == "abort" ? "aborted" : "incorrect-encoding");
        }

        if (!exchange.TryBegin(clientFirst, out var challenge, out var failure))
        {
            return (null, failure);
        }

        output.Post(new XElement(XmppNames.Sasl + "challenge", Convert.ToBase64String(Encoding.UTF8.GetBytes(challenge))));
        element = await reader.ReadElementAsync() ?? throw new EndOfStreamException();
        if (element.Name != XmppNames.Sasl + "response" || !TryText(element, out var clientFinal))
        {
            return (null, element.Name.LocalName == "abort" ? "aborted" : "incorrect-encoding");
        }

        if (!exchange.TryFinish(clientFinal, out var success, out failure))
        {
            return (null, failure);
        }

        if (router.Find(exchange.User) is not { } account)
        {
            return (null, "not-authorized");
        }

        output.Post(new XElement(XmppNames.Sasl + "success", Convert.ToBase64String(Encoding.UTF8.GetBytes(success))));
        return (account, string.Empty);
    }

    /// <summary>An unknown user gets keys that look like any others, so that names cannot be tried out.</summary>
    private ScramKeys KeysOf(string user, HashAlgorithmName hash)
    {
        if (router.Find(user) is { } account)
        {
            return account.Keys[hash];
        }

        var salt = HMACSHA256.HashData(decoySecret, Encoding.UTF8.GetBytes($"{hash.Name} {user}"))[..16];
        var size = hash == HashAlgorithmName.SHA1 ? 20 : 32;
        return new ScramKeys(hash, salt, 4_096, RandomNumberGenerator.GetBytes(size), RandomNumberGenerator.GetBytes(size));
    }

    private static bool TryText(XElement element, out string text)
    {
        text = string.Empty;
        if (element.Name.LocalName is not ("auth" or "response") || element.Value.Length > 4_096)
        {
            return false;
        }

        var bytes = new byte[element.Value.Length];
        if (!Convert.TryFromBase64String(element.Value, bytes, out var length))
        {
            return false;
        }

        text = Encoding.UTF8.GetString(bytes, 0, length);
        return true;
    }
}
