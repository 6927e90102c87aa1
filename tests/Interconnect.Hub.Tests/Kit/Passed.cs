using Interconnect.Federation;

namespace Interconnect.Hub.Tests.Kit;

/// <summary>What the hub makes of a submitted event's id.</summary>
internal static class Passed
{
    /// <summary>The id under which the event goes on.</summary>
    public static EventId PassedId(this FederationEnvelope submitted) => submitted.Id.From(submitted.Origin!);
}
