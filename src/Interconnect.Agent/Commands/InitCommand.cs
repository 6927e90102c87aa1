using System.CommandLine;
using System.Text.Json.Nodes;
using Interconnect.Endpoint;

namespace Interconnect.Agent.Commands;

/// <summary>Makes a store and an identity, logs in and publishes key packages.</summary>
internal static class InitCommand
{
    private static readonly Option<TransportKind> Network = AgentSettings.Choice(
        "--network", "The network of the account", new Dictionary<string, TransportKind> { ["xmpp"] = TransportKind.Xmpp, ["matrix"] = TransportKind.Matrix });
    private static readonly Option<string> Address = new("--address") { Description = "The account: alice@a.test (XMPP) or @bob:hs.test (Matrix)", Required = true };
    private static readonly Option<string?> PasswordFile = new("--password-file") { Description = $"File whose first line is the account's password, mode 0600 (or set ${AgentSettings.PasswordVariable})" };
    private static readonly Option<string?> Server = new("--server") { Description = "XMPP: host:port [default: the address's domain, 5222]; Matrix: base URL [default: https and the address's domain]" };
    private static readonly Option<string?> Gateway = new("--gateway") { Description = "XMPP: the gateway's component [default: gw. and the domain]; Matrix: its user [default: @gwbot: and the domain]" };
    private static readonly Option<string?> TlsAuthority = new("--tls-ca") { Description = "PEM file of certificates to trust instead of the system's" };
    private static readonly Option<bool> InsecureLoopback = new("--insecure-loopback") { Description = "Go without TLS; only for a server on this machine" };
    private static readonly Option<string?> Device = new("--device") { Description = "A name for this device [default: random]" };
    private static readonly Option<string?> KeyFileToMake = new("--new-key-file") { Description = "Write a new key file here and protect the store with it" };
    private static readonly Option<bool> Offline = new("--offline") { Description = "Do not log in now; the first command that does publishes the keys" };
    private static readonly Option<bool> Join = new("--join") { Description = "A further device of somebody who has an identity: made here, added with 'device add' or 'identity recover'" };
    private static readonly Option<PhraseLanguage> Language = AgentSettings.Choice(
        "--language", "The language of the recovery phrase", new Dictionary<string, PhraseLanguage> { ["english"] = PhraseLanguage.English, ["german"] = PhraseLanguage.German }, PhraseLanguage.English);
    private static readonly Option<double> Timeout = AgentSettings.Timeout(60, "How long to wait for the gateway");

    public static Command Create(AgentIo io)
    {
        var command = new Command("init", "Make a new endpoint: keys in an encrypted store, published through the gateway.")
        {
            Network, Address, PasswordFile, Server, Gateway, TlsAuthority, InsecureLoopback, Device, KeyFileToMake, Offline, Join, Language, Timeout,
        };
        command.SetAction(AgentCommandLine.Run(io, (parsed, output, cancellation) => RunAsync(parsed, io, output, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, AgentIo io, AgentOutput output, CancellationToken cancellation)
    {
        var home = AgentSettings.HomeFolder(parsed, io);
        var account = new TransportAccount
        {
            Kind = parsed.GetValue(Network),
            Address = parsed.GetValue(Address)!,
            Password = AgentSettings.Password(parsed.GetValue(PasswordFile), io),
            Server = parsed.GetValue(Server),
            Gateway = parsed.GetValue(Gateway),
            TlsAuthorityFile = parsed.GetValue(TlsAuthority) is { } file ? Path.GetFullPath(file) : null,
            InsecureLoopback = parsed.GetValue(InsecureLoopback),
        };
        if (EndpointStore.Exists(home))
            throw new AgentFailure(ExitCode.Store, "STO-002", "This folder holds a store already", "Choose another --home, or remove the old store if its keys are really not needed any more");

        // From here on what this command made is taken away again, unless a whole store is there to need it.
        using var made = parsed.GetValue(KeyFileToMake) is { } path ? NewKeyFile.Create(path) : null;
        using var given = made is null ? AgentSettings.Key(parsed, io) : null;
        var store = EndpointStore.Create(home, made?.Key ?? given!) switch
        {
            StoreOpening.Opened opened => opened.Store,
            StoreOpening.Failed failed => throw AgentFailure.Of(failed.Error),
            _ => throw new InvalidOperationException("StoreOpening is a closed set."),
        };

        var join = parsed.GetValue(Join);
        if ((join ? EndpointClient.InitialiseFurtherDevice(store, account, parsed.GetValue(Device), io.Clock) : EndpointClient.Initialise(store, account, parsed.GetValue(Device), io.Clock)) is { } blocked)
        {
            store.Dispose();
            Remove(home);
            throw AgentFailure.Usage(blocked.Reason, blocked.Advice);
        }

        made?.Keep();
        await using var session = AgentSession.Load(store, io, new EndpointOptions());
        if (!parsed.GetValue(Offline) && !join)
        {
            try
            {
                await PublishAsync(session, io, parsed.GetValue(Timeout), cancellation);
            }
            catch (AgentFailure failure) when (failure.ExitCode is ExitCode.Network or ExitCode.Usage)
            {
                // An account that does not work would only be in the way of the next attempt.
                await session.DisposeAsync();
                Remove(home);
                made?.Drop();
                throw new AgentFailure(failure.ExitCode, failure.RuleId, failure.Reason, failure.Advice + ". No store was kept");
            }
        }

        WhoAmICommand.Print(output, await session.Client.ProfileAsync(cancellation), "initialised");
        if (!join)
            await WriteDownAsync(session, io, output, parsed.GetValue(Language), cancellation);

        return ExitCode.Ok;
    }

    /// <summary>A person writes the phrase down and types it back. Where nobody can be asked it stays in the store until somebody does.</summary>
    private static async Task WriteDownAsync(AgentSession session, AgentIo io, AgentOutput output, PhraseLanguage language, CancellationToken cancellation)
    {
        if (!io.Interactive)
        {
            output.Note("The recovery phrase is in the store: 'identity show --phrase', write it down, then 'identity confirm'.");
            return;
        }

        using var seed = await session.Client.SeedAsync(cancellation);
        if (seed is null)
            return;

        PhraseDialogue.Show(output, seed, language);
        PhraseDialogue.AskBack(io, output, seed);
        await session.Client.ConfirmSeedAsync(cancellation);
    }

    private static async Task PublishAsync(AgentSession session, AgentIo io, double seconds, CancellationToken cancellation)
    {
        using var patience = new Patience(seconds, io.Clock, cancellation);
        using var subscription = session.Client.Subscribe();
        try
        {
            await session.ConnectAsync(patience.Token);
            while (true)
            {
                var happened = await session.NextAsync(subscription, patience.Token);
                if (happened is EndpointEvent.DeviceListPublished { Refusal: { } unlisted })
                    throw AgentFailure.Of(unlisted);

                if (happened is EndpointEvent.KeysPublished published)
                {
                    if (published.Refusal is { } refusal)
                        throw AgentFailure.Of(refusal);

                    return;
                }
            }
        }
        catch (OperationCanceledException) when (patience.IsUp)
        {
            throw AgentFailure.TimedOut("The gateway did not answer in time; the store is kept", "Check --gateway and that the gateway runs; the next command that connects publishes the keys again");
        }
    }

    private static void Remove(string home)
    {
        foreach (var suffix in (string[])["", "-journal", "-wal", "-shm"])
            File.Delete(Path.Combine(home, EndpointStore.FileName + suffix));
    }
}
