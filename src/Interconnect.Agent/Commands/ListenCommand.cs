using System.CommandLine;
using System.Text.Json.Nodes;
using Interconnect.Endpoint;

namespace Interconnect.Agent.Commands;

/// <summary>Stays connected and prints what comes: messages (those saved earlier and not shown first), consents, deliveries.</summary>
internal static class ListenCommand
{
    private static readonly Option<bool> AutoConsent = new("--auto-consent") { Description = "Allow everybody who asks to write" };
    private static readonly Option<int> Count = new("--count") { Description = "End after this many messages; 0 = never", DefaultValueFactory = _ => 0 };
    private static readonly Option<double> Timeout = AgentSettings.Timeout(0, "End after this long");

    public static Command Create(AgentIo io)
    {
        var command = new Command("listen", "Receive: print messages, consents and deliveries as they come.") { AutoConsent, Count, Timeout };
        command.SetAction(AgentCommandLine.Run(io, (parsed, output, cancellation) => RunAsync(parsed, io, output, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, AgentIo io, AgentOutput output, CancellationToken cancellation)
    {
        var count = parsed.GetValue(Count);
        using var patience = new Patience(parsed.GetValue(Timeout), io.Clock, cancellation);
        await using var session = AgentSession.Open(parsed, io, new EndpointOptions { AutoConsent = parsed.GetValue(AutoConsent) });
        using var subscription = session.Client.Subscribe();
        try
        {
            await session.ConnectAsync(patience.Token);
            if (parsed.GetValue(AutoConsent))
                await GrantAskedAsync(session, patience.Token);

            var profile = await session.Client.ProfileAsync(patience.Token);
            output.Result(new JsonObject { ["event"] = "listening", ["user"] = profile.User.Value, ["at"] = output.Stamp(io.Clock.GetUtcNow()) }, $"{output.Time(io.Clock.GetUtcNow())}  listening as {profile.User.Value}; Ctrl-C ends");
            var shown = await ShowAsync(session, output, count, 0, patience.Token);
            while (count == 0 || shown < count)
            {
                var happened = await session.NextAsync(subscription, patience.Token);
                if (happened is EndpointEvent.MessageReceived)
                    shown = await ShowAsync(session, output, count, shown, patience.Token);
                else
                    EventPrinter.Print(output, happened);
            }

            await SettleAsync(session, subscription, io, cancellation);
            return ExitCode.Ok;
        }
        catch (OperationCanceledException) when (patience.IsUp)
        {
            if (count == 0)
                return ExitCode.Ok;

            throw AgentFailure.TimedOut("Fewer messages came than asked for", "Run it again; nothing is lost");
        }
    }

    /// <summary>Printed, then noted as shown: a crash between prints one again rather than none.</summary>
    private static async Task<int> ShowAsync(AgentSession session, AgentOutput output, int count, int shown, CancellationToken cancellation)
    {
        foreach (var message in await session.Client.UnshownAsync(cancellation))
        {
            if (count > 0 && shown >= count)
                break;

            EventPrinter.Message(output, message);
            await session.Client.MarkShownAsync(message.Id, cancellation);
            shown++;
        }

        return shown;
    }

    private static async Task GrantAskedAsync(AgentSession session, CancellationToken cancellation)
    {
        foreach (var contact in await session.Client.ContactsAsync(cancellation))
        {
            if (contact.WeAllow == ConsentState.Requested)
                await session.Client.ConsentAsync(Federation.ConsentOperation.Grant, contact.User, cancellation);
        }
    }

    /// <summary>Lets the delivery statuses of what was just read go out; they are saved, so a few seconds are enough of patience.</summary>
    private static async Task SettleAsync(AgentSession session, EventSubscription subscription, AgentIo io, CancellationToken cancellation)
    {
        using var patience = new Patience(5, io.Clock, cancellation);
        try
        {
            while (await session.Client.OutboxCountAsync(patience.Token) > 0)
                await Task.Delay(TimeSpan.FromMilliseconds(50), io.Clock, patience.Token);
        }
        catch (OperationCanceledException) when (patience.IsUp)
        {
            // They go out with the next command.
        }
    }
}
