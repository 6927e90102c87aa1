using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interconnect.Adapters.Matrix;
using Interconnect.Federation;
using Interconnect.Testing.Conformance;

namespace Interconnect.Scenarios;

/// <summary>A user's device on a Matrix homeserver.</summary>
internal sealed class AdapterMatrixDevice(AdapterMatrixClient client, MatrixIdentifiers identifiers) : IFarUser
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
