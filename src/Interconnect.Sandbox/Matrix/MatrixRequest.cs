using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Interconnect.Sandbox;

/// <summary>One request after routing: decoded path parameters, query and body.</summary>
internal sealed record MatrixRequest(string Method, string Path, IReadOnlyList<string> Parameters, IQueryCollection Query, JsonObject Body, string? Token, CancellationToken Cancellation)
{
    /// <summary>Set for every route that needs a caller.</summary>
    public MatrixCaller Caller { get; init; } = null!;
}

/// <summary>One row of the route table; <c>{}</c> in a pattern takes one segment, which is decoded once.</summary>
internal sealed record MatrixRoute(string Method, string Pattern, bool NeedsCaller, Func<MatrixRequest, ValueTask<MatrixAnswer>> Handle)
{
    private readonly string[] segments = Pattern.Split('/');

    public bool TryMatch(string[] path, out List<string> parameters)
    {
        parameters = [];
        if (path.Length != segments.Length)
        {
            return false;
        }

        for (var i = 0; i < path.Length; i++)
        {
            if (segments[i] == "{}")
            {
                parameters.Add(Uri.UnescapeDataString(path[i]));
            }
            else if (segments[i] != path[i])
            {
                return false;
            }
        }

        return true;
    }
}
