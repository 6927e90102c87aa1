using System.CommandLine;
using Interconnect.Agent.Commands;
using Interconnect.Endpoint;

namespace Interconnect.Agent;

/// <summary>The command line of <c>interconnect-agent</c>.</summary>
internal static class AgentCommandLine
{
    public static async Task<int> RunAsync(string[] args, AgentIo io, CancellationToken cancellation)
    {
        // A Matrix user begins with @, which would be read as the name of a file of arguments.
        var parsed = Build(io).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                await io.Error.WriteLineAsync(error.Message);

            await io.Error.WriteLineAsync("Run with --help for what can be given.");
            return ExitCode.Usage;
        }

        var configuration = new InvocationConfiguration { Output = io.Out, Error = io.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(10) };
        return await parsed.InvokeAsync(configuration, cancellation);
    }

    /// <summary>Wraps a command's work: failures become exit codes with words, nothing else does.</summary>
    public static Func<ParseResult, CancellationToken, Task<int>> Run(AgentIo io, Func<ParseResult, AgentOutput, CancellationToken, Task<int>> work) => async (parsed, cancellation) =>
    {
        var output = new AgentOutput(io, parsed.GetValue(AgentSettings.Json));
        try
        {
            return await work(parsed, output, cancellation);
        }
        catch (AgentFailure failure)
        {
            output.Failure(failure);
            return failure.ExitCode;
        }
        catch (StoreDamagedException)
        {
            output.Failure(new AgentFailure(ExitCode.Store, "STO-007", "The store was changed or damaged", "Restore a backup; what it holds cannot be trusted"));
            return ExitCode.Store;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            output.Note("Stopped; everything that was saved goes on with the next command.");
            return ExitCode.Interrupted;
        }
        catch (Exception e)
        {
            // The kind only: a message could hold what must not be printed.
            output.Failure(new AgentFailure(ExitCode.Failed, "AGT-003", $"Internal error ({e.GetType().Name})", "Report it with the version and what was done"));
            if (io.Environment.GetValueOrDefault("INTERCONNECT_AGENT_DEBUG") is "1")
                await io.Error.WriteLineAsync(e.ToString());

            return ExitCode.Failed;
        }
    };

    private static RootCommand Build(AgentIo io)
    {
        var root = new RootCommand("An Interconnect endpoint: end-to-end encrypted messages to users of other networks, over your own account.\n\n" + ExitCode.Help);
        root.Options.Add(AgentSettings.Home);
        root.Options.Add(AgentSettings.PassphraseFile);
        root.Options.Add(AgentSettings.KeyFile);
        root.Options.Add(AgentSettings.Json);
        root.Subcommands.Add(InitCommand.Create(io));
        root.Subcommands.Add(WhoAmICommand.Create(io));
        root.Subcommands.Add(ContactsCommand.Create(io));
        root.Subcommands.Add(ConsentCommand.Create(io));
        root.Subcommands.Add(SendCommand.Create(io));
        root.Subcommands.Add(ListenCommand.Create(io));
        root.Subcommands.Add(ChatCommand.Create(io));
        root.Subcommands.Add(MessagesCommand.Create(io));
        root.Subcommands.Add(SafetyCommand.Create(io));
        root.Subcommands.Add(IdentityCommand.Create(io));
        root.Subcommands.Add(DeviceCommand.Create(io));
        return root;
    }
}
