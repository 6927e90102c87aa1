using System.CommandLine;
using Interconnect.Endpoint;

namespace Interconnect.Agent;

/// <summary>An open store with its client, for the length of one command.</summary>
internal sealed class AgentSession : IAsyncDisposable
{
    private readonly EndpointStore store;
    private readonly AgentIo io;

    private AgentSession(EndpointStore store, EndpointClient client, AgentIo io)
    {
        this.store = store;
        this.io = io;
        Client = client;
    }

    public EndpointClient Client { get; }

    public static AgentSession Open(ParseResult parsed, AgentIo io, EndpointOptions? options = null)
    {
        var home = AgentSettings.HomeFolder(parsed, io);
        if (!EndpointStore.Exists(home))
            throw new AgentFailure(ExitCode.Store, "STO-001", "There is no store in this folder", "Run 'init' first, or give the right --home");

        using var key = AgentSettings.Key(parsed, io);
        return EndpointStore.Open(home, key) switch
        {
            StoreOpening.Opened opened => Load(opened.Store, io, options ?? new EndpointOptions()),
            StoreOpening.Failed failed => throw AgentFailure.Of(failed.Error),
            _ => throw new InvalidOperationException("StoreOpening is a closed set."),
        };
    }

    public static AgentSession Load(EndpointStore store, AgentIo io, EndpointOptions options)
    {
        if (EndpointClient.Load(store, options, io.Clock) is { } client)
            return new AgentSession(store, client, io);

        store.Dispose();
        throw new AgentFailure(ExitCode.Store, "STO-001", "The store has no identity", "Remove it and run 'init'");
    }

    /// <summary>Logs in.</summary>
    /// <exception cref="AgentFailure">It did not work.</exception>
    public async Task ConnectAsync(CancellationToken cancellation)
    {
        ITransport transport;
        try
        {
            transport = io.Transports(Client.Account, Client.TransportMemory, io.Clock);
        }
        catch (ArgumentException e)
        {
            throw AgentFailure.Usage(e.Message.Split(" (Parameter")[0].TrimEnd('.'), "Run 'init' again with the right values");
        }

        if (await Client.StartAsync(transport, cancellation) is { } failure)
            throw AgentFailure.Of(failure);
    }

    /// <summary>Waits for the next event, or the end of the client.</summary>
    public async Task<EndpointEvent> NextAsync(EventSubscription subscription, CancellationToken cancellation)
    {
        if (Client.Running.IsFaulted)
            await Client.Running;

        var next = subscription.Events.ReadAsync(cancellation).AsTask();
        if (await Task.WhenAny(next, Client.Running) == Client.Running)
            await Client.Running;

        var happened = await next;
        return happened is EndpointEvent.ConnectionChanged { Status: { State: TransportState.BadCredentials or TransportState.Stopped, Why: { } why } } ? throw AgentFailure.Of(why) : happened;
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        store.Dispose();
    }
}
