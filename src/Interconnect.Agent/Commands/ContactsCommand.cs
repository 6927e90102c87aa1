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
                    ["addedAt"] = output.Stamp(contact.AddedAt),
                },
                $"{contact.User.Value}  they allow us: {AgentOutput.ConsentName(contact.TheyAllow)}, we allow them: {AgentOutput.ConsentName(contact.WeAllow)}, devices: {contact.Devices}{(contact.KeyChanged ? ", KEY CHANGED: run 'safety'" : "")}");
        }

        if (contacts.Count == 0)
            output.Note("No contacts yet.");
    }
}
