using System.Text.Json.Nodes;

namespace Interconnect.Sandbox;

/// <summary>An HTTP answer: JSON with Matrix's error codes where it is a refusal.</summary>
internal sealed record MatrixAnswer(int Status, JsonNode Body)
{
    public static MatrixAnswer Ok(JsonNode? body = null) => new(200, body ?? new JsonObject());

    public static MatrixAnswer Fail(int status, string code, string error) => new(status, new JsonObject { ["errcode"] = code, ["error"] = error });

    public static MatrixAnswer Forbidden(string error) => Fail(403, "M_FORBIDDEN", error);

    public static MatrixAnswer NotFound(string error) => Fail(404, "M_NOT_FOUND", error);

    public static MatrixAnswer BadJson(string error) => Fail(400, "M_BAD_JSON", error);

    public static MatrixAnswer Full() => Fail(403, "M_RESOURCE_LIMIT_EXCEEDED", "The simulated homeserver is full");
}
