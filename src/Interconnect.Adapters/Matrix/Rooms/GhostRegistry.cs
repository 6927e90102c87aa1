using System.Text.Json.Nodes;
using Interconnect.Adapters.Matrix.Wire;

namespace Interconnect.Adapters.Matrix.Rooms;

/// <summary>Makes sure that users of ours exist at the homeserver before they do anything there.</summary>
internal sealed class GhostRegistry(MatrixConnection connection, MatrixIdentifiers identifiers)
{
    private const int MostKnown = 100_000;
    private readonly Lock gate = new();
    private readonly HashSet<string> registered = [];

    /// <summary>Makes sure that one of ours exists; null when it does, else why not.</summary>
    public async ValueTask<MatrixAnswer?> RegisterAsync(string ghost, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (registered.Contains(ghost))
            {
                return null;
            }
        }

        var body = new JsonObject { ["type"] = "m.login.application_service", ["username"] = MatrixIdentifiers.LocalpartOf(ghost), ["inhibit_login"] = true };
        var answer = await connection.CallAsync(HttpMethod.Post, "_matrix/client/v3/register", body, null, cancellation);
        if (answer is not (MatrixAnswer.Ok or MatrixAnswer.No { ErrorCode: "M_USER_IN_USE" }))
        {
            return answer;
        }

        if (answer is MatrixAnswer.Ok && identifiers.TryGhostUser(ghost, out var user))
        {
            // Only how it looks: a failure changes nothing.
            await connection.CallAsync(HttpMethod.Put, $"_matrix/client/v3/profile/{Uri.EscapeDataString(ghost)}/displayname", new JsonObject { ["displayname"] = $"{user.User}@{user.Domain.Value}" }, ghost, cancellation);
        }

        lock (gate)
        {
            if (registered.Count >= MostKnown)
            {
                registered.Clear();
            }

            registered.Add(ghost);
        }

        return null;
    }
}
