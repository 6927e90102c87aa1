using System.Collections;
using Interconnect.Endpoint;

namespace Interconnect.Agent;

/// <summary>The process as the commands see it; tests hand in another.</summary>
/// <param name="In">Standard input.</param>
/// <param name="Out">Results.</param>
/// <param name="Error">Everything for a person that is no result.</param>
/// <param name="Environment">Environment variables.</param>
/// <param name="Clock">Where time comes from.</param>
internal sealed record AgentIo(TextReader In, TextWriter Out, TextWriter Error, IReadOnlyDictionary<string, string> Environment, TimeProvider Clock)
{
    /// <summary>Makes the transport of an account.</summary>
    public Func<TransportAccount, ITransportMemory, TimeProvider, ITransport> Transports { get; init; } = EndpointTransports.Create;

    /// <summary>Whether a person sits in front of it and can be asked something.</summary>
    public bool Interactive { get; init; }

    public static AgentIo Process()
    {
        var environment = System.Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "", StringComparer.Ordinal);
        return new AgentIo(Console.In, Console.Out, Console.Error, environment, TimeProvider.System) { Interactive = !Console.IsInputRedirected && !Console.IsOutputRedirected };
    }
}
