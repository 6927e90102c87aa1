using System.Security.Cryptography;
using Interconnect.Adapters.Hosting;
using Interconnect.Adapters.Matrix;
using Interconnect.Federation;
using Interconnect.Storage;
using Interconnect.Testing;
using Interconnect.Testing.Conformance;

namespace Interconnect.Scenarios;

/// <summary>A real homeserver with ordinary clients; the adapter reaches it through a gate that can be shut.</summary>
internal sealed class AdapterMatrixFarSide : IFarSide
{
    private readonly DevServers servers;
    private readonly TcpGate gate;
    private readonly Database database;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("adapter-matrix-");
    private readonly bool deliveredMeansRead;

    private AdapterMatrixFarSide(DevServers servers, bool deliveredMeansRead)
    {
        (this.servers, this.deliveredMeansRead) = (servers, deliveredMeansRead);
        gate = new TcpGate(servers.Synapse.Url.Port);
        database = Database.Create(new DatabaseOptions { ConnectionString = Path.Combine(folder.FullName, "adapter.db") });
        Provider = ProviderDomain.Parse(servers.Synapse.ServerName);
        Identifiers = new MatrixIdentifiers(Provider, "gwbot", "gw_");
    }

    public NetworkId Network { get; } = NetworkId.Parse("matrix-real");

    public ProviderDomain Provider { get; }

    public bool TellsRefusedSender => false;

    public MatrixIdentifiers Identifiers { get; }

    public static async Task<IFarSide> CreateAsync(bool deliveredMeansRead)
    {
        var far = new AdapterMatrixFarSide(DevServers.Load(), deliveredMeansRead);
        await Migrations.ApplyAsync(far.database, "adapters", typeof(AdapterServices).Assembly, default);
        return far;
    }

    public INetworkAdapter CreateAdapter() => new MatrixAdapter(Network, Options(servers.Synapse.ApplicationServiceToken), database, TimeProvider.System);

    public INetworkAdapter CreateStranger() => new MatrixAdapter(Network, Options("wrong"), database, TimeProvider.System);

    public async Task<IFarUser> SignInAsync(string name)
    {
        var id = await servers.CreateSynapseUserAsync(name + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)), "pw-1");
        return new AdapterMatrixDevice(await AdapterMatrixClient.ConnectAsync(servers.Synapse.Url, id, "pw-1"), Identifiers);
    }

    /// <summary>Signs a client in that accepts no invitations by itself.</summary>
    public async Task<AdapterMatrixClient> SignInReservedAsync(string name)
    {
        var id = await servers.CreateSynapseUserAsync(name + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)), "pw-1");
        return await AdapterMatrixClient.ConnectAsync(servers.Synapse.Url, id, "pw-1", accepts: false);
    }

    public Task SetReachableAsync(bool reachable)
    {
        if (reachable)
        {
            gate.Open();
        }
        else
        {
            gate.Shut();
        }

        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await gate.DisposeAsync();
        await database.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        folder.Delete(true);
    }

    private MatrixOptions Options(string token) => new()
    {
        Homeserver = $"http://127.0.0.1:{gate.Port}",
        Provider = Provider.Value,
        Listen = $"http://127.0.0.1:{servers.Synapse.ApplicationServicePort}",
        AsToken = token,
        HsToken = servers.Synapse.HomeserverToken,
        DeliveredMeansRead = deliveredMeansRead,
    };
}
