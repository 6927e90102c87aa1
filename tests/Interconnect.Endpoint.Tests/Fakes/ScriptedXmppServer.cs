using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Interconnect.Endpoint.Tests.Fakes;

/// <summary>A server on loopback that each test tells what to say; helps with the login of alice with password "pencil".</summary>
internal sealed partial class ScriptedXmppServer : IDisposable
{
    private const string Password = "pencil";
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);

    public ScriptedXmppServer() => listener.Start();

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public XmppOptions Options => new()
    {
        Address = XmppAddress.TryParse("alice@a.test", out var address) ? address : throw new InvalidOperationException(),
        Password = Password,
        Host = "127.0.0.1",
        Port = Port,
        Component = "gw.a.test",
        InsecureLoopback = true,
        FirstReconnectDelay = TimeSpan.FromMilliseconds(10),
        AnswerTimeout = TimeSpan.FromSeconds(20),
    };

    public async Task<Peer> AcceptAsync() => new(await listener.AcceptTcpClientAsync().WaitAsync(TimeSpan.FromSeconds(20)));

    public void Dispose() => listener.Dispose();

    internal sealed partial class Peer(TcpClient tcp) : IDisposable
    {
        private readonly StringBuilder heard = new();

        public async Task SayAsync(string xml) => await tcp.GetStream().WriteAsync(Encoding.UTF8.GetBytes(xml));

        /// <summary>Waits until what was heard since the last match matches; returns the match.</summary>
        public async Task<Match> HearAsync(string pattern)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            var buffer = new byte[65_536];
            while (true)
            {
                var match = Regex.Match(heard.ToString(), pattern, RegexOptions.Singleline);
                if (match.Success)
                {
                    heard.Remove(0, match.Index + match.Length);
                    return match;
                }

                var count = await tcp.GetStream().ReadAsync(buffer, patience.Token);
                if (count == 0)
                    throw new EndOfStreamException($"The client left; heard: {heard}");

                heard.Append(Encoding.UTF8.GetString(buffer, 0, count));
            }
        }

        public async Task OpenAsync(string features)
        {
            await HearAsync("<stream:stream[^>]*>");
            await SayAsync($"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='s' from='a.test' version='1.0'><stream:features>{features}</stream:features>");
        }

        /// <summary>SCRAM-SHA-256 to its end; the given final message instead of the right one when not null.</summary>
        public async Task AuthenticateAsync(string? final = null, string password = Password)
        {
            await OpenAsync("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism><mechanism>SCRAM-SHA-256</mechanism></mechanisms>");
            var first = Decode((await HearAsync("<auth[^>]*mechanism='SCRAM-SHA-256'>([^<]*)</auth>")).Groups[1].Value)["n,,".Length..];
            var nonce = first.Split("r=")[1] + "server";
            var salt = Encoding.ASCII.GetBytes("0123456789abcdef");
            var serverFirst = $"r={nonce},s={Convert.ToBase64String(salt)},i=4096";
            await SayAsync($"<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{Encode(serverFirst)}</challenge>");
            var response = Decode((await HearAsync("<response[^>]*>([^<]*)</response>")).Groups[1].Value);
            var message = Encoding.UTF8.GetBytes($"{first},{serverFirst},{response[..response.LastIndexOf(",p=", StringComparison.Ordinal)]}");
            var salted = Rfc2898DeriveBytes.Pbkdf2(password, salt, 4096, HashAlgorithmName.SHA256, 32);
            var signature = HMACSHA256.HashData(HMACSHA256.HashData(salted, "Server Key"u8), message);
            await SayAsync($"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{Encode(final ?? "v=" + Convert.ToBase64String(signature))}</success>");
        }

        /// <summary>Login, a new session with stream management, initial presence.</summary>
        public async Task LoginAsync(bool managed = true, string password = Password)
        {
            await AuthenticateAsync(password: password);
            await OpenAsync($"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>{(managed ? "<sm xmlns='urn:xmpp:sm:3'/>" : "")}");
            await HearAsync("<iq[^>]*id='bind'.*?</iq>");
            await SayAsync("<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@a.test/x</jid></bind></iq>");
            if (managed)
            {
                await HearAsync("<enable [^>]*/>");
                await SayAsync("<enabled xmlns='urn:xmpp:sm:3' id='session-1' resume='true'/>");
            }

            await HearAsync("<presence[^>]*/>");
            if (managed)
                await HearAsync("<r [^>]*/>");
        }

        public Task AcknowledgeAsync(int h) => SayAsync(string.Create(CultureInfo.InvariantCulture, $"<a xmlns='urn:xmpp:sm:3' h='{h}'/>"));

        /// <summary>What the client says that it has handled.</summary>
        public async Task<int> AskHandledAsync()
        {
            await SayAsync("<r xmlns='urn:xmpp:sm:3'/>");
            return int.Parse((await HearAsync("<a [^>]*h='([0-9]+)'/>")).Groups[1].Value, CultureInfo.InvariantCulture);
        }

        public void Dispose() => tcp.Dispose();

        private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

        private static string Decode(string text) => Encoding.UTF8.GetString(Convert.FromBase64String(text));
    }
}
