using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Interconnect.Sandbox;

/// <summary>Everything the homeserver knows, behind one lock. Positions of the stream start at 1 and only grow.</summary>
internal sealed class MatrixStore(SimulatedMatrixOptions options, TimeProvider clock)
{
    private readonly Dictionary<string, (MatrixAccount Account, string Device)> tokens = [];
    private readonly Dictionary<(string Session, string Path), string> transactions = [];
    private readonly List<(ApplicationServiceRegistration Registration, Regex Users, Action<MatrixEvent> Push)> services = [];
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int eventCount;

    public Lock Gate { get; } = new();

    public Dictionary<string, MatrixAccount> Accounts { get; } = [];

    public Dictionary<string, MatrixRoom> Rooms { get; } = [];

    public long Position { get; private set; }

    public long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    public SimulatedMatrixOptions Options => options;

    /// <summary>Completes when anything happens after now.</summary>
    public Task Changed
    {
        get
        {
            lock (Gate)
            {
                return changed.Task;
            }
        }
    }

    public static string RandomId(int bytes) => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(bytes));

    public string FullId(string localpart) => $"@{localpart}:{options.ServerName}";

    public bool IsLocal(string userId) => userId.Length <= 255 && userId.StartsWith('@') && userId.EndsWith(":" + options.ServerName, StringComparison.Ordinal) && IsLocalpart(userId[1..^(options.ServerName.Length + 1)]);

    public static bool IsLocalpart(string localpart) => localpart.Length is > 0 and <= 230 && localpart.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || "._=-/+".Contains(c, StringComparison.Ordinal));

    public MatrixAccount? AddAccount(string localpart, string? password)
    {
        var account = new MatrixAccount(FullId(localpart), password).Seal();
        lock (Gate)
        {
            return Accounts.Count < options.MaxAccounts && Accounts.TryAdd(account.UserId, account) ? account : null;
        }
    }

    public void AddService(ApplicationServiceRegistration registration, Action<MatrixEvent> push)
    {
        lock (Gate)
        {
            services.Add((registration, new Regex($@"\A(?:{registration.UserNamespace})\z", RegexOptions.NonBacktracking), push));
            Accounts.TryAdd(FullId(registration.SenderLocalpart), new MatrixAccount(FullId(registration.SenderLocalpart), null));
        }
    }

    public bool IsTokenOfService(string token, out ApplicationServiceRegistration registration)
    {
        lock (Gate)
        {
            registration = services.FirstOrDefault(s => s.Registration.AsToken == token).Registration!;
            return registration is not null;
        }
    }

    /// <summary>The services that a user id is reserved for.</summary>
    public ApplicationServiceRegistration? OwnerOf(string userId)
    {
        lock (Gate)
        {
            return services.FirstOrDefault(s => s.Users.IsMatch(userId) || FullId(s.Registration.SenderLocalpart) == userId).Registration;
        }
    }

    /// <summary>A new session; a device that signs in again loses its old token.</summary>
    public (string Device, string Token)? SignIn(MatrixAccount account, string? deviceId)
    {
        lock (Gate)
        {
            var device = deviceId ?? RandomId(8).ToUpperInvariant();
            if (account.Devices.Remove(device, out var older))
            {
                tokens.Remove(older);
            }
            else if (account.Devices.Count >= options.MaxDevices)
            {
                return null;
            }

            var token = "sandbox_" + RandomId(32);
            account.Devices.Add(device, token);
            tokens.Add(token, (account, device));
            return (device, token);
        }
    }

    public void SignOut(MatrixAccount account, string device)
    {
        lock (Gate)
        {
            if (account.Devices.Remove(device, out var token))
            {
                tokens.Remove(token);
            }
        }
    }

    public (MatrixAccount Account, string Device)? FindToken(string token)
    {
        lock (Gate)
        {
            return tokens.TryGetValue(token, out var found) ? found : null;
        }
    }

    public string? FindTransaction(string session, string path) => transactions.GetValueOrDefault((session, path));

    public void RememberTransaction(string session, string path, string eventId) => transactions[(session, path)] = eventId;

    /// <summary>Appends an event that was authorised; null when the server is full. Called under the lock.</summary>
    public MatrixEvent? Append(MatrixRoom room, string sender, string type, string? stateKey, JsonObject content, (string, string)? transaction = null)
    {
        if (eventCount >= options.MaxEvents)
        {
            return null;
        }

        eventCount++;
        var before = stateKey is null ? null : room.State.GetValueOrDefault((type, stateKey));
        var e = new MatrixEvent(++Position, room.Id, "$" + RandomId(32), sender, type, stateKey, (JsonObject)content.DeepClone(), Now) { Transaction = transaction, Replaces = before };
        var joinedBefore = room.Joined.ToList();
        room.Timeline.Add(e);
        if (stateKey is not null)
        {
            room.State[(type, stateKey)] = e;
        }

        foreach (var (registration, users, push) in services)
        {
            bool Concerns(string user) => users.IsMatch(user) || user == FullId(registration.SenderLocalpart);
            if (Concerns(sender) || (type == "m.room.member" && Concerns(stateKey!)) || joinedBefore.Any(Concerns) || room.Joined.Any(Concerns))
            {
                push(e);
            }
        }

        Wake();
        return e;
    }

    /// <summary>A change that is no event, such as account data. Called under the lock.</summary>
    public long Advance()
    {
        Position++;
        Wake();
        return Position;
    }

    private void Wake()
    {
        changed.TrySetResult();
        changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
