using Interconnect.Testing;

namespace Interconnect.Gateway.Tests.Commands;

/// <summary>The built program, run as a user runs it.</summary>
internal static class GatewayProcess
{
    private static readonly string Program = Path.Combine(
        SharedFiles.RepositoryRoot, "src", "Interconnect.Gateway", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "interconnect.dll");

    public static ChildProcess Start(params string[] arguments) => ChildProcess.StartDotnet(Program, arguments);

    public static ChildProcess Start(IReadOnlyDictionary<string, string?> environment, params string[] arguments) => ChildProcess.StartDotnet(Program, arguments, environment);

    public static Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments) => RunAsync(new Dictionary<string, string?>(), arguments);

    public static async Task<(int Code, string Output, string Errors)> RunAsync(IReadOnlyDictionary<string, string?> environment, params string[] arguments)
    {
        await using var process = Start(environment, arguments);
        var code = await process.WaitForExitAsync(TimeSpan.FromMinutes(2));
        return (code, string.Join('\n', process.Output), string.Join('\n', process.Errors));
    }
}
