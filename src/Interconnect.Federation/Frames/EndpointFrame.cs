namespace Interconnect.Federation;

/// <summary>
/// What an endpoint and the gateway hand each other inside whatever the network carries. Either a request (endpoint to gateway, signed) or a delivery
/// (gateway to endpoint). Encoded and decoded by <see cref="FrameCodec"/>; narrow carriers take it in chunks (<see cref="FrameChunks"/>).
/// </summary>
public abstract record EndpointFrame
{
    /// <summary>The frame version this code writes.</summary>
    public const int Version = 1;

    /// <summary>Largest encoded frame in bytes: 1 MiB.</summary>
    public const int MaxBytes = 1 << 20;

    private EndpointFrame()
    {
    }

    /// <summary>An endpoint asks the gateway to do something.</summary>
    /// <param name="Event">What.</param>
    /// <param name="EncodedEvent">The bytes that were signed.</param>
    /// <param name="Proof">The client's signature.</param>
    public sealed record Request(FederationEvent Event, ReadOnlyMemory<byte> EncodedEvent, FrameProof Proof) : EndpointFrame;

    /// <summary>The gateway hands an endpoint an envelope.</summary>
    /// <param name="Envelope">With sender, sequence, accepted time and the original proof.</param>
    public sealed record Delivery(FederationEnvelope Envelope) : EndpointFrame;
}
