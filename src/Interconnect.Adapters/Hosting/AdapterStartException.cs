namespace Interconnect.Adapters.Hosting;

/// <summary>An adapter could not start because of its network, not of a defect; the message is plain words without credentials or identifiers.</summary>
internal sealed class AdapterStartException(string reason) : Exception(reason);
