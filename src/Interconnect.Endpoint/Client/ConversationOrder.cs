using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>
/// The hub numbers what it accepts in a room from 1, our own frames included, which come back only where our user has other devices. This decides whether it is a number's
/// turn, counting our own: exactly where the hub's acceptance, or the frame that came back, told the number, by their count otherwise.
/// </summary>
internal static class ConversationOrder
{
    public static bool IsOrdered(FederationEnvelope envelope) => envelope is { Sequence: not null, Event: EncryptedMessage { Room: not null } or RoomUpdate };

    /// <summary>True when the number is the next one, or one that is late after its gap was given up.</summary>
    public static bool IsTurn(Work work, ConversationKey conversation, ulong sequence)
    {
        var order = Skip(Get(work, conversation));
        if (sequence <= order.Next)
            return true;

        var held = Held(work, conversation);
        var missing = 0;
        for (var number = order.Next; number < sequence; number++)
        {
            if (!order.Own.Contains(number) && !held.Any(record => record.Sequence == number) && ++missing > MaxOwn)
                return false;
        }

        // Held ones before this one go first; without any, what is missing can only be ours if we have that many unplaced or unanswered.
        return !held.Any(record => record.Sequence < sequence) && missing <= order.Unplaced + InFlight(work, conversation);
    }

    /// <summary>Takes the number as done; what was skipped before it counts as ours or given up.</summary>
    /// <returns>How many numbers were skipped that are not known to be ours.</returns>
    public static ulong Advance(Work work, ConversationKey conversation, ulong sequence)
    {
        var order = Skip(Get(work, conversation));
        if (sequence < order.Next)
        {
            Put(work, order);
            return 0;
        }

        var missing = sequence - order.Next - (ulong)order.Own.Count(number => number < sequence);
        var inFlight = InFlight(work, conversation);
        var ours = (ulong)Math.Clamp(order.Unplaced + inFlight, 0, (long)missing);
        Put(work, Skip(order with { Next = sequence + 1, Own = [.. order.Own.Where(number => number > sequence)], Unplaced = order.Unplaced - (int)ours }));
        return missing - ours;
    }

    /// <summary>A frame of ours was accepted in this conversation; the hub may tell the number it took.</summary>
    public static void NoteOwn(Work work, ConversationKey conversation, ulong? sequence)
    {
        var order = Get(work, conversation);
        if (sequence is { } number && number >= order.Next)
            Put(work, Skip(order with { Own = order.Own.Contains(number) ? order.Own : [.. order.Own, number] }));
        else
            Put(work, order with { Unplaced = order.Unplaced + 1 });
    }

    /// <summary>A frame of ours that was counted came back with its number: the count is exact from here.</summary>
    public static void Place(Work work, ConversationKey conversation, ulong number)
    {
        var order = Get(work, conversation);
        if (number >= order.Next && order.Unplaced > 0)
            Put(work, Skip(order with { Own = order.Own.Contains(number) ? order.Own : [.. order.Own, number], Unplaced = order.Unplaced - 1 }));
    }

    /// <summary>Who joins a room begins with the number that brought it in: what was before is not missing.</summary>
    public static void Begin(Work work, ConversationKey conversation, ulong sequence)
    {
        if (sequence > Get(work, conversation).Next)
            Put(work, new OrderRecord(conversation.Value, sequence, [], 0));
    }

    public static List<HeldRecord> Held(Work work, ConversationKey conversation) =>
        [.. Tables.Held.All(work.Store).Where(held => held.Conversation == conversation.Value).OrderBy(held => held.Sequence)];

    private const int MaxOwn = 10_000;

    private static OrderRecord Get(Work work, ConversationKey conversation) =>
        Tables.Orders.Get(work.Store, conversation.Value) ?? new OrderRecord(conversation.Value, 1, [], 0);

    private static void Put(Work work, OrderRecord order) => Tables.Orders.Put(work.Store, order);

    private static OrderRecord Skip(OrderRecord order)
    {
        var next = order.Next;
        while (order.Own.Contains(next))
            next++;

        return next == order.Next ? order : order with { Next = next, Own = [.. order.Own.Where(number => number >= next)] };
    }

    private static int InFlight(Work work, ConversationKey conversation) =>
        Tables.Outbox.All(work.Store).Count(row => row.Attempts > 0 && row.Room is { } room && ConversationKey.OfRoom(RoomUri.Parse(room)) == conversation);
}
