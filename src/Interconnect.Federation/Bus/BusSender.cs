using System.Diagnostics.CodeAnalysis;

namespace Interconnect.Federation;

/// <summary>Who speaks on the bus. A closed set; a reader learns it from the bus, never from what was sent.</summary>
public abstract record BusSender
{
    private const string AdapterPrefix = "adapter:";

    private BusSender()
    {
    }

    /// <summary>As the role is named in configuration: <c>hub</c> or <c>adapter:network</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Whether this sender may write to a stream: networks submit and report, the hub delivers.</summary>
    public bool MayWrite(BusAddress address) => this is HubProvider == address is BusAddress.Deliver;

    /// <summary>Reads a name.</summary>
    public static bool TryParse([NotNullWhen(true)] string? name, [NotNullWhen(true)] out BusSender? sender)
    {
        sender = name == "hub" ? new HubProvider()
            : name is not null && name.StartsWith(AdapterPrefix, StringComparison.Ordinal) && NetworkId.TryParse(name[AdapterPrefix.Length..], out var network) ? new Network(network)
            : null;
        return sender is not null;
    }

    /// <summary>The hub.</summary>
    public sealed record HubProvider : BusSender
    {
        /// <inheritdoc/>
        public override string Name => "hub";
    }

    /// <summary>The adapter of one network.</summary>
    /// <param name="Id">The network that it speaks for.</param>
    public sealed record Network(NetworkId Id) : BusSender
    {
        /// <inheritdoc/>
        public override string Name => AdapterPrefix + Id.Value;
    }
}
