using System.Text.Json.Nodes;

namespace Interconnect.Mls.Tests.Interop;

/// <summary>A member held by another implementation.</summary>
internal sealed class PeerMember : IMember
{
    private const Abilities OfTsMls =
        Abilities.Propose | Abilities.PreSharedKeys | Abilities.GroupInfo | Abilities.JoinAgain
        | Abilities.TreeApart | Abilities.JoinTreeApart | Abilities.CommitInVain;

    private readonly Peer peer;
    private readonly Func<bool> openly;

    // core-crypto hands out a GroupInfo only with its own commits.
    private (ulong Epoch, byte[] Bytes)? groupInfo;

    private PeerMember(Peer peer, string name, Func<bool> openly)
    {
        this.peer = peer;
        this.openly = openly;
        Name = name;
    }

    public string Name { get; }

    public Abilities Abilities => peer.Kind == "ts-mls" ? OfTsMls : groupInfo is null ? Abilities.None : Abilities.GroupInfo;

    /// <param name="openly">Asked at every handshake message whether it goes as PublicMessage.</param>
    public static async Task<PeerMember> OpenAsync(Peer peer, string name, CipherSuite suite, Func<bool> openly)
    {
        var member = new PeerMember(peer, name, openly);
        await member.AskAsync("open", ("identity", name), ("suite", (int)suite.Id), ("extensions", new JsonArray(OurMember.ExtensionType)));
        return member;
    }

    public async Task<byte[]> KeyPackageAsync() => Bytes(await AskAsync("keyPackage"), "keyPackage")!;

    public async Task<View> CreateAsync(byte[] groupId) => ViewOf(await AskAsync("create", ("groupId", Hex(groupId))));

    public async Task<View> JoinAsync(byte[] welcome, byte[]? tree) =>
        ViewOf(await AskAsync("join", ("welcome", Hex(welcome)), ("tree", tree is null ? null : Hex(tree))));

    public async Task<(byte[] Commit, View View)> JoinExternallyAsync(byte[] groupInfo, bool again)
    {
        var answer = await AskAsync("joinExternally", ("groupInfo", Hex(groupInfo)), ("again", again));
        return (Bytes(answer, "commit")!, Committed(answer));
    }

    public async Task<Committed> CommitAsync(Change change, bool pending, bool treeApart)
    {
        var answer = await AskAsync(
            "commit", ("change", ChangeOf(change)), ("pending", pending), ("open", openly()), ("treeApart", treeApart), ("lost", false));
        return new Committed(Bytes(answer, "commit")!, Bytes(answer, "welcome"), Bytes(answer, "tree"), Committed(answer));
    }

    // As PublicMessage: ts-mls would use the same generation of a PrivateMessage twice.
    public async Task CommitInVainAsync() =>
        await AskAsync("commit", ("change", new JsonObject()), ("open", true), ("treeApart", false), ("lost", true));

    public async Task<byte[]> ProposeAsync(Change change) =>
        Bytes(await AskAsync("propose", ("change", ChangeOf(change)), ("open", openly())), "message")!;

    public async Task<byte[]> SendAsync(string text) =>
        Bytes(await AskAsync("send", ("text", Hex(System.Text.Encoding.UTF8.GetBytes(text)))), "message")!;

    public async Task<byte[]> GroupInfoAsync() => groupInfo?.Bytes ?? Bytes(await AskAsync("groupInfo"), "groupInfo")!;

    public async Task<View> TakeAsync(byte[] message)
    {
        var view = ViewOf(await AskAsync("take", ("message", Hex(message))));
        if (groupInfo?.Epoch != view.Epoch)
        {
            groupInfo = null;
        }

        return view;
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);

    private static byte[]? Bytes(JsonObject answer, string field) =>
        answer[field] is { } value ? Convert.FromHexString(value.GetValue<string>()) : null;

    private View Committed(JsonObject answer)
    {
        var view = ViewOf(answer);
        groupInfo = Bytes(answer, "groupInfo") is { } bytes ? (view.Epoch, bytes) : null;
        return view;
    }

    private static View ViewOf(JsonObject answer) => new(
        answer["text"] is { } text ? System.Text.Encoding.UTF8.GetString(Convert.FromHexString(text.GetValue<string>())) : null,
        answer["active"]!.GetValue<bool>(),
        answer["epoch"]!.GetValue<ulong>(),
        answer["authenticator"]?.GetValue<string>(),
        answer["exporter"]!.GetValue<string>());

    private static JsonObject ChangeOf(Change change) => new()
    {
        ["add"] = new JsonArray(change.Add.Select(item => (JsonNode)Hex(item)).ToArray()),
        ["remove"] = new JsonArray(change.Remove.Select(item => (JsonNode)new JsonObject { ["leaf"] = item.Leaf, ["identity"] = item.Name }).ToArray()),
        ["psks"] = new JsonArray(change.Psks.Select(id => (JsonNode)Hex(id)).ToArray()),
        ["resumption"] = new JsonArray(change.Resumption.Select(epoch => (JsonNode)epoch).ToArray()),
        ["extensions"] = change.Extension is { } data
            ? new JsonArray(new JsonObject { ["type"] = OurMember.ExtensionType, ["data"] = Hex(data) })
            : null,
    };

    private Task<JsonObject> AskAsync(string operation, params (string Name, JsonNode? Value)[] fields)
    {
        var request = new JsonObject { ["name"] = Name };
        foreach (var (name, value) in fields)
        {
            request[name] = value;
        }

        return peer.AskAsync(operation, request);
    }
}
