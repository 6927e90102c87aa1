using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Interconnect.Sandbox;

/// <summary>
/// A small XMPP server in memory on loopback: clients (STARTTLS, SCRAM, bind, presence, messages, offline storage, stream management with resumption) and
/// external components. What it does not do it answers with XMPP's own errors.
/// </summary>
public sealed class SimulatedXmppServer : IAsyncDisposable
{
    private static readonly TimeSpan ClosingTime = TimeSpan.FromSeconds(2);
    private readonly SimulatedXmppOptions options;
    private readonly TimeProvider clock;
    private readonly XmppRouter router;
    private readonly SaslServer sasl;
    private readonly X509Certificate2 certificate;
    private readonly TcpListener clients;
    private readonly TcpListener components;
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();
    private readonly Dictionary<CancellationTokenSource, (bool IsComponent, Task Work)> connections = [];
    private Task accepting = Task.CompletedTask;
    private bool disposed;

    private SimulatedXmppServer(SimulatedXmppOptions options, TimeProvider clock)
    {
        this.options = options;
        this.clock = clock;
        router = new XmppRouter(options, clock);
        sasl = new SaslServer(router, options.Domain);
        certificate = SelfSigned.Create(options.Domain, clock);
        clients = new TcpListener(IPAddress.Loopback, options.ClientPort);
        components = new TcpListener(IPAddress.Loopback, options.ComponentPort);
    }

    /// <summary>The server's domain.</summary>
    public string Domain => options.Domain;

    /// <summary>Where clients connect, on 127.0.0.1.</summary>
    public int ClientPort => ((IPEndPoint)clients.LocalEndpoint).Port;

    /// <summary>Where components connect, on 127.0.0.1.</summary>
    public int ComponentPort => ((IPEndPoint)components.LocalEndpoint).Port;

    /// <summary>The self-signed certificate in PEM, for clients to trust.</summary>
    public string CertificatePem => certificate.ExportCertificatePem();

    /// <summary>Starts a server; it listens when this returns.</summary>
    /// <exception cref="SandboxOptionsException">The options are wrong; all mistakes are in the message.</exception>
    public static Task<SimulatedXmppServer> StartAsync(SimulatedXmppOptions options, TimeProvider clock)
    {
        var problems = options.Problems().ToList();
        if (problems.Count > 0)
        {
            throw new SandboxOptionsException(string.Join(" ", problems));
        }

        var server = new SimulatedXmppServer(options, clock);
        server.clients.Start();
        server.components.Start();
        server.accepting = Task.WhenAll(server.AcceptAsync(server.clients, false), server.AcceptAsync(server.components, true));
        return Task.FromResult(server);
    }

    /// <summary>Makes an account. The password is printable ASCII.</summary>
    /// <exception cref="SandboxOptionsException">The name or password cannot be used, the name is taken, or there are too many.</exception>
    public void AddAccount(string user, string password)
    {
        if (!Jid.TryParse($"{user}@{options.Domain}", out var jid) || jid.Local is null || jid.Resource is not null || password.Length == 0 || password.Any(c => c is < ' ' or > '~'))
        {
            throw new SandboxOptionsException("An account needs a valid name and a password of printable ASCII.");
        }

        var salt = RandomNumberGenerator.GetBytes(16);
        HashAlgorithmName[] hashes = [HashAlgorithmName.SHA256, HashAlgorithmName.SHA1];
        if (!router.AddAccount(new XmppAccount(jid.Local, hashes.ToDictionary(h => h, h => ScramKeys.Derive(h, password, salt)))))
        {
            throw new SandboxOptionsException("The name is taken, or there are too many accounts.");
        }
    }

    /// <summary>Whether a component has done its handshake and is connected.</summary>
    public bool IsComponentConnected(string domain) => router.IsConnected(domain);

    /// <summary>Cuts all component connections, as a crash of the network would.</summary>
    public Task DropComponentsAsync() => DropAsync(c => c);

    /// <summary>Cuts all client connections; managed sessions can be resumed.</summary>
    public Task DropClientsAsync() => DropAsync(c => !c);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true))
        {
            return;
        }

        await stopping.CancelAsync();
        clients.Stop();
        components.Stop();
        await accepting;
        await DropAsync(_ => true);
        certificate.Dispose();
        stopping.Dispose();
    }

    private async Task DropAsync(Func<bool, bool> which)
    {
        List<(CancellationTokenSource Life, Task Work)> found;
        lock (gate)
        {
            found = [.. connections.Where(c => which(c.Value.IsComponent)).Select(c => (c.Key, c.Value.Work))];
        }

        foreach (var (life, _) in found)
        {
            try
            {
                await life.CancelAsync();
            }
            catch (ObjectDisposedException)
            {
                // The connection ended by itself meanwhile.
            }
        }

        await Task.WhenAll(found.Select(f => f.Work));
    }

    private async Task AcceptAsync(TcpListener listener, bool isComponent)
    {
        while (!stopping.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptSocketAsync(stopping.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                continue;
            }

            lock (gate)
            {
                if (connections.Count >= options.MaxConnections)
                {
                    socket.Dispose();
                    continue;
                }

                var life = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
                connections.Add(life, (isComponent, Task.Run(() => ServeAsync(socket, isComponent, life))));
            }
        }
    }

    private async Task ServeAsync(Socket socket, bool isComponent, CancellationTokenSource life)
    {
        socket.NoDelay = true;
        var stream = new NetworkStream(socket, ownsSocket: true);
        await using var negotiation = clock.CreateTimer(_ => life.Cancel(), null, options.NegotiationTime, Timeout.InfiniteTimeSpan);
        void Negotiated() => negotiation.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        var pump = Task.CompletedTask;
        try
        {
            Task run;
            if (isComponent)
            {
                var connection = new ComponentConnection(options, router, stream, life, Negotiated);
                pump = connection.Output.PumpAsync(life.Token);
                run = connection.RunAsync();
            }
            else
            {
                var connection = new ClientConnection(options, router, sasl, certificate, stream, life, Negotiated);
                pump = connection.Output.PumpAsync(life.Token);
                run = connection.RunAsync();
            }

            await Task.WhenAny(run, pump);
            negotiation.Change(ClosingTime, Timeout.InfiniteTimeSpan);
            await Task.WhenAll(run, pump);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The connection is gone; its session was told in RunAsync.
        }
        finally
        {
            await negotiation.DisposeAsync();
            await life.CancelAsync();
            await stream.DisposeAsync();
            await pump;
            lock (gate)
            {
                connections.Remove(life);
            }

            life.Dispose();
        }
    }
}
