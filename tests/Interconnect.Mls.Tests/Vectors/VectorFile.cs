using System.Text.Json;
using System.Text.Json.Nodes;
using Interconnect.Testing;

namespace Interconnect.Mls.Tests.Vectors;

/// <summary>
/// The official vector files: arrays of cases, byte strings in hex. They are found by name in vectors/mls beside the repository and all
/// folders below it, so that a new file needs no code: `treekem.json` and `treekem-*.json` are of the kind treekem. Where
/// INTERCONNECT_VECTORS names a folder of MLS vectors alone, the kinds that it has are taken from there. Passive clients are
/// `passive-client-*.json` and, whatever its name, every other file whose cases have that form, as those of interop/passive do.
/// </summary>
internal static class VectorFile
{
    public const string PassiveClient = "passive-client";

    private static readonly string[] Kinds =
    [
        "crypto-basics", "deserialization", "key-schedule", "message-protection", "messages", "psk_secret", "secret-tree", "transcript-hashes",
        "tree-math", "tree-operations", "tree-validation", "treekem", "welcome", PassiveClient,
    ];

    private static readonly string Default = SharedFiles.PathOf("vectors/mls");

    /// <summary>Paths of all files of a kind, from the folder they are looked for in.</summary>
    public static IReadOnlyList<string> Of(string kind) => Others(kind) is { Count: > 0 } others ? others : Find(Default, kind);

    /// <summary>Why the files of a kind cannot be tested here, or null when they can.</summary>
    public static string? WhyNot(string kind)
    {
        string[] official = kind == PassiveClient ? [PassiveClient + "-welcome", PassiveClient + "-handling-commit"] : [kind];
        return Others(kind).Count > 0 ? null : SharedFiles.WhyNot([.. official.Select(name => $"vectors/mls/{name}.json")]);
    }

    public static IReadOnlyList<JsonNode> Load(string path)
    {
        var cases = JsonNode.Parse(File.ReadAllBytes(path), documentOptions: new JsonDocumentOptions { MaxDepth = 128 })!.AsArray().Select(item => item!).ToList();
        Assert.NotEmpty(cases);
        return cases;
    }

    public static IReadOnlyList<JsonNode> Items(this JsonNode node, string field) => node[field]!.AsArray().Select(item => item!).ToList();

    public static byte[] Hex(this JsonNode node, string field) => Convert.FromHexString(node[field]!.GetValue<string>());

    public static byte[]? HexOrNull(this JsonNode node, string field) =>
        node[field] is { } value ? Convert.FromHexString(value.GetValue<string>()) : null;

    public static string Text(this JsonNode node, string field) => node[field]!.GetValue<string>();

    public static uint Number(this JsonNode node, string field) => node[field]!.GetValue<uint>();

    public static CipherSuite Suite(this JsonNode node) => CipherSuite.Get((ushort)node.Number("cipher_suite"));

    public static byte[] Utf8(this JsonNode node, string field) => System.Text.Encoding.UTF8.GetBytes(node.Text(field));

    /// <summary>Fails when a file of the default folder holds another number of cases than it is known to hold, so that a cut one cannot pass.</summary>
    public static void AssertCount(string path, int expected, int actual)
    {
        Assert.True(actual > 0);
        if (Path.GetDirectoryName(path) == Default && Kinds.Contains(Path.GetFileNameWithoutExtension(path)))
        {
            Assert.Equal(expected, actual);
        }
    }

    private static List<string> Others(string kind) => SharedFiles.OtherMlsVectors is { } folder ? Find(folder, kind) : [];

    private static List<string> Find(string folder, string kind) => !Directory.Exists(folder)
        ? []
        : Directory.GetFiles(folder, "*.json", SearchOption.AllDirectories).Where(path => KindOf(path) == kind).Order(StringComparer.Ordinal).ToList();

    private static string? KindOf(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        return Kinds.FirstOrDefault(kind => name == kind || name.StartsWith(kind + "-", StringComparison.Ordinal)) ?? (HoldsPassiveClients(path) ? PassiveClient : null);
    }

    private static bool HoldsPassiveClients(string path)
    {
        var text = File.ReadAllText(path);
        return new[] { "key_package", "init_priv", "encryption_priv", "signature_priv", "welcome", "initial_epoch_authenticator", "epochs" }
            .All(field => text.Contains($"\"{field}\"", StringComparison.Ordinal));
    }
}
