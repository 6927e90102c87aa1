using System.CommandLine;
using System.Text.Json.Nodes;
using Interconnect.Endpoint;

namespace Interconnect.Agent.Commands;

/// <summary>Shows the safety number with a user and confirms changed keys; works offline.</summary>
internal static class SafetyCommand
{
    private static readonly Argument<string> User = new("user") { Description = "mimi://hs.test/u/bob, bob@hs.test or @bob:hs.test" };
    private static readonly Option<bool> Confirm = new("--confirm") { Description = "The number was compared and is the same at both ends: take the changed keys" };

    public static Command Create(AgentIo io)
    {
        var command = new Command("safety", "Show the safety number with a user: the same at both ends when nobody sits between (offline).") { User, Confirm };
        command.SetAction(AgentCommandLine.Run(io, async (parsed, output, cancellation) =>
        {
            var user = AgentSettings.User(parsed.GetValue(User)!);
            await using var session = AgentSession.Open(parsed, io);
            if (await session.Client.SafetyNumberAsync(user, cancellation) is not { } number)
                throw new AgentFailure(ExitCode.Blocked, "END-108", "No key of this user is known yet", "Exchange consents or a message first");

            var confirmed = parsed.GetValue(Confirm) && await session.Client.ConfirmKeysAsync(user, cancellation);
            var changed = (await session.Client.ContactAsync(user, cancellation))?.KeyChanged ?? false;
            Print(output, user.Value, number, changed, confirmed);
            return ExitCode.Ok;
        }));
        return command;
    }

    private static void Print(AgentOutput output, string user, SafetyNumber number, bool changed, bool confirmed)
    {
        var groups = number.Groups;
        var lines = Enumerable.Range(0, 3).Select(i => "    " + string.Join(' ', groups.Skip(i * 4).Take(4)));
        var remark = confirmed ? "\nThe changed keys are confirmed." : changed ? "\nA KEY CHANGED and is not confirmed; this is the number with the new one." : "";
        output.Result(
            new JsonObject { ["event"] = "safety", ["user"] = user, ["number"] = number.Digits, ["groups"] = new JsonArray([.. groups.Select(group => (JsonNode)group)]), ["keyChanged"] = changed, ["confirmed"] = confirmed },
            $"Safety number with {user}; compare it over another way:\n{string.Join('\n', lines)}{remark}");
    }
}
