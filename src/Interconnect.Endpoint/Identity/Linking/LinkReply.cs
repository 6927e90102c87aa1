namespace Interconnect.Endpoint;

/// <summary>What an answer led to at the new device.</summary>
public abstract record LinkReply
{
    private LinkReply()
    {
    }

    /// <summary>An old device that knows the code answered.</summary>
    /// <param name="Lists">The device lists as it sent them; their signatures are still to be verified, and that they name this device.</param>
    public sealed record Added(IReadOnlyList<ReadOnlyMemory<byte>> Lists) : LinkReply;

    /// <summary>The answer was not taken.</summary>
    public sealed record Refused(LinkError Error) : LinkReply;
}
