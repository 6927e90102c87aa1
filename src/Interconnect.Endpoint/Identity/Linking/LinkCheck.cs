namespace Interconnect.Endpoint;

/// <summary>What the person's code and digits led to at the old device. The memory is stored before anything else is done.</summary>
public abstract record LinkCheck
{
    private LinkCheck(LinkMemory memory) => Memory = memory;

    /// <summary>The memory as it is after this try.</summary>
    public LinkMemory Memory { get; }

    /// <summary>The device is the person's.</summary>
    public sealed record Approved : LinkCheck
    {
        internal Approved(ApprovedLink link, LinkMemory memory)
            : base(memory) => Link = link;

        /// <summary>What is to be signed and answered; the caller disposes it.</summary>
        public ApprovedLink Link { get; }
    }

    /// <summary>Nothing is to be signed.</summary>
    public sealed record Refused : LinkCheck
    {
        internal Refused(LinkError error, LinkMemory memory)
            : base(memory) => Error = error;

        /// <summary>Why.</summary>
        public LinkError Error { get; }
    }
}
