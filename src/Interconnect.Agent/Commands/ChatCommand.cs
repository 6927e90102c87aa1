using System.CommandLine;
using System.Text.Json.Nodes;
using Interconnect.Endpoint;
using Interconnect.Federation;

namespace Interconnect.Agent.Commands;

/// <summary>A conversation line by line: what is typed goes out, what comes is printed.</summary>
internal static class ChatCommand
{
    private static readonly Argument<string> User = new("user") { Description = "mimi://hs.test/u/bob, bob@hs.test or @bob:hs.test" };
    private static readonly Option<bool> AskConsent = new("--ask-consent") { Description = "Where consent is missing, ask for it" };
    private static readonly Option<bool> AutoConsent = new("--auto-consent") { Description = "Allow everybody who asks to write" };

    public static Command Create(AgentIo io)
    {
        var command = new Command("chat", "Write and read line by line; an empty line does nothing, end of input or Ctrl-C ends.") { User, AskConsent, AutoConsent };
        command.SetAction(AgentCommandLine.Run(io, (parsed, output, cancellation) => RunAsync(parsed, io, output, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, AgentIo io, AgentOutput output, CancellationToken cancellation)
    {
        var user = AgentSettings.User(parsed.GetValue(User)!);
        await using var session = AgentSession.Open(parsed, io, new EndpointOptions { AutoConsent = parsed.GetValue(AutoConsent) });
        using var subscription = session.Client.Subscribe();
        await session.ConnectAsync(cancellation);
        if (parsed.GetValue(AskConsent) && (await session.Client.ContactAsync(user, cancellation))?.TheyAllow is not (ConsentState.Granted or ConsentState.Requested))
            await session.Client.ConsentAsync(ConsentOperation.Request, user, cancellation);

        output.Result(new JsonObject { ["event"] = "chatting", ["with"] = user.Value }, $"Writing to {user.Value}. End of input or Ctrl-C ends.");
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var printing = PrintAsync(session, subscription, output, user, ended.Token);
        try
        {
            await TypeAsync(session, io, output, user, printing, cancellation);
        }
        finally
        {
            await ended.CancelAsync();
            await printing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        cancellation.ThrowIfCancellationRequested();
        if (printing.IsFaulted)
            await printing;

        return ExitCode.Ok;
    }

    private static async Task TypeAsync(AgentSession session, AgentIo io, AgentOutput output, UserUri user, Task printing, CancellationToken cancellation)
    {
        string? last = null;
        while (true)
        {
            // A console read cannot be cancelled, so it waits on its own thread and is left behind when something else ends the chat.
            var line = Task.Run(io.In.ReadLine, CancellationToken.None);
            if (await Task.WhenAny(line.WaitAsync(cancellation), printing) == printing)
                return;

            cancellation.ThrowIfCancellationRequested();
            if (await line is not { } text)
                break;

            if (text.Trim().Length == 0)
                continue;

            switch (await session.Client.SendAsync(user, text, cancellation))
            {
                case RequestOutcome.Queued queued:
                    last = queued.Id;
                    break;
                case RequestOutcome.Blocked blocked:
                    output.Result(
                        new JsonObject { ["event"] = "blocked", ["rule"] = blocked.RuleId, ["reason"] = blocked.Reason, ["advice"] = blocked.Advice },
                        $"Not sent: {blocked.RuleId}: {blocked.Reason}. {blocked.Advice}.");
                    break;
            }
        }

        if (last is null)
            return;

        using var patience = new Patience(30, io.Clock, cancellation);
        try
        {
            await session.Client.WaitForAsync(last, message => message.State >= MessageState.Accepted, patience.Token);
        }
        catch (OperationCanceledException) when (patience.IsUp)
        {
            output.Note("The last message was not accepted yet; it is saved and goes on with the next command.");
        }
    }

    private static async Task PrintAsync(AgentSession session, EventSubscription subscription, AgentOutput output, UserUri user, CancellationToken cancellation)
    {
        while (true)
        {
            foreach (var message in (await session.Client.UnshownAsync(cancellation)).Where(message => message.Peer == user))
            {
                EventPrinter.Message(output, message);
                await session.Client.MarkShownAsync(message.Id, cancellation);
            }

            var happened = await session.NextAsync(subscription, cancellation);
            if (happened is EndpointEvent.MessageReceived received && received.Message.Peer != user)
                output.Note($"({received.Message.Peer.Value} wrote; 'listen' shows it)");
            else if (happened is not EndpointEvent.MessageReceived)
                EventPrinter.Print(output, happened);
        }
    }
}
