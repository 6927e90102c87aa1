using System.Net;
using Interconnect.Gateway.Configuration;
using Interconnect.Gateway.Health;
using Interconnect.Gateway.Roles;
using Interconnect.Gateway.Telemetry;
using Interconnect.Gateway.Telemetry.Prometheus;

namespace Interconnect.Gateway;

/// <summary>Builds the process: the roles chosen, and the operator's endpoint on a listener of its own.</summary>
internal static class GatewayHost
{
    public static WebApplication Build(GatewayConfiguration configuration, Action<WebApplicationBuilder>? change = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "interconnect" });
        Logs.Add(builder.Logging, configuration.Options.Log);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPEndPoint.Parse(configuration.Options.Http.Listen));
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 4_096;
            kestrel.Limits.MaxConcurrentConnections = 200;
        });
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host =>
        {
            host.ShutdownTimeout = configuration.Options.ShutdownTimeout;
            host.ServicesStartConcurrently = true;
            host.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.StopHost;
        });
        SharedComposition.Add(builder.Services, configuration);
        change?.Invoke(builder);
        var app = builder.Build();
        app.UseRouting();
        app.MapHealthEndpoints();
        app.MapPrometheusScrapingEndpoint();
        return app;
    }
}
