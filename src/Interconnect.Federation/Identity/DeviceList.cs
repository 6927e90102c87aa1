namespace Interconnect.Federation;

/// <summary>
/// Which devices are a user's, before it is signed:
/// <code>
/// struct { opaque user&lt;V&gt;; opaque identity_key&lt;V&gt;; uint64 era; uint64 version; opaque previous&lt;V&gt;; uint64 issued_ms; uint64 fresh_until_ms;
///          DeviceEntry devices&lt;V&gt;; Client removed&lt;V&gt;; } DeviceList;      struct { opaque uri&lt;V&gt;; } Client;
/// </code>
/// One value has one encoding: devices are in the order of client URI and suite, removed clients in the order of their URIs, nothing stands twice.
/// </summary>
public sealed record DeviceList
{
    /// <summary>Size of an identity key and of a hash in bytes.</summary>
    public const int KeySize = 32;

    /// <summary>Most devices of a list.</summary>
    public const int MaxDevices = 100;

    /// <summary>Most removed clients of a list.</summary>
    public const int MaxRemoved = 1_000;

    /// <summary>How long a list may count as fresh, from its issue.</summary>
    public static readonly TimeSpan MaxFreshness = TimeSpan.FromDays(90);

    /// <summary>How long a list counts as fresh by default.</summary>
    public static readonly TimeSpan DefaultFreshness = TimeSpan.FromDays(30);

    /// <summary>Latest time that is accepted, 9999-12-31 in Unix milliseconds.</summary>
    internal const ulong MaxTimeMs = 253_402_300_799_999;

    /// <summary>Whose devices.</summary>
    public required UserUri User { get; init; }

    /// <summary>The user's identity key: a raw Ed25519 public key, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> IdentityKey { get; init; }

    /// <summary>From 1; the identity key opens one, and nothing that a device signs reaches into a later one.</summary>
    public required ulong Era { get; init; }

    /// <summary>Place within the era, from 0.</summary>
    public required ulong Version { get; init; }

    /// <summary>SHA-256 of the signed list before, 32 bytes; empty for the first list of an identity.</summary>
    public required ReadOnlyMemory<byte> Previous { get; init; }

    /// <summary>When it was signed, whole milliseconds.</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>Until when a first contact may rest on it; at most <see cref="MaxFreshness"/> after its issue.</summary>
    public required DateTimeOffset FreshUntil { get; init; }

    /// <summary>1 to 100 entries.</summary>
    public required IReadOnlyList<DeviceEntry> Devices { get; init; }

    /// <summary>Clients that were the user's in this identity and are no more, at most 1,000.</summary>
    public IReadOnlyList<ClientUri> Removed { get; init; } = [];

    /// <summary>The first list of a new identity.</summary>
    public static DeviceList First(UserUri user, ReadOnlyMemory<byte> identityKey, IEnumerable<DeviceEntry> devices, DateTimeOffset now) => new()
    {
        User = user,
        IdentityKey = identityKey,
        Era = 1,
        Version = 0,
        Previous = default,
        IssuedAt = Whole(now),
        FreshUntil = Whole(now) + DefaultFreshness,
        Devices = Sorted(devices),
    };

    /// <summary>The next list of the same era, to be signed by a device that <paramref name="before"/> lets authorise: the same devices but for those added and removed.</summary>
    public static DeviceList Next(SignedDeviceList before, IEnumerable<DeviceEntry> added, IEnumerable<ClientUri> removed, DateTimeOffset now)
    {
        var gone = removed.ToHashSet();
        return before.List with
        {
            Version = before.List.Version + 1,
            Previous = before.Hash,
            IssuedAt = Later(before, now),
            FreshUntil = Later(before, now) + DefaultFreshness,
            Devices = Sorted(before.List.Devices.Where(d => !gone.Contains(d.Client)).Concat(added)),
            Removed = Sorted(before.List.Removed.Concat(gone)),
        };
    }

    /// <summary>The first list of the next era, to be signed by the identity key: exactly the devices named; all others are out.</summary>
    public static DeviceList NextEra(SignedDeviceList before, IEnumerable<DeviceEntry> devices, DateTimeOffset now)
    {
        var stay = Sorted(devices);
        var left = before.List.Devices.Select(d => d.Client).Concat(before.List.Removed).Where(c => !stay.Any(d => d.Client == c));
        return before.List with
        {
            Era = before.List.Era + 1,
            Version = 0,
            Previous = before.Hash,
            IssuedAt = Later(before, now),
            FreshUntil = Later(before, now) + DefaultFreshness,
            Devices = stay,
            Removed = Sorted(left),
        };
    }

    /// <summary>The entry of a client in a suite; null when there is none.</summary>
    public DeviceEntry? Find(ClientUri client, ushort suite) => Devices.FirstOrDefault(d => d.Client == client && d.Suite == suite);

    /// <summary>Whether the list names exactly this client with exactly this key.</summary>
    public bool Names(ClientUri client, ushort suite, ReadOnlySpan<byte> key) => Find(client, suite) is { } entry && entry.Is(client, suite, key);

    /// <summary>Redacted: names a person.</summary>
    public override string ToString() => $"DeviceList(era {Era}, version {Version}, {Devices.Count} devices)";

    internal byte[] Encode()
    {
        var writer = new PresentationWriter();
        writer.Opaque(User.Value).Opaque(IdentityKey.Span).UInt64(Era).UInt64(Version).Opaque(Previous.Span)
            .UInt64((ulong)IssuedAt.ToUnixTimeMilliseconds()).UInt64((ulong)FreshUntil.ToUnixTimeMilliseconds())
            .Vector(items =>
            {
                foreach (var device in Devices)
                {
                    device.Write(items);
                }
            })
            .Vector(items =>
            {
                foreach (var client in Removed)
                {
                    items.Opaque(client.Value);
                }
            });
        return writer.Written.ToArray();
    }

    /// <summary>Null when there is an error, which is the reader's.</summary>
    internal static DeviceList? Read(PresentationReader reader)
    {
        var name = reader.Text("user");
        var key = reader.Opaque("identity_key");
        var era = reader.UInt64("era");
        var version = reader.UInt64("version");
        var previous = reader.Opaque("previous");
        var issued = reader.UInt64("issued_ms");
        var fresh = reader.UInt64("fresh_until_ms");
        var named = UserUri.TryParse(name, out var user) && user.Value == name;
        reader.Check(named, "DEV-004", "Not a user URI in canonical form", "user");
        reader.Check(key.Length == KeySize, "DEV-006", "An identity key is 32 bytes", "identity_key");
        reader.Check(era is >= 1 and <= long.MaxValue && version <= long.MaxValue, "DEV-006", "Eras begin with 1, and both numbers fit in 63 bits", "era");
        reader.Check(era == 1 && version == 0 ? previous.IsEmpty : previous.Length == KeySize, "DEV-006", "Every list but an identity's first names the one before by its hash", "previous");
        reader.Check(
            fresh <= MaxTimeMs && issued < fresh && fresh - issued <= (ulong)MaxFreshness.TotalMilliseconds, "DEV-006", "A list is fresh for some time, at most 90 days", "fresh_until_ms");
        var devices = ReadDevices(reader, user);
        var removed = ReadRemoved(reader, user);
        reader.Check(!devices.Any(d => removed.Contains(d.Client)), "DEV-007", "A device is listed and removed", "removed");
        return reader.Error is not null ? null : new DeviceList
        {
            User = user!,
            IdentityKey = key,
            Era = era,
            Version = version,
            Previous = previous,
            IssuedAt = DateTimeOffset.FromUnixTimeMilliseconds((long)issued),
            FreshUntil = DateTimeOffset.FromUnixTimeMilliseconds((long)fresh),
            Devices = devices,
            Removed = removed,
        };
    }

    private static List<DeviceEntry> ReadDevices(PresentationReader reader, UserUri? user)
    {
        var devices = new List<DeviceEntry>();
        var items = reader.Vector("devices");
        var keys = new HashSet<string>(StringComparer.Ordinal);
        while (items is { IsAtEnd: false, Error: null })
        {
            items.Check(devices.Count < MaxDevices, "DEV-002", "At most 100 devices", "devices");
            if (DeviceEntry.Read(items) is not { } device)
            {
                break;
            }

            items.Check(device.Client.Owner == user, "DEV-005", "A device of another user", "client");
            items.Check(devices.Count == 0 || Compare(devices[^1], device) < 0, "DEV-004", "Devices are in order, each once", "client");
            items.Check(keys.Add(Convert.ToHexString(device.SignatureKey.Span)), "DEV-004", "Two devices have one key", "signature_key");
            devices.Add(device);
        }

        reader.Adopt(items);
        reader.Check(devices.Count > 0, "DEV-006", "A list has a device", "devices");
        return devices;
    }

    private static List<ClientUri> ReadRemoved(PresentationReader reader, UserUri? user)
    {
        var removed = new List<ClientUri>();
        var items = reader.Vector("removed");
        while (items is { IsAtEnd: false, Error: null })
        {
            var text = items.Text("uri");
            var named = ClientUri.TryParse(text, out var client) && client.Value == text;
            items.Check(removed.Count < MaxRemoved, "DEV-002", "At most 1,000 removed clients", "removed");
            items.Check(named, "DEV-004", "Not a client URI in canonical form", "uri");
            items.Check(client is null || client.Owner == user, "DEV-005", "A device of another user", "uri");
            items.Check(removed.Count == 0 || client is null || string.CompareOrdinal(removed[^1].Value, client.Value) < 0, "DEV-004", "Removed clients are in order, each once", "uri");
            if (items.Error is null)
            {
                removed.Add(client!);
            }
        }

        reader.Adopt(items);
        return removed;
    }

    private static int Compare(DeviceEntry one, DeviceEntry other)
    {
        var byClient = string.CompareOrdinal(one.Client.Value, other.Client.Value);
        return byClient != 0 ? byClient : one.Suite.CompareTo(other.Suite);
    }

    private static List<DeviceEntry> Sorted(IEnumerable<DeviceEntry> devices)
    {
        var sorted = devices.ToList();
        sorted.Sort(Compare);
        return sorted;
    }

    private static List<ClientUri> Sorted(IEnumerable<ClientUri> clients) => [.. clients.Distinct().OrderBy(c => c.Value, StringComparer.Ordinal)];

    // A clock that went back must not make a list that is older than the one before.
    private static DateTimeOffset Later(SignedDeviceList before, DateTimeOffset now) => Whole(now) < before.List.IssuedAt ? before.List.IssuedAt : Whole(now);

    private static DateTimeOffset Whole(DateTimeOffset time) => DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());
}
