using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interconnect.Endpoint;

/// <summary>Who else is in the rooms of this account, and whether they have joined. Learned from the rooms' own state; saved with the sync position.</summary>
internal sealed class MatrixRooms
{
    /// <summary>Others in a room that are remembered one by one; with more it is never a pair's room again.</summary>
    private const int MaxOthers = 8;

    /// <summary>Stands for the others of a room with more; not a user id.</summary>
    private const string Many = "*";

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

    /// <summary>The room with that account and nobody else: one it has joined before one it is only invited to. A room with others never carries a pair's frames.</summary>
    public (string Room, bool Joined)? Find(string account)
    {
        lock (gate)
        {
            var found = joinedByRoom.Where(room => room.Value.Count == 1 && room.Value.ContainsKey(account)).OrderByDescending(room => room.Value[account]).ThenBy(room => room.Key, StringComparer.Ordinal).ToList();
            return found.Count == 0 ? null : (found[0].Key, found[0].Value[account]);
        }
    }

    /// <summary>Takes a membership event of anybody but this user. Where somebody else than the gateway's accounts ever was, or was invited, is no pair's room again, whoever left.</summary>
    public void Note(string room, string account, string? membership, bool ofGateway = true)
    {
        lock (gate)
        {
            if (!joinedByRoom.TryGetValue(room, out var accounts))
                joinedByRoom[room] = accounts = [];

            if (!ofGateway)
                joinedByRoom[room] = accounts = new() { [Many] = true };
            else if (membership is not ("join" or "invite"))
                accounts.Remove(account);
            else if (!accounts.ContainsKey(Many))
                accounts[account] = membership == "join";

            if (accounts.Count > MaxOthers)
                joinedByRoom[room] = new() { [Many] = true };

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
