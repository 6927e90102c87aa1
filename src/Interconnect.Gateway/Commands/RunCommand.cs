using System.CommandLine;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Interconnect.Gateway.Commands;

/// <summary><c>interconnect run</c>: does its roles until SIGTERM or Ctrl-C, then finishes what is in flight.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var (config, roles) = (ConfigurationOptions.Config(), ConfigurationOptions.Roles());
        var command = new Command("run", "Run the gateway. Without roles and broker everything runs in this process, on the bus in memory and SQLite.") { config, roles };
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(config), parsed.GetValue(roles), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string? path, string? roles, CancellationToken cancellation)
    {
        if (await ConfigurationOptions.LoadOrExplainAsync(path, roles) is not { } configuration)
        {
            return ExitCode.Configuration;
        }

        await using var app = GatewayHost.Build(configuration);
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Interconnect.Gateway");
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (IOException e)
        {
            await Console.Error.WriteLineAsync($"http:listen: {configuration.Options.Http.Listen} cannot be listened on ({e.InnerException?.Message ?? e.Message}).");
            return ExitCode.Unreachable;
        }

        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Log.Started(log, ProductVersion.Text, string.Join(',', configuration.Roles.Select(r => r.Name)), address);
        await app.WaitForShutdownAsync(cancellation);
        Log.Stopped(log);
        return app.Services.GetServices<IHostedService>().OfType<BackgroundService>().Any(s => s.ExecuteTask is { IsFaulted: true }) ? ExitCode.Defect : ExitCode.Success;
    }
}
