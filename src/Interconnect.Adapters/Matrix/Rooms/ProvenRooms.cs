namespace Interconnect.Adapters.Matrix.Rooms;

/// <summary>
/// Rooms whose state was judged since the last gap in what the homeserver tells us, and whether their user has joined. In memory and bounded; what is forgotten is asked again.
/// </summary>
internal sealed class ProvenRooms
{
    private const int Most = 100_000;
    private readonly Lock gate = new();
    private readonly Dictionary<(string User, string Ghost), string> byPair = [];
    private readonly Dictionary<string, Room> byRoom = [];
    private long doubts;

    /// <summary>How often something happened; what was asked before the last time may be old.</summary>
    public long Doubts
    {
        get
        {
            lock (gate)
            {
                return doubts;
            }
        }
    }

    /// <summary>The pair's room and whether the user has joined it; null when none is proven.</summary>
    public (string Room, bool Joined)? Find(string user, string ghost)
    {
        lock (gate)
        {
            return byPair.TryGetValue((user, ghost), out var room) ? (room, byRoom[room].Joined) : null;
        }
    }

    /// <summary>Whose room it is; null when it is not proven.</summary>
    public (string User, string Ghost, bool Joined)? Find(string room)
    {
        lock (gate)
        {
            return byRoom.TryGetValue(room, out var found) ? (found.User, found.Ghost, found.Joined) : null;
        }
    }

    /// <summary>Keeps a room, unless something happened anywhere since its state was asked for; it is then asked again. A room that the user has joined is not replaced by one that it has not.</summary>
    public void Add(string room, string user, string ghost, bool joined, long asked)
    {
        lock (gate)
        {
            if (asked != doubts)
            {
                return;
            }

            if (byRoom.Count >= Most)
            {
                byPair.Clear();
                byRoom.Clear();
            }

            if (byPair.TryGetValue((user, ghost), out var other) && other != room)
            {
                if (byRoom[other].Joined && !joined)
                {
                    return;
                }

                byRoom.Remove(other);
            }

            byPair[(user, ghost)] = room;
            byRoom[room] = new Room(user, ghost) { Joined = joined };
        }
    }

    /// <summary>The user is in the room.</summary>
    public void Joined(string room, string user)
    {
        lock (gate)
        {
            doubts++;
            if (byRoom.TryGetValue(room, out var found) && found.User == user)
            {
                found.Joined = true;
            }
        }
    }

    /// <summary>Something about the room changed.</summary>
    public void Doubt(string room)
    {
        lock (gate)
        {
            doubts++;
            if (byRoom.Remove(room, out var found) && byPair.GetValueOrDefault((found.User, found.Ghost)) == room)
            {
                byPair.Remove((found.User, found.Ghost));
            }
        }
    }

    /// <summary>There was a gap: anything may have changed.</summary>
    public void Doubt()
    {
        lock (gate)
        {
            doubts++;
            byPair.Clear();
            byRoom.Clear();
        }
    }

    private sealed class Room(string user, string ghost)
    {
        public string User => user;

        public string Ghost => ghost;

        public bool Joined { get; set; }
    }
}
