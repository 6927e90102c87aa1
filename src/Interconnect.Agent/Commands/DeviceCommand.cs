using System.CommandLine;
using System.Text.Json.Nodes;
using Interconnect.Endpoint;
using Interconnect.Federation;

namespace Interconnect.Agent.Commands;

/// <summary>The user's own devices: listed, added with a code and digits that the person carries from one to the other, removed, named.</summary>
internal static class DeviceCommand
{
    private static readonly Argument<string> Name = new("device") { Description = "The device's name, as 'device list' shows it" };
    private static readonly Argument<string> Label = new("label") { Description = "What to call it here; empty takes the label away" };
    private static readonly Option<double> Timeout = AgentSettings.Timeout(600, "How long to wait");
    private static readonly TimeSpan SayAgain = TimeSpan.FromSeconds(60);

    public static Command Create(AgentIo io)
    {
        var command = new Command("device", "Your devices.");
        command.Subcommands.Add(Make(io, "list", "List the devices that are yours (offline).", [], [], ListAsync));
        command.Subcommands.Add(Make(io, "add", "On the new device ('init --join'): show a code and digits, and wait until another device has added it.", [], [Timeout], AddAsync));
        command.Subcommands.Add(Make(io, "authorise", "On a device you have: give the code and the digits that the new device shows, read from standard input.", [], [Timeout], AuthoriseAsync));
        command.Subcommands.Add(Make(io, "remove", "Take a device out of the list and out of every room.", [Name], [Timeout], RemoveAsync));
        command.Subcommands.Add(Make(io, "rename", "Call a device something, on this one alone (offline).", [Name, Label], [], RenameAsync));
        return command;
    }

    private static Command Make(
        AgentIo io, string name, string description, IEnumerable<Argument> arguments, IEnumerable<Option> options, Func<ParseResult, AgentIo, AgentOutput, CancellationToken, Task> work)
    {
        var command = new Command(name, description);
        foreach (var argument in arguments)
            command.Arguments.Add(argument);

        foreach (var option in options)
            command.Options.Add(option);

        command.SetAction(AgentCommandLine.Run(io, async (parsed, output, cancellation) =>
        {
            await work(parsed, io, output, cancellation);
            return ExitCode.Ok;
        }));
        return command;
    }

    private static async Task ListAsync(ParseResult parsed, AgentIo io, AgentOutput output, CancellationToken cancellation)
    {
        await using var session = AgentSession.Open(parsed, io);
        Print(output, await session.Client.IdentityAsync(cancellation));
    }

    private static void Print(AgentOutput output, OwnIdentity identity)
    {
        foreach (var device in identity.Devices)
        {
            output.Result(
                new JsonObject
                {
                    ["event"] = "device",
                    ["client"] = device.Client.Value,
                    ["device"] = device.Client.Device,
                    ["label"] = device.Label,
                    ["kind"] = device.Kind.ToString().ToLowerInvariant(),
                    ["authorises"] = device.Authorises,
                    ["addedAt"] = output.Stamp(device.AddedAt),
                    ["this"] = device.IsThis,
                },
                $"{AgentOutput.Harmless(device.Client.Device)}{(device.Label is { } label ? $" ({AgentOutput.Harmless(label)})" : "")}  since {output.Time(device.AddedAt)}{(device.Authorises ? "" : ", may not change the list")}{(device.IsThis ? ", this one" : "")}");
        }

        if (identity.Devices.Count == 0)
            output.Note("No list of your devices is known here yet.");
    }

    // The new device: whoever answers has the code, which only the person carried; whoever is answered shows the digits that the person typed.
    private static async Task AddAsync(ParseResult parsed, AgentIo io, AgentOutput output, CancellationToken cancellation)
    {
        using var patience = new Patience(parsed.GetValue(Timeout), io.Clock, cancellation);
        await using var session = AgentSession.Open(parsed, io);
        if ((await session.Client.IdentityAsync(cancellation)).Authorised)
            throw new AgentFailure(ExitCode.Blocked, "END-125", "This device is one of its user's devices already", "Nothing needs to be done");

        using var subscription = session.Client.Subscribe();
        try
        {
            await session.ConnectAsync(patience.Token);
            var user = (await session.Client.ProfileAsync(patience.Token)).User;
            using var link = NewDeviceLink.Start(user, session.Client.NewDeviceEntry().Encode(), io.Clock);
            output.Result(
                new JsonObject { ["event"] = "device-code", ["code"] = link.Code.Reveal(), ["digits"] = link.Digits.Value, ["expiresAt"] = output.Stamp(link.ExpiresAt) },
                $"On a device that you have, run 'device authorise' and give it\n    code    {link.Code.Reveal()}\n    digits  {link.Digits.Value}\nbefore {output.Time(link.ExpiresAt)}. Never give them to anybody else.");
            await session.Client.SendLinkAsync(link.Request, patience.Token);
            await WaitForAnswerAsync(io, session, link, subscription, patience.Token);
            while (await session.NextAsync(subscription, patience.Token) is not EndpointEvent.KeysPublished { Refusal: null })
            {
                // The list goes out first, then the keys.
            }

            Print(output, await session.Client.IdentityAsync(cancellation));
        }
        catch (OperationCanceledException) when (patience.IsUp)
        {
            throw AgentFailure.TimedOut("No device has added this one", "Run it again, with a new code");
        }
    }

    private static async Task WaitForAnswerAsync(AgentIo io, AgentSession session, NewDeviceLink link, EventSubscription subscription, CancellationToken cancellation)
    {
        var again = io.Clock.GetUtcNow() + SayAgain;
        while (link.IsOpen)
        {
            using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            using var timer = new CancellationTokenSource(TimeSpan.FromSeconds(1), io.Clock);
            using var joined = timer.Token.Register(soon.Cancel);
            try
            {
                if (await session.NextAsync(subscription, soon.Token) is not EndpointEvent.DeviceLinkReceived received || link.Accept(received.Message.Span) is not LinkReply.Added { Lists: var lists })
                    continue;

                if (await session.Client.AdoptAsync(lists, cancellation) is { } refused)
                    throw new AgentFailure(ExitCode.Blocked, refused.RuleId, refused.Reason, refused.Advice);

                return;
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // The other device may have been away; what it has already it passes over.
                if (io.Clock.GetUtcNow() >= again)
                {
                    again = io.Clock.GetUtcNow() + SayAgain;
                    await session.Client.SendLinkAsync(link.Request, cancellation);
                }
            }
        }

        throw AgentFailure.TimedOut("The code has run out, or was used with wrong answers", "Run it again, with a new code");
    }

    private static async Task AuthoriseAsync(ParseResult parsed, AgentIo io, AgentOutput output, CancellationToken cancellation)
    {
        using var code = LinkCode.TryParse(Ask(io, output, "The code that the new device shows:"), out var read, out var error) ? read : throw new AgentFailure(ExitCode.Usage, error.RuleId, error.Reason, "Read it from the new device again");
        var digits = EntryDigits.TryParse(Ask(io, output, "The eight digits that it shows (read them there, and nowhere else):"), out var typed, out error) ? typed : throw new AgentFailure(ExitCode.Usage, error.RuleId, error.Reason, "Read them from the new device again");
        using var patience = new Patience(parsed.GetValue(Timeout), io.Clock, cancellation);
        await using var session = AgentSession.Open(parsed, io);
        using var subscription = session.Client.Subscribe();
        try
        {
            await session.ConnectAsync(patience.Token);
            while (await session.Client.AuthoriseLinkAsync(code, digits, patience.Token) is { } refused)
            {
                // The request may still be on its way; anything else is final.
                if (refused.RuleId != "END-124")
                    throw new AgentFailure(ExitCode.Blocked, refused.RuleId, refused.Reason, refused.Advice);

                while (await session.NextAsync(subscription, patience.Token) is not EndpointEvent.DeviceLinkReceived)
                {
                    // Until a device asks.
                }
            }

            await SettleAsync(session, io, subscription, patience.Token);
            Print(output, await session.Client.IdentityAsync(cancellation));
        }
        catch (OperationCanceledException) when (patience.IsUp)
        {
            throw AgentFailure.TimedOut("No device asked to be added, or the gateway did not answer", "Keep 'device add' running on the new device, and run this again");
        }
    }

    private static async Task RemoveAsync(ParseResult parsed, AgentIo io, AgentOutput output, CancellationToken cancellation)
    {
        using var patience = new Patience(parsed.GetValue(Timeout), io.Clock, cancellation);
        await using var session = AgentSession.Open(parsed, io);
        var device = await FindAsync(session, parsed.GetValue(Name)!, cancellation);
        using var subscription = session.Client.Subscribe();
        try
        {
            await session.ConnectAsync(patience.Token);
            if (await session.Client.RemoveDeviceAsync(device, patience.Token) is { } refused)
                throw new AgentFailure(ExitCode.Blocked, refused.RuleId, refused.Reason, refused.Advice);

            await SettleAsync(session, io, subscription, patience.Token);
            Print(output, await session.Client.IdentityAsync(cancellation));
        }
        catch (OperationCanceledException) when (patience.IsUp)
        {
            throw AgentFailure.TimedOut("The gateway did not answer in time", "The removal is saved and goes on with the next command that connects");
        }
    }

    private static async Task RenameAsync(ParseResult parsed, AgentIo io, AgentOutput output, CancellationToken cancellation)
    {
        var label = parsed.GetValue(Label)!;
        if (label.Length > 100 || label.Any(char.IsControl))
            throw AgentFailure.Usage("A label has at most 100 characters and no control characters", "Choose another one");

        await using var session = AgentSession.Open(parsed, io);
        await session.Client.LabelDeviceAsync(await FindAsync(session, parsed.GetValue(Name)!, cancellation), label, cancellation);
        Print(output, await session.Client.IdentityAsync(cancellation));
    }

    /// <summary>Done is when the hub has the list and whatever else this step put on its way.</summary>
    private static async Task SettleAsync(AgentSession session, AgentIo io, EventSubscription subscription, CancellationToken cancellation)
    {
        while (await session.NextAsync(subscription, cancellation) is var happened)
        {
            if (happened is EndpointEvent.DeviceListPublished { Refusal: { } refusal })
                throw AgentFailure.Of(refusal);

            if (happened is EndpointEvent.DeviceListPublished)
                break;
        }

        // Not every answer is an event.
        while (await session.Client.OutboxCountAsync(cancellation) > 0)
            await Task.Delay(TimeSpan.FromMilliseconds(50), io.Clock, cancellation);
    }

    private static async Task<ClientUri> FindAsync(AgentSession session, string name, CancellationToken cancellation) =>
        (await session.Client.IdentityAsync(cancellation)).Devices.FirstOrDefault(d => d.Client.Device == name || d.Client.Value == name)?.Client
            ?? throw new AgentFailure(ExitCode.Blocked, "END-120", "The list has no such device", "See 'device list'");

    private static string Ask(AgentIo io, AgentOutput output, string question)
    {
        if (io.Interactive)
            output.Note(question);

        return io.In.ReadLine() ?? throw AgentFailure.Usage("Code and digits are read from standard input, a line each", "Give both");
    }
}
