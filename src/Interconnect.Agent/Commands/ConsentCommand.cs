using System.CommandLine;
using System.Text.Json.Nodes;
using Interconnect.Endpoint;
using Interconnect.Federation;

namespace Interconnect.Agent.Commands;

/// <summary>Asks for, gives and withdraws consent to be contacted.</summary>
internal static class ConsentCommand
{
    private static readonly Argument<string> User = new("user") { Description = "mimi://hs.test/u/bob, bob@hs.test or @bob:hs.test" };
    private static readonly Option<bool> Wait = new("--wait") { Description = "Wait until the other user has answered" };
    private static readonly Option<bool> WaitToBeAsked = new("--wait") { Description = "Wait until the other user has asked, as long as --timeout allows; without it for some seconds, for what waits on the network" };
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);
    private static readonly Option<double> Timeout = AgentSettings.Timeout(60, "How long to wait");

    public static Command Create(AgentIo io)
    {
        var command = new Command("consent", "Ask for consent, give it, withdraw it.");
        var list = new Command("list", "List contacts with consent both ways (offline).");
        list.SetAction(AgentCommandLine.Run(io, async (parsed, output, cancellation) =>
        {
            await using var session = AgentSession.Open(parsed, io);
            await ContactsCommand.PrintAsync(session, output, cancellation);
            return ExitCode.Ok;
        }));
        command.Subcommands.Add(list);
        var request = Create(io, "request", "Ask a user to be allowed to write.", ConsentOperation.Request);
        request.Options.Add(Wait);
        command.Subcommands.Add(request);
        command.Subcommands.Add(Create(io, "cancel", "Take a request back.", ConsentOperation.Cancel));
        var grant = Create(io, "grant", "Allow a user who has asked to write.", ConsentOperation.Grant);
        grant.Options.Add(WaitToBeAsked);
        command.Subcommands.Add(grant);
        command.Subcommands.Add(Create(io, "revoke", "Refuse a user, or withdraw what was granted.", ConsentOperation.Revoke));
        return command;
    }

    /// <summary>Says it and waits for the hub's acceptance, then for the other user where asked to.</summary>
    public static async Task SayAsync(AgentSession session, AgentOutput output, ConsentOperation operation, UserUri user, bool wait, CancellationToken cancellation)
    {
        using var subscription = session.Client.Subscribe();
        if (await session.Client.ConsentAsync(operation, user, cancellation) is RequestOutcome.Blocked blocked)
            throw AgentFailure.Of(blocked);

        var accepted = false;
        while (!accepted || wait)
        {
            switch (await session.NextAsync(subscription, cancellation))
            {
                case EndpointEvent.ConsentAnswered answered when answered.User == user:
                    if (answered.Refusal is { } refusal)
                        throw AgentFailure.Of(refusal);

                    accepted = true;
                    Print(output, "consent-" + operation.ToString().ToLowerInvariant(), user, answered.At, $"Accepted by the gateway: {operation.ToString().ToLowerInvariant()} {user.Value}");
                    break;
                case EndpointEvent.ConsentGranted granted when granted.User == user && wait:
                    Print(output, "consent-granted", user, granted.At, $"{user.Value} allows you to write.");
                    return;
                case EndpointEvent.ConsentRevoked revoked when revoked.User == user && wait:
                    throw new AgentFailure(ExitCode.Refused, "END-101", "The user does not allow contact", "Nothing more can be done from here");
                default:
                    break;
            }
        }
    }

    private static Command Create(AgentIo io, string name, string description, ConsentOperation operation)
    {
        var command = new Command(name, description) { User, Timeout };
        command.SetAction(AgentCommandLine.Run(io, async (parsed, output, cancellation) =>
        {
            var user = AgentSettings.User(parsed.GetValue(User)!);
            using var patience = new Patience(parsed.GetValue(Timeout), io.Clock, cancellation);
            await using var session = AgentSession.Open(parsed, io);
            var asked = operation != ConsentOperation.Grant;
            try
            {
                await session.ConnectAsync(patience.Token);
                if (!asked)
                {
                    await UntilAskedAsync(session, user, parsed.GetValue(WaitToBeAsked) ? System.Threading.Timeout.InfiniteTimeSpan : Grace, io.Clock, patience.Token);
                    asked = true;
                }

                await SayAsync(session, output, operation, user, operation == ConsentOperation.Request && parsed.GetValue(Wait), patience.Token);
                return ExitCode.Ok;
            }
            catch (OperationCanceledException) when (patience.IsUp && !asked)
            {
                throw AgentFailure.TimedOut("This user has not asked in the time given", "Nothing was granted. Let them ask, then grant again, or leave 'listen --auto-consent' running");
            }
            catch (OperationCanceledException) when (patience.IsUp)
            {
                throw AgentFailure.TimedOut("No answer in time", "It is saved and goes on with the next command; run 'listen' to see the answer");
            }
        }));
        return command;
    }

    // What was asked while this endpoint was away comes only after it has connected. When it does not come, granting says that nobody asked.
    private static async Task UntilAskedAsync(AgentSession session, UserUri user, TimeSpan atMost, TimeProvider clock, CancellationToken cancellation)
    {
        using var subscription = session.Client.Subscribe();
        using var grace = new CancellationTokenSource(atMost, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(grace.Token, cancellation);
        try
        {
            while ((await session.Client.ContactAsync(user, either.Token))?.WeAllow is null or ConsentState.None)
            {
                await session.NextAsync(subscription, either.Token);
            }
        }
        catch (OperationCanceledException) when (grace.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            // Nobody asked so far.
        }
    }

    private static void Print(AgentOutput output, string name, UserUri user, DateTimeOffset at, string text) =>
        output.Result(new JsonObject { ["event"] = name, ["user"] = user.Value, ["at"] = output.Stamp(at) }, text);
}
