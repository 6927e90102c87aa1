namespace Interconnect.Adapters.Matrix.Rooms;

/// <summary>
/// Events that were sent and not read yet, in order, by room: a read receipt is for everything up to its event. In memory and bounded; what is forgotten here is
/// confirmed only by a receipt of its own.
/// </summary>
internal sealed class ReadMarks
{
    private const int MostRooms = 10_000;
    private const int MostEvents = 1_000;
    private readonly Lock gate = new();
    private readonly Dictionary<string, LinkedList<string>> unread = [];

    public void Sent(string room, string eventId)
    {
        lock (gate)
        {
            if (!unread.TryGetValue(room, out var events))
            {
                if (unread.Count >= MostRooms)
                {
                    unread.Clear();
                }

                unread.Add(room, events = []);
            }

            if (events.Count >= MostEvents)
            {
                events.RemoveFirst();
            }

            events.AddLast(eventId);
        }
    }

    /// <summary>What a receipt for the event confirms, in order; at least the event itself.</summary>
    public IReadOnlyList<string> ReadUpTo(string room, string eventId)
    {
        lock (gate)
        {
            if (!unread.TryGetValue(room, out var events) || !events.Contains(eventId))
            {
                return [eventId];
            }

            var read = new List<string>();
            while (read.Count == 0 || read[^1] != eventId)
            {
                read.Add(events.First!.Value);
                events.RemoveFirst();
            }

            if (events.Count == 0)
            {
                unread.Remove(room);
            }

            return read;
        }
    }
}
