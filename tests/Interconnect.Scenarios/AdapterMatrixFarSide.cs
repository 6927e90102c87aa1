using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
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
        return new Device(await AdapterMatrixClient.ConnectAsync(servers.Synapse.Url, id, "pw-1"), Identifiers);
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

    internal sealed class Device(AdapterMatrixClient client, MatrixIdentifiers identifiers) : IFarUser
    {
        private readonly FrameAssembler assembler = new(new FrameAssemblerOptions(), TimeProvider.System);
        private readonly ConcurrentDictionary<string, string> rooms = new();

        public AdapterMatrixClient Native => client;

        public UserUri User { get; } = identifiers.TryUser(client.UserId, out var user) ? user : throw new InvalidOperationException("not a user");

        public async Task SendFrameAsync(UserUri? to, ReadOnlyMemory<byte> frame, string id)
        {
            const int Most = 44_000;
            if (frame.Length <= Most)
            {
                await SendAsync(to, id, new JsonObject { ["org.interconnect.frame"] = Convert.ToBase64String(frame.Span) });
                return;
            }

            var part = 0;
            foreach (var chunk in FrameChunks.Split(frame.Span, FrameId.Create(), Most)!)
            {
                await SendAsync(to, $"{id}-{++part}", new JsonObject { ["org.interconnect.chunk"] = chunk });
            }
        }

        public Task SendDamagedFrameAsync(UserUri to, string text, string id) => SendAsync(to, id, new JsonObject { ["org.interconnect.frame"] = text });

        public Task SendPlainAsync(UserUri to, string text, string id) => SendAsync(to, id, new JsonObject { ["msgtype"] = "m.text", ["body"] = text });

        public async Task<FarFrame> NextFrameAsync(TimeSpan limit)
        {
            while (true)
            {
                var message = await client.NextMessageAsync(limit);
                var content = message.GetProperty("content");
                var bytes = content.TryGetProperty("org.interconnect.frame", out var frame) ? Convert.FromBase64String(frame.GetString()!)
                    : content.TryGetProperty("org.interconnect.chunk", out var chunk) && FrameChunks.TryParse(chunk.GetString()!, out var part, out _) && assembler.Add("gateway", part) is AssemblyOutcome.Complete whole ? whole.Frame
                    : null;
                if (bytes is not null)
                {
                    var from = message.GetProperty("sender").GetString();
                    var isGhost = identifiers.TryGhostUser(from, out var sender);
                    Assert.True(isGhost || from == identifiers.Service);
                    var id = message.GetProperty("event_id").GetString()!;
                    rooms[id] = message.GetProperty("room_id").GetString()!;
                    return new FarFrame(sender, bytes, id);
                }
            }
        }

        public async Task<string> NextNoticeAsync(TimeSpan limit)
        {
            while (true)
            {
                var content = (await client.NextMessageAsync(limit)).GetProperty("content");
                if (!content.TryGetProperty("org.interconnect.frame", out _) && !content.TryGetProperty("org.interconnect.chunk", out _))
                {
                    return content.GetProperty("body").GetString()!;
                }
            }
        }

        public Task ConfirmAsync(FarFrame frame) => client.ReadAsync(rooms[frame.NativeId], frame.NativeId);

        public ValueTask DisposeAsync() => client.DisposeAsync();

        private async Task SendAsync(UserUri? to, string id, JsonObject content)
        {
            content.TryAdd("msgtype", "m.notice");
            content.TryAdd("body", MatrixTranslator.Fallback);
            await client.SendAsync(await client.RoomWithAsync(to is null ? identifiers.Service : identifiers.TryGhost(to, out var ghost) ? ghost : throw new InvalidOperationException("no ghost")), content, id);
        }
    }
}
