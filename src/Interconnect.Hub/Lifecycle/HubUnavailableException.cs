namespace Interconnect.Hub;

/// <summary>The hub cannot take a batch now; thrown to the bus so that nothing is acknowledged and the batch comes again.</summary>
internal sealed class HubUnavailableException(string reason) : Exception(reason);
