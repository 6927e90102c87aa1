using Interconnect.Federation;

namespace Interconnect.Adapters.Hosting;

/// <summary>One envelope for one recipient, with the envelope's bytes as the bus brought them.</summary>
internal sealed record DeliveryItem(FederationEnvelope Envelope, UserUri Recipient, ReadOnlyMemory<byte> Body);

/// <summary>What is recorded of a delivery.</summary>
internal sealed record Outcome(DeliveryStatus Status, string? NativeReference = null, string? RuleId = null, string? Reason = null);
