using System.CommandLine;
using Interconnect.Endpoint;
using Interconnect.Federation;

namespace Interconnect.Agent.Commands;

/// <summary>Sends one message and waits until it is accepted, or further.</summary>
internal static class SendCommand
{
    private static readonly Argument<string> User = new("user") { Description = "mimi://hs.test/u/bob, bob@hs.test or @bob:hs.test" };
    private static readonly Argument<string?> Text = new("text") { Description = "The text; leave it out to read it from standard input", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<MessageState> Wait = AgentSettings.Choice(
        "--wait", "How far to wait: saved on this disk, accepted by the hub, handed over to the other network, delivered to the other user's endpoint",
        new Dictionary<string, MessageState> { ["saved"] = MessageState.Waiting, ["accepted"] = MessageState.Accepted, ["handed-over"] = MessageState.HandedOver, ["delivered"] = MessageState.Delivered },
        MessageState.Accepted);
    private static readonly Option<bool> AskConsent = new("--ask-consent") { Description = "Where consent is missing, ask for it and wait for it first" };
    private static readonly Option<double> Timeout = AgentSettings.Timeout(60, "How long to wait");

    public static Command Create(AgentIo io)
    {
        var command = new Command("send", "Send a message, end-to-end encrypted.") { User, Text, Wait, AskConsent, Timeout };
        command.SetAction(AgentCommandLine.Run(io, (parsed, output, cancellation) => RunAsync(parsed, io, output, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, AgentIo io, AgentOutput output, CancellationToken cancellation)
    {
        var user = AgentSettings.User(parsed.GetValue(User)!);
        var text = parsed.GetValue(Text) ?? (await io.In.ReadToEndAsync(cancellation)).TrimEnd('\r', '\n');
        using var patience = new Patience(parsed.GetValue(Timeout), io.Clock, cancellation);
        await using var session = AgentSession.Open(parsed, io);
        EndpointMessage? last = null;
        try
        {
            await session.ConnectAsync(patience.Token);
            if (parsed.GetValue(AskConsent) && (await session.Client.ContactAsync(user, patience.Token))?.TheyAllow != ConsentState.Granted)
                await ConsentCommand.SayAsync(session, output, ConsentOperation.Request, user, true, patience.Token);

            var outcome = await session.Client.SendAsync(user, text, patience.Token);
            if (outcome is not RequestOutcome.Queued queued)
                throw AgentFailure.Of((RequestOutcome.Blocked)outcome);

            last = await session.Client.MessageAsync(queued.Id, patience.Token);
            var goal = parsed.GetValue(Wait);
            last = await session.Client.WaitForAsync(queued.Id, message => message.State >= goal, patience.Token);
            output.Result(output.Message("sent", last), Describe(output, last));
            return last.State is MessageState.Refused or MessageState.Bounced or MessageState.Expired ? ExitCode.Refused : ExitCode.Ok;
        }
        catch (OperationCanceledException) when (patience.IsUp)
        {
            if (last is not null)
                output.Result(output.Message("sent", await session.Client.MessageAsync(last.Id, cancellation) ?? last), "The message is saved.");

            throw AgentFailure.TimedOut("The message did not get as far as asked in time", last is null ? "Check that the gateway runs and the other user answers" : "It is saved and goes on with the next command; run 'listen' to see");
        }
    }

    private static string Describe(AgentOutput output, EndpointMessage message) => message.State switch
    {
        MessageState.Refused or MessageState.Bounced or MessageState.Expired => $"{AgentOutput.StateName(message.State)}: {message.RuleId}: {message.Reason}",
        MessageState.Delivered => $"delivered {output.Time(message.DeliveredAt ?? message.CreatedAt)}",
        _ => AgentOutput.StateName(message.State) + (message.AcceptedAt is { } at ? $" {output.Time(at)}" : ""),
    };
}
