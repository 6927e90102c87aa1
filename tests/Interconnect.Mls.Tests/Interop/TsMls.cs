using System.Text.Json.Nodes;
using Interconnect.Mls.Tests.Groups;

namespace Interconnect.Mls.Tests.Interop;

/// <summary>One of ours and one of ts-mls's in a group, asked directly.</summary>
internal static class TsMls
{
    // Whoever is asked for an external pre-shared key knows it: the hash of its id.
    // Its leaves live for ever.
    private static readonly MlsOptions Options = new() { FindExternalPsk = id => System.Security.Cryptography.SHA256.HashData(id.Span), MaxLeafLifetime = TimeSpan.MaxValue };

    // The peer's clock is the machine's.
    public static Person Ours(ushort suite) => new("ours", suite, Options, new FixedClock(TimeProvider.System.GetUtcNow()));

    // A group that we made, and that "theirs" joined under the name "old".
    public static async Task<Person> OldGroupAsync(Peer peer, ushort suite, params Extension[] extensions)
    {
        var ours = Ours(suite).Create(extensions);
        await AskAsync(peer, "open", "old", ("identity", "theirs"), ("suite", (int)suite), ("extensions", new JsonArray()));
        var package = Bytes(await AskAsync(peer, "keyPackage", "old"), "keyPackage");
        var commit = ours.Group.AddMembers([KeyPackages.Verify(package, ours.Clock.Now, maxLifetime: TimeSpan.MaxValue).Value]).Value;
        ours.Group = commit.NewState;
        await AskAsync(peer, "join", "old", ("welcome", Hex(commit.Welcome!)));
        return ours;
    }

    public static async Task<VerifiedKeyPackage> PackageAsync(Peer peer) =>
        KeyPackages.Verify(Bytes(await AskAsync(peer, "keyPackage", "next"), "keyPackage"), TimeProvider.System.GetUtcNow(), maxLifetime: TimeSpan.MaxValue).Value;

    public static Task<JsonObject> AskAsync(Peer peer, string operation, string name, params (string Name, JsonNode? Value)[] fields)
    {
        var request = new JsonObject { ["name"] = name };
        foreach (var (field, value) in fields)
        {
            request[field] = value;
        }

        return peer.AskAsync(operation, request);
    }

    public static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexStringLower(bytes.Span);

    public static byte[] Bytes(JsonObject answer, string field) => Convert.FromHexString(answer[field]!.GetValue<string>());
}
