using System.CommandLine;
using System.Text.Json.Nodes;

namespace Interconnect.Agent.Commands;

/// <summary>Lists who is known; works offline.</summary>
internal static class ContactsCommand
{
    public static Command Create(AgentIo io)
    {
        var command = new Command("contacts", "List contacts with consent both ways (offline).");
        command.SetAction(AgentCommandLine.Run(io, async (parsed, output, cancellation) =>
        {
            await using var session = AgentSession.Open(parsed, io);
            await PrintAsync(session, output, cancellation);
            return ExitCode.Ok;
        }));
        command.Subcommands.Add(Renew(io));
        return command;
    }

    private static Command Renew(AgentIo io)
    {
        var user = new Argument<string>("user") { Description = "mimi://hs.test/u/bob, bob@hs.test or @bob:hs.test" };
        var command = new Command("renew", "Leave a room that stands still; the next message makes a new one (offline).") { user };
        command.SetAction(AgentCommandLine.Run(io, async (parsed, output, cancellation) =>
        {
            var who = AgentSettings.User(parsed.GetValue(user)!);
            await using var session = AgentSession.Open(parsed, io);
            if (!await session.Client.RenewRoomAsync(who, cancellation))
                throw new AgentFailure(ExitCode.Blocked, "END-126", "No room with this user stands still", "Nothing needs to be done");

            output.Result(new JsonObject { ["event"] = "renewed", ["user"] = who.Value }, $"The next message to {who.Value} makes a new room.");
            return ExitCode.Ok;
        }));
        return command;
    }

    public static async Task PrintAsync(AgentSession session, AgentOutput output, CancellationToken cancellation)
    {
        var contacts = await session.Client.ContactsAsync(cancellation);
        foreach (var contact in contacts)
        {
            output.Result(
                new JsonObject
                {
                    ["event"] = "contact",
                    ["user"] = contact.User.Value,
                    ["theyAllow"] = AgentOutput.ConsentName(contact.TheyAllow),
                    ["weAllow"] = AgentOutput.ConsentName(contact.WeAllow),
                    ["devices"] = contact.Devices,
                    ["keyChanged"] = contact.KeyChanged,
                    ["verified"] = contact.Verified,
                    ["forked"] = contact.Forked,
                    ["addedAt"] = output.Stamp(contact.AddedAt),
                },
                $"{contact.User.Value}  they allow us: {AgentOutput.ConsentName(contact.TheyAllow)}, we allow them: {AgentOutput.ConsentName(contact.WeAllow)}, devices: {contact.Devices}{(contact.Forked ? ", DEVICE LISTS CONTRADICT EACH OTHER" : contact.KeyChanged ? ", ANOTHER IDENTITY WAS SHOWN: run 'safety'" : contact.Verified ? ", verified" : "")}");
        }

        if (contacts.Count == 0)
            output.Note("No contacts yet.");
    }
}
