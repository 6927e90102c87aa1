using System.CommandLine;

namespace Interconnect.Agent.Commands;

/// <summary>Shows what was written with a user; works offline.</summary>
internal static class MessagesCommand
{
    private static readonly Argument<string> User = new("user") { Description = "mimi://hs.test/u/bob, bob@hs.test or @bob:hs.test" };
    private static readonly Option<bool> Unconfirmed = new("--unconfirmed") { Description = "Show those of keys that nobody confirmed, too; each carries its mark" };

    public static Command Create(AgentIo io)
    {
        var command = new Command("messages", "Show the messages with a user, oldest first (offline).") { User, Unconfirmed };
        command.SetAction(AgentCommandLine.Run(io, async (parsed, output, cancellation) =>
        {
            await using var session = AgentSession.Open(parsed, io);
            foreach (var message in await session.Client.MessagesAsync(AgentSettings.User(parsed.GetValue(User)!), parsed.GetValue(Unconfirmed), cancellation))
                EventPrinter.Message(output, message);

            return ExitCode.Ok;
        }));
        return command;
    }
}
