using System.Text;
using Interconnect.Content;
using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Endpoint.Tests.Adversary;

/// <summary>
/// Whatever anybody can make who has no key of an honest user: keys and credentials in any name, device lists under identities of its own, groups, external commits, messages,
/// signed events. It keeps every group state it gets, and tries each of them on everything that passes.
/// </summary>
internal sealed class Intruder(TimeProvider clock) : IDisposable
{
    private const int MaxGroups = 16;

    private readonly List<IDisposable> owned = [];
    private readonly Dictionary<ClientUri, IntruderClient> clients = [];
    private readonly Dictionary<UserUri, SignatureKeyPair> identities = [];
    private readonly List<MlsGroup> groups = [];

    /// <summary>The groups it has a state of.</summary>
    public IReadOnlyList<MlsGroup> Groups => groups;

    /// <summary>A client in that name, with a key of the intruder's own; the same one each time.</summary>
    public IntruderClient As(ClientUri name)
    {
        if (clients.TryGetValue(name, out var known))
            return known;

        var key = CipherSuite.Get(1).GenerateSignatureKeyPair();
        owned.Add(key);
        return clients[name] = new IntruderClient(name, key, new MlsClient(Encoding.UTF8.GetBytes(name.Value), key, UnsafeAcceptAnyCredential.Instance, clock));
    }

    /// <summary>Device lists for that user under an identity key of the intruder's own, naming the intruder's clients.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> ForgeLists(UserUri user, params IEnumerable<ClientUri> names)
    {
        var identity = identities.TryGetValue(user, out var known) ? known : identities[user] = Generate();
        var entries = names.Select(n => new DeviceEntry(n, 1, As(n).Key.PublicKey, DeviceKind.Agent, true, clock.GetUtcNow()));
        var list = DeviceList.First(user, identity.PublicKey, entries, clock.GetUtcNow());
        return [SignedDeviceList.ByIdentity(list, (label, content) => identity.SignWithLabel(label, content)).Encoded];
    }

    /// <summary>The next list of a real chain, signed by a key that the chain does not know.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> ForgeNext(IReadOnlyList<ReadOnlyMemory<byte>> chain, ClientUri signer, ClientUri added)
    {
        if (!SignedDeviceList.TryDecode(chain[^1], out var newest, out _))
            throw new InvalidOperationException("An honest endpoint published what is no list.");

        var entry = new DeviceEntry(added, 1, As(added).Key.PublicKey, DeviceKind.Agent, true, newest.List.IssuedAt);
        var next = DeviceList.Next(newest, [], [], clock.GetUtcNow());
        var list = next with { Devices = [.. next.Devices.Where(d => d.Client != added).Append(entry).OrderBy(d => d.Client.Value, StringComparer.Ordinal)], Removed = [.. next.Removed.Where(c => c != added)] };
        return [.. chain, SignedDeviceList.ByDevice(list, signer, 1, (label, content) => As(signer).Key.SignWithLabel(label, content)).Encoded];
    }

    public byte[] MakePackage(ClientUri name)
    {
        var bundle = As(name).Mls.CreateKeyPackage(TimeSpan.FromDays(30));
        owned.Add(bundle);
        As(name).Bundles.Add(bundle);
        return bundle.KeyPackage.ToArray();
    }

    /// <summary>An external commit into a room; null when the group cannot be joined. The state behind it is kept.</summary>
    public RoomUpdate? JoinExternally(HostileRoom room, ClientUri name, uint? formerLeaf, IReadOnlyList<ReadOnlyMemory<byte>> lists)
    {
        if (!As(name).Mls.JoinExternally(room.GroupInfo, formerLeaf: formerLeaf).TryGet(out var joined, out _))
            return null;

        Keep(joined.NewState);
        return new RoomUpdate(room.Uri, joined.Commit, default, joined.GroupInfo) { DeviceLists = lists };
    }

    /// <summary>A room of its own with the packages of others in it; null when they cannot be added.</summary>
    public RoomUpdate? MakeRoom(RoomUri uri, ClientUri name, IEnumerable<ReadOnlyMemory<byte>> packages, IReadOnlyList<ReadOnlyMemory<byte>> lists)
    {
        var verified = packages.Select(p => KeyPackages.Verify(p, clock.GetUtcNow(), CipherSuite.Get(1))).Where(p => p.IsOk).Select(p => p.Value).ToList();
        var made = As(name).Mls.CreateGroup(Encoding.UTF8.GetBytes(uri.Value)).Value;
        if (verified.Count == 0 || !made.AddMembers(verified).TryGet(out var staged, out _))
            return null;

        Keep(staged.NewState);
        return new RoomUpdate(uri, staged.Commit, staged.Welcome ?? [], staged.GroupInfo) { DeviceLists = lists };
    }

    /// <summary>A commit of the intruder's in a group that it has a state of; null when it has none.</summary>
    public RoomUpdate? Commit(int group, RoomUri uri)
    {
        if (!groups[group].Update().TryGet(out var staged, out _))
            return null;

        groups[group] = staged.NewState;
        return new RoomUpdate(uri, staged.Commit, default, staged.GroupInfo);
    }

    /// <summary>A text in a group that it has a state of, in the name of a user.</summary>
    public EncryptedMessage? Say(int group, UserUri author, string text)
    {
        var uri = RoomUri.Parse(Encoding.UTF8.GetString(groups[group].GroupId.Span));
        var content = Compose.Text(new ContentOrigin(author.Value, uri.Value), text).Encode();
        if (!groups[group].Encrypt(content).TryGet(out var encrypted, out _))
            return null;

        groups[group] = encrypted.NewState;
        return new EncryptedMessage(uri, null, encrypted.PrivateMessage);
    }

    /// <summary>Follows what honest members do, and tries to open it.</summary>
    /// <returns>What an honest member's message says, or null.</returns>
    public byte[]? TryOpen(FederationEvent passing)
    {
        if (passing is RoomUpdate update)
            TryJoin(update);

        var message = passing switch
        {
            EncryptedMessage encrypted => encrypted.Message,
            RoomUpdate handshake => handshake.Commit,
            _ => default,
        };
        for (var i = 0; i < groups.Count && !message.IsEmpty; i++)
        {
            if (!groups[i].Process(message).TryGet(out var processed, out _))
                continue;

            if (processed is Processed.ApplicationMessage opened)
                return opened.Data;

            // The state before stays as well: who commits on top of something else is followed, too.
            Keep(processed.NewState);
            return null;
        }

        return null;
    }

    /// <summary>A signed frame's proof in that client's name.</summary>
    public FrameProof Prove(ClientUri name, byte[] encoded, DateTimeOffset? at = null)
    {
        var id = FrameId.Create();
        var created = DateTimeOffset.FromUnixTimeMilliseconds((at ?? clock.GetUtcNow()).ToUnixTimeMilliseconds());
        var key = As(name).Key;
        return new FrameProof(id, name, created, 1, key.PublicKey, key.SignWithLabel(FrameProof.Label, FrameProof.SignedContent(id, name, created, 1, encoded)));
    }

    public void Dispose()
    {
        foreach (var one in owned)
            one.Dispose();
    }

    // The oldest go, so that a long run does not try ever more keys on every message.
    private void Keep(MlsGroup group)
    {
        groups.Add(group);
        if (groups.Count > MaxGroups)
            groups.RemoveAt(0);
    }

    private void TryJoin(RoomUpdate update)
    {
        if (update.Welcome.IsEmpty)
            return;

        foreach (var client in clients.Values.Where(c => c.Bundles.Count > 0))
        {
            if (client.Mls.Join(update.Welcome, client.Bundles).TryGet(out var joined, out _))
                Keep(joined.NewState);
        }
    }

    private SignatureKeyPair Generate()
    {
        var key = CipherSuite.Get(1).GenerateSignatureKeyPair();
        owned.Add(key);
        return key;
    }
}

/// <summary>A client that the intruder made up, in whatever name.</summary>
internal sealed record IntruderClient(ClientUri Name, SignatureKeyPair Key, MlsClient Mls)
{
    public List<KeyPackageBundle> Bundles { get; } = [];
}
