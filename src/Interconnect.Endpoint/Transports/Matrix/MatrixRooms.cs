using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interconnect.Endpoint;

/// <summary>Which room is shared with which of the gateway's accounts, and whether they have joined it. Learned from memberships; saved with the sync position.</summary>
internal sealed class MatrixRooms
{
    private readonly Lock gate = new();
    private Dictionary<string, Dictionary<string, bool>> joinedByRoom;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private MatrixRooms(Dictionary<string, Dictionary<string, bool>> joinedByRoom) => this.joinedByRoom = joinedByRoom;

    public static MatrixRooms Empty => new([]);

    /// <summary>Completes at the next change.</summary>
    public Task Changed
    {
        get
        {
            lock (gate)
                return changed.Task;
        }
    }

    public static MatrixRooms? Load(byte[] saved)
    {
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, Dictionary<string, bool>>>(saved) is { } rooms ? new MatrixRooms(rooms) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public byte[] Save()
    {
        lock (gate)
            return JsonSerializer.SerializeToUtf8Bytes(joinedByRoom);
    }

    /// <summary>The room shared with that account: one it has joined before one it is only invited to.</summary>
    public (string Room, bool Joined)? Find(string account)
    {
        lock (gate)
        {
            var found = joinedByRoom.Where(room => room.Value.ContainsKey(account)).OrderByDescending(room => room.Value[account]).ThenBy(room => room.Key, StringComparer.Ordinal).ToList();
            return found.Count == 0 ? null : (found[0].Key, found[0].Value[account]);
        }
    }

    /// <summary>Takes a membership event of an account of the gateway's.</summary>
    public void Note(string room, string account, string? membership)
    {
        lock (gate)
        {
            if (!joinedByRoom.TryGetValue(room, out var accounts))
                joinedByRoom[room] = accounts = [];

            if (membership is "join" or "invite")
                accounts[account] = membership == "join";
            else
                accounts.Remove(account);

            var waiting = changed;
            changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.TrySetResult();
        }
    }

    public void Forget(string room)
    {
        lock (gate)
            joinedByRoom.Remove(room);
    }
}
