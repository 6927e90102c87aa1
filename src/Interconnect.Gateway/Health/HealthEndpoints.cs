using System.Text.Json.Nodes;

namespace Interconnect.Gateway.Health;

/// <summary><c>/healthz</c>: the process answers. <c>/readyz</c>: it does its job, or why not (503).</summary>
internal static class HealthEndpoints
{
    public static void MapHealthEndpoints(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/healthz", context => WriteAsync(context, StatusCodes.Status200OK, new JsonObject { ["alive"] = true, ["version"] = ProductVersion.Text }));
        endpoints.MapGet("/readyz", async context =>
        {
            var reasons = await context.RequestServices.GetRequiredService<Readiness>().WhyNotReadyAsync(context.RequestAborted);
            await WriteAsync(context, reasons.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, Readiness.ToJson(reasons));
        });
    }

    private static Task WriteAsync(HttpContext context, int status, JsonObject body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }
}
