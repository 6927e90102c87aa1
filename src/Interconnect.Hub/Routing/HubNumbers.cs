namespace Interconnect.Hub;

/// <summary>The numbers that the only writer gives out; a failed transaction leaves gaps, nothing else.</summary>
internal sealed class HubNumbers
{
    public long Event { get; set; }

    public long Page { get; set; }

    public long Conversation { get; set; }

    public long Parked { get; set; }
}
