using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interconnect.Sandbox;

/// <summary>JSON as Matrix wants it: UTF-8 unescaped, whole numbers only, bounded depth.</summary>
internal static class MatrixJson
{
    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Bytes(JsonNode node) => JsonSerializer.SerializeToUtf8Bytes(node, Compact);

    /// <summary>The object in a body; an empty body is an empty object.</summary>
    public static MatrixAnswer? TryRead(ReadOnlySpan<byte> body, out JsonObject json)
    {
        json = [];
        if (body.IsEmpty)
        {
            return null;
        }

        try
        {
            if (JsonNode.Parse(body, null, new JsonDocumentOptions { MaxDepth = 64 }) is not JsonObject parsed)
            {
                return MatrixAnswer.Fail(400, "M_NOT_JSON", "The body is not a JSON object");
            }

            parsed.GetEnumerator().Dispose();
            json = parsed;
            return HasFraction(parsed) ? MatrixAnswer.BadJson("Bad JSON value: float") : null;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            return MatrixAnswer.Fail(400, "M_NOT_JSON", "Content not JSON.");
        }
    }

    public static string? Text(this JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public static bool? Flag(this JsonNode? node) => node is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : null;

    public static long? Number(this JsonNode? node) =>
        node is not JsonValue value ? null : value.TryGetValue<long>(out var number) ? number : value.TryGetValue<int>(out var small) ? small : null;

    public static IEnumerable<string> Texts(this JsonNode? node) => node is JsonArray array ? array.Select(Text).OfType<string>() : [];

    private static bool HasFraction(JsonNode? node) => node switch
    {
        JsonObject o => o.Any(p => HasFraction(p.Value)),
        JsonArray a => a.Any(HasFraction),
        JsonValue v when v.GetValueKind() == JsonValueKind.Number => !v.TryGetValue<long>(out _),
        _ => false,
    };
}
