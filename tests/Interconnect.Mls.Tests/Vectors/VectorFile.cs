using System.Text.Json;
using System.Text.Json.Nodes;
using Interconnect.Testing;

namespace Interconnect.Mls.Tests.Vectors;

/// <summary>An official vector file: an array of cases, byte strings in hex.</summary>
internal static class VectorFile
{
    public static IReadOnlyList<JsonNode> Load(string name) => LoadPath(Path.Combine(SharedFiles.MlsVectors, name));

    public static IReadOnlyList<JsonNode> LoadPath(string path)
    {
        Assert.True(File.Exists(path), $"{path} is missing: the official vectors belong in ../shared/vectors beside the repository.");
        return JsonNode.Parse(File.ReadAllBytes(path), documentOptions: new JsonDocumentOptions { MaxDepth = 128 })!.AsArray().Select(item => item!).ToList();
    }

    public static IReadOnlyList<JsonNode> Items(this JsonNode node, string field) => node[field]!.AsArray().Select(item => item!).ToList();

    public static byte[] Hex(this JsonNode node, string field) => Convert.FromHexString(node[field]!.GetValue<string>());

    public static byte[]? HexOrNull(this JsonNode node, string field) =>
        node[field] is { } value ? Convert.FromHexString(value.GetValue<string>()) : null;

    public static string Text(this JsonNode node, string field) => node[field]!.GetValue<string>();

    public static uint Number(this JsonNode node, string field) => node[field]!.GetValue<uint>();

    public static CipherSuite Suite(this JsonNode node) => CipherSuite.Get((ushort)node.Number("cipher_suite"));

    public static byte[] Utf8(this JsonNode node, string field) => System.Text.Encoding.UTF8.GetBytes(node.Text(field));

    /// <summary>Fails when a file holds another number of cases than it is known to hold, so that an empty file cannot pass.</summary>
    public static void AssertCount(int expected, int actual) => Assert.Equal(expected, actual);
}
