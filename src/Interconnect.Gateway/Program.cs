using System.CommandLine;
using Interconnect.Gateway;
using Interconnect.Gateway.Commands;

var root = new RootCommand("Interconnect: a federated interconnect gateway. Exit codes: 0 well, 1 defect, 2 usage or configuration, 3 not reachable, 4 demo: not arrived.")
{
    RunCommand.Create(),
    CheckCommand.Create(),
    ParkedCommand.Create(),
    BusCommand.Create(),
    DatabaseCommand.Create(),
    DemoCommand.Create(),
};

// A text that begins with @ is a text, not the name of a file with arguments.
var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors)
    {
        await Console.Error.WriteLineAsync(error.Message);
    }

    await Console.Error.WriteLineAsync("Try: interconnect --help");
    return ExitCode.Configuration;
}

try
{
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (Exception e)
{
    await Console.Error.WriteLineAsync("A defect of ours: " + e);
    return ExitCode.Defect;
}
