namespace Interconnect.Adapters.Hosting;

/// <summary>What keeps its order: one conversation's deliveries to one recipient. Another recipient of the same conversation does not wait for this one.</summary>
internal readonly record struct DeliveryLane(string Conversation, string Recipient)
{
    public static DeliveryLane Of(DeliveryItem item) => new(item.Envelope.Conversation.Value, item.Recipient.Value);
}
