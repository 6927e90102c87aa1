using System.CommandLine;
using System.Text.Json.Nodes;
using Interconnect.Endpoint;

namespace Interconnect.Agent.Commands;

/// <summary>Tells who this endpoint is; works offline.</summary>
internal static class WhoAmICommand
{
    public static Command Create(AgentIo io)
    {
        var command = new Command("whoami", "Show this endpoint's identity (offline).");
        command.SetAction(AgentCommandLine.Run(io, async (parsed, output, cancellation) =>
        {
            await using var session = AgentSession.Open(parsed, io);
            Print(output, await session.Client.ProfileAsync(cancellation), "identity");
            return ExitCode.Ok;
        }));
        return command;
    }

    public static void Print(AgentOutput output, Profile profile, string name) => output.Result(
        new JsonObject
        {
            ["event"] = name,
            ["user"] = profile.User.Value,
            ["client"] = profile.Client.Value,
            ["network"] = profile.Network.ToString().ToLowerInvariant(),
            ["address"] = profile.Address,
            ["hub"] = profile.HubDomain?.Value,
            ["keyFingerprint"] = profile.KeyFingerprint,
            ["keyPackages"] = profile.KeyPackages,
            ["createdAt"] = output.Stamp(profile.CreatedAt),
        },
        $"""
        user          {profile.User.Value}
        device        {profile.Client.Value}
        account       {profile.Address} ({profile.Network})
        gateway       {profile.HubDomain?.Value ?? "not reached yet"}
        key           {profile.KeyFingerprint}
        key packages  {profile.KeyPackages}
        made          {output.Time(profile.CreatedAt)}
        """);
}
