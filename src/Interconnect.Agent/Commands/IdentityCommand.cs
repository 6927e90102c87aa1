using System.CommandLine;
using System.Text.Json.Nodes;
using Interconnect.Endpoint;

namespace Interconnect.Agent.Commands;

/// <summary>The user's own identity: shown, recovered by the phrase, or made anew when everything is lost.</summary>
internal static class IdentityCommand
{
    private static readonly Option<bool> Phrase = new("--phrase") { Description = "Show the recovery phrase, while this device still has it" };
    private static readonly Option<PhraseLanguage> Language = AgentSettings.Choice(
        "--language", "The language of its words", new Dictionary<string, PhraseLanguage> { ["english"] = PhraseLanguage.English, ["german"] = PhraseLanguage.German }, PhraseLanguage.English);
    private static readonly Option<bool> Keep = new("--keep") { Description = "Keep the phrase in this device's store, so that it can be shown again" };
    private static readonly Option<bool> Yes = new("--yes") { Description = "Phrase and all devices are really lost" };
    private static readonly Option<double> Timeout = AgentSettings.Timeout(60, "How long to wait for the gateway");

    public static Command Create(AgentIo io)
    {
        var command = new Command("identity", "Your identity: the key that your contacts know you by, and the phrase that it is made of.");
        command.Subcommands.Add(Make(io, "show", "Show the identity and, with --phrase, its recovery phrase (offline).", [Phrase, Language], ShowAsync));
        command.Subcommands.Add(Make(io, "confirm", "Type the phrase back from the paper: it is erased here then (offline).", [Keep], ConfirmAsync));
        command.Subcommands.Add(Make(io, "recover", "Open a new era with the phrase, read from standard input: this device is yours, and no other until you add it.", [Timeout], RecoverAsync));
        command.Subcommands.Add(Make(io, "object", "Say with the phrase, read from standard input, that another identity of yours which was shown is not yours: the gateway lets it wait longer.", [Timeout], ObjectAsync));
        command.Subcommands.Add(Make(io, "reset", "Make a new identity, when phrase and devices are lost. The gateway lets it wait a day and tells everybody; contacts have to confirm it.", [Yes, Language, Timeout], ResetAsync));
        return command;
    }

    public static void Print(AgentOutput output, OwnIdentity identity) => output.Result(
        new JsonObject
        {
            ["event"] = "identity",
            ["fingerprint"] = identity.Fingerprint,
            ["era"] = identity.Era,
            ["version"] = identity.Version,
            ["freshUntil"] = output.Stamp(identity.FreshUntil),
            ["thisDevice"] = identity.Authorised,
            ["phraseKept"] = identity.SeedKept,
            ["conflictAt"] = output.Stamp(identity.ConflictAt),
            ["devices"] = identity.Devices.Count,
        },
        identity.Fingerprint is null
            ? "No list of your devices names this one yet: 'device add' here and 'device authorise' on another one, or 'identity recover' with the phrase."
            : $"""
              identity      {identity.Fingerprint}
              devices       {identity.Devices.Count} (era {identity.Era}, version {identity.Version}){(identity.Authorised ? "" : "; THIS ONE IS NOT ONE OF THEM")}
              fresh until   {(identity.FreshUntil is { } until ? output.Time(until) : "-")}
              phrase        {(identity.SeedKept ? "still here: 'identity show --phrase', write it down, then 'identity confirm'" : "with you alone")}{(identity.ConflictAt is { } at ? $"\nANOTHER IDENTITY of yours was shown at {output.Time(at)}" : "")}
              """);

    private static Command Make(AgentIo io, string name, string description, IEnumerable<Option> options, Func<ParseResult, AgentIo, AgentOutput, CancellationToken, Task> work)
    {
        var command = new Command(name, description);
        foreach (var option in options)
            command.Options.Add(option);

        command.SetAction(AgentCommandLine.Run(io, async (parsed, output, cancellation) =>
        {
            await work(parsed, io, output, cancellation);
            return ExitCode.Ok;
        }));
        return command;
    }

    private static async Task ShowAsync(ParseResult parsed, AgentIo io, AgentOutput output, CancellationToken cancellation)
    {
        await using var session = AgentSession.Open(parsed, io);
        Print(output, await session.Client.IdentityAsync(cancellation));
        if (!parsed.GetValue(Phrase))
            return;

        using var seed = await SeedAsync(session, cancellation);
        PhraseDialogue.Show(output, seed, parsed.GetValue(Language));
    }

    private static async Task ConfirmAsync(ParseResult parsed, AgentIo io, AgentOutput output, CancellationToken cancellation)
    {
        await using var session = AgentSession.Open(parsed, io);
        using var seed = await SeedAsync(session, cancellation);
        if (io.Interactive)
        {
            PhraseDialogue.AskBack(io, output, seed);
        }
        else
        {
            using var typed = PhraseDialogue.Read(io) ?? throw AgentFailure.Usage("The phrase is read from standard input", "Give its 24 words on one line");
            if (!typed.Matches(seed))
                throw new AgentFailure(ExitCode.Blocked, "END-122", "The phrase is of another identity", "Compare every word with what was written down");
        }

        if (!parsed.GetValue(Keep))
            await session.Client.ConfirmSeedAsync(cancellation);

        output.Result(new JsonObject { ["event"] = "phrase-confirmed", ["kept"] = parsed.GetValue(Keep) }, parsed.GetValue(Keep) ? "The phrase is right, and stays here, too." : "The phrase is right; it is with you alone now.");
    }

    private static async Task RecoverAsync(ParseResult parsed, AgentIo io, AgentOutput output, CancellationToken cancellation)
    {
        using var seed = ReadSeed(io, output);
        await using var session = AgentSession.Open(parsed, io);
        await PublishAsync(parsed, io, output, session, async (subscription, token) =>
        {
            // The newest era that the gateway shows is the one to go beyond; what it holds back it cannot use.
            await session.Client.AskDeviceListsAsync(token);
            while (await session.NextAsync(subscription, token) is not EndpointEvent.OwnListsShown)
            {
                // Until it answers.
            }

            return await session.Client.RecoverAsync(seed, [], token);
        }, cancellation);
    }

    private static async Task ObjectAsync(ParseResult parsed, AgentIo io, AgentOutput output, CancellationToken cancellation)
    {
        using var seed = ReadSeed(io, output);
        using var patience = new Patience(parsed.GetValue(Timeout), io.Clock, cancellation);
        await using var session = AgentSession.Open(parsed, io);
        using var subscription = session.Client.Subscribe();
        try
        {
            await session.ConnectAsync(patience.Token);
            if (await session.Client.ObjectAsync(seed, patience.Token) is { } blocked)
                throw new AgentFailure(ExitCode.Blocked, blocked.RuleId, blocked.Reason, blocked.Advice);

            while (true)
            {
                if (await session.NextAsync(subscription, patience.Token) is not EndpointEvent.ObjectionAnswered answered)
                    continue;

                if (answered.Refusal is { } refusal)
                    throw AgentFailure.Of(refusal);

                output.Result(new JsonObject { ["event"] = "objected" }, "The gateway lets the other identity wait longer. Use 'identity recover' if a device of yours is in other hands.");
                return;
            }
        }
        catch (OperationCanceledException) when (patience.IsUp)
        {
            throw AgentFailure.TimedOut("The gateway did not answer in time", "What was saved goes on with the next command that connects");
        }
    }

    private static async Task ResetAsync(ParseResult parsed, AgentIo io, AgentOutput output, CancellationToken cancellation)
    {
        if (!parsed.GetValue(Yes))
            throw AgentFailure.Usage("A new identity makes every contact confirm you anew", "If phrase and devices are really lost, say --yes");

        await using var session = AgentSession.Open(parsed, io);
        await PublishAsync(parsed, io, output, session, (_, token) => session.Client.ResetAsync(token), cancellation);
        using var seed = await SeedAsync(session, cancellation);
        PhraseDialogue.Show(output, seed, parsed.GetValue(Language));
    }

    private static async Task PublishAsync(
        ParseResult parsed, AgentIo io, AgentOutput output, AgentSession session, Func<EventSubscription, CancellationToken, Task<RequestOutcome.Blocked?>> change, CancellationToken cancellation)
    {
        using var patience = new Patience(parsed.GetValue(Timeout), io.Clock, cancellation);
        using var subscription = session.Client.Subscribe();
        try
        {
            await session.ConnectAsync(patience.Token);
            if (await change(subscription, patience.Token) is { } blocked)
                throw new AgentFailure(ExitCode.Blocked, blocked.RuleId, blocked.Reason, blocked.Advice);

            while (true)
            {
                if (await session.NextAsync(subscription, patience.Token) is not EndpointEvent.DeviceListPublished published)
                    continue;

                if (published.Refusal is { RetryAfter: { } wait } later)
                    output.Note($"The gateway lets it wait ({later.RuleId}: {later.Reason}); it is sent again by itself, at {output.Time(io.Clock.GetUtcNow() + wait)}.");
                else if (published.Refusal is { } refusal)
                    throw AgentFailure.Of(refusal);

                Print(output, await session.Client.IdentityAsync(cancellation));
                return;
            }
        }
        catch (OperationCanceledException) when (patience.IsUp)
        {
            throw AgentFailure.TimedOut("The gateway did not answer in time", "What was saved goes on with the next command that connects");
        }
    }

    private static RecoverySeed ReadSeed(AgentIo io, AgentOutput output)
    {
        if (io.Interactive)
            output.Note("Type the recovery phrase (the first four letters of each word are enough), on one line:");

        return PhraseDialogue.Read(io) ?? throw AgentFailure.Usage("The phrase is read from standard input", "Give its 24 words on one line");
    }

    private static async Task<RecoverySeed> SeedAsync(AgentSession session, CancellationToken cancellation) =>
        await session.Client.SeedAsync(cancellation) ?? throw new AgentFailure(ExitCode.Blocked, "END-127", "The phrase is not on this device (any more)", "It is what was written down when the identity was made");
}
