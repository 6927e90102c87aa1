using System.Security.Cryptography;
using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Endpoint;

/// <summary>
/// One user's end-to-end encrypted endpoint: keys, contacts, rooms and messages in an <see cref="EndpointStore"/>, carried by an <see cref="ITransport"/>.
/// Safe for many callers. Everything a method promises is saved before it returns; what could not be sent yet goes out later, across restarts. Events tell what
/// was saved. Not disposing it loses nothing. In one file because it is the whole of what callers see, and the loops that all of it shares.
/// </summary>
public sealed class EndpointClient : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan PruneEach = TimeSpan.FromHours(6);

    private readonly EndpointSession session;
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly SemaphoreSlim wake = new(0, 1);
    private readonly CancellationTokenSource stopping = new();
    private readonly EventFeed feed = new();
    private readonly OutgoingFrames frames;
    private readonly KeyPackagePool pool;
    private readonly RoomFlow rooms;
    private readonly MessageFlow messages;
    private readonly ConsentFlow consents;
    private readonly ReportFlow reports;
    private readonly DeviceFlow devices;
    private readonly Inbox inbox;
    private readonly OutboxPump pump;
    private ITransport? transport;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task running = Task.CompletedTask;
    private bool disposed;
    private DateTimeOffset pruned;

    private EndpointClient(EndpointSession session)
    {
        this.session = session;
        frames = new OutgoingFrames(session);
        pool = new KeyPackagePool(session, frames);
        rooms = new RoomFlow(session, frames);
        messages = new MessageFlow(session, frames, rooms);
        consents = new ConsentFlow(session, frames);
        devices = new DeviceFlow(session, frames, rooms);
        reports = new ReportFlow(session, frames, rooms, messages, devices);
        inbox = new Inbox(session, rooms, messages, consents, reports, devices);
        pump = new OutboxPump(session, reports);
    }

    /// <summary>The MLS cipher suite of new identities: MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519.</summary>
    public const ushort DefaultSuite = 1;

    /// <summary>The account that the endpoint was made for, password included.</summary>
    public TransportAccount Account => session.Identity.Account;

    /// <summary>Where a transport may keep its state, encrypted in the store.</summary>
    public ITransportMemory TransportMemory => new StoredTransportMemory(this);

    /// <summary>
    /// Makes a user's identity in an empty store: a recovery seed, a device with a new signature key, and the first device list, which names it. Nothing is sent;
    /// <see cref="StartAsync"/> publishes. The seed stays in the store until <see cref="ConfirmSeedAsync"/>.
    /// </summary>
    /// <param name="store">An open store without an identity; stays the caller's to dispose.</param>
    /// <param name="account">The account on the user's own network.</param>
    /// <param name="device">A name for this device, 1 to 255 bytes; null = random.</param>
    /// <param name="clock">Where time comes from.</param>
    /// <returns>Null, or why not.</returns>
    public static RequestOutcome.Blocked? Initialise(EndpointStore store, TransportAccount account, string? device, TimeProvider clock) => Initialise(store, account, device, clock, joining: false);

    /// <summary>
    /// Makes a further device of a user who has an identity: keys and no identity. It publishes nothing until another device's list names it (<see cref="AdoptAsync"/>), or the
    /// recovery phrase does (<see cref="RecoverAsync"/>).
    /// </summary>
    /// <param name="store">An open store without an identity; stays the caller's to dispose.</param>
    /// <param name="account">The account on the user's own network.</param>
    /// <param name="device">A name for this device, 1 to 255 bytes; null = random.</param>
    /// <param name="clock">Where time comes from.</param>
    /// <returns>Null, or why not.</returns>
    public static RequestOutcome.Blocked? InitialiseFurtherDevice(EndpointStore store, TransportAccount account, string? device, TimeProvider clock) => Initialise(store, account, device, clock, joining: true);

    private static RequestOutcome.Blocked? Initialise(EndpointStore store, TransportAccount account, string? device, TimeProvider clock, bool joining)
    {
        if (account.User is not { } user)
            return new RequestOutcome.Blocked("END-110", "The address is not one of this network", "Write alice@a.test for XMPP or @bob:hs.test for Matrix");

        if (!ClientUri.TryCreate(user, device ?? FrameId.Create().Hex[..8], out var client))
            return new RequestOutcome.Blocked("END-111", "The device's name cannot stand in a URI", "Use 1 to 255 bytes without control characters");

        using var transaction = store.Begin();
        if (Tables.Identity.Get(transaction, IdentityRecord.Name) is not null)
            return new RequestOutcome.Blocked("END-112", "The store has an identity already", "Use it, or choose another --home");

        using var key = CipherSuite.Get(DefaultSuite).GenerateSignatureKeyPair();
        var now = DateTimeOffset.FromUnixTimeMilliseconds(clock.GetUtcNow().ToUnixTimeMilliseconds());
        var identity = new IdentityRecord
        {
            User = user.Value,
            Client = client.Value,
            Suite = DefaultSuite,
            SignatureKey = key.ExportPrivateKey(),
            CreatedAt = now.ToUnixTimeMilliseconds(),
            Account = account,
            Joining = joining,
            Further = joining,
        };
        if (!joining)
        {
            using var seed = RecoverySeed.Create();
            (identity, var chain) = DeviceFlow.Found(identity, user, new DeviceEntry(client, DefaultSuite, key.PublicKey, DeviceKind.Agent, true, now), seed, now);
            Tables.Chains.Put(transaction, new ChainRecord(user.Value, [.. chain.Encoded.Select(l => l.ToArray())]));
        }

        Tables.Identity.Put(transaction, identity);
        transaction.Commit();
        return null;
    }

    /// <summary>Loads the identity of a store; null when it has none. The client does not own the store: dispose the client first, then the store.</summary>
    /// <exception cref="StoreDamagedException">What is saved is not an identity.</exception>
    /// <exception cref="ArgumentException">The options have problems, all of them listed.</exception>
    public static EndpointClient? Load(EndpointStore store, EndpointOptions options, TimeProvider clock)
    {
        if (options.Problems().ToList() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join(Environment.NewLine, problems), nameof(options));

        IdentityRecord? identity;
        using (var transaction = store.Begin())
            identity = Tables.Identity.Get(transaction, IdentityRecord.Name);

        if (identity is null)
            return null;

        if (!CipherSuite.TryGet(identity.Suite, out var suite))
            throw new StoreDamagedException();

        var key = SignatureKeyPair.Import(suite, identity.SignatureKey).Match(pair => pair, _ => throw new StoreDamagedException());
        CryptographicOperations.ZeroMemory(identity.SignatureKey);
        using (var transaction = store.Begin())
            identity = Tables.Identity.Get(transaction, IdentityRecord.Name)!;

        return new EndpointClient(new EndpointSession(store, identity, key, options, clock));
    }

    /// <summary>
    /// Connects and begins to send and receive; publishes key packages when too few are left. Returns null when connected, else why not (and may be called again).
    /// </summary>
    /// <param name="carrier">The transport; the client disposes it when it stops.</param>
    /// <param name="cancellation">Gives up connecting.</param>
    public async Task<TransportFailure?> StartAsync(ITransport carrier, CancellationToken cancellation)
    {
        if (await ConnectAsync(carrier, cancellation).ConfigureAwait(false) is { } failure)
            return failure;

        running = Task.WhenAll(Task.Run(() => GuardAsync(PumpAsync), CancellationToken.None), Task.Run(() => GuardAsync(MaintainAsync), CancellationToken.None));
        return null;
    }

    /// <summary>As <see cref="StartAsync"/>, without loops of its own: the caller calls <see cref="PumpOnceAsync"/> and <see cref="MaintainOnceAsync"/>, in its own order.</summary>
    internal async Task<TransportFailure?> ConnectAsync(ITransport carrier, CancellationToken cancellation)
    {
        if (transport is not null)
            throw new InvalidOperationException("The client was started already.");

        await DoAsync(work =>
        {
            Upgrade(work);
            return true;
        }, "identity", cancellation).ConfigureAwait(false);
        await DoAsync(work =>
        {
            OutboxPump.Restart(work);
            devices.Maintain(work);
            pool.Replenish(work);
            ResumeWaiting(work);
            Prune(work);
            return true;
        }, "start", cancellation).ConfigureAwait(false);

        if (await carrier.StartAsync(new Sink(this), cancellation).ConfigureAwait(false) is { } failure)
        {
            await carrier.DisposeAsync().ConfigureAwait(false);
            return failure;
        }

        transport = carrier;
        return null;
    }

    /// <summary>Becomes faulted when the endpoint cannot go on (a damaged store, a full disk); completes when it is disposed.</summary>
    public Task Running => ended.Task;

    /// <summary>Listens from now on.</summary>
    public EventSubscription Subscribe() => feed.Subscribe();

    /// <summary>Who this endpoint is.</summary>
    public Task<Profile> ProfileAsync(CancellationToken cancellation = default) => ReadAsync(work => new Profile(
        session.User, session.Client, Account.Kind, Account.Address, session.Hub, Convert.ToHexStringLower(SHA256.HashData(session.PublicKey.Span)), pool.Count(work),
        DateTimeOffset.FromUnixTimeMilliseconds(session.Identity.CreatedAt)), cancellation);

    /// <summary>Everybody known.</summary>
    public Task<IReadOnlyList<Contact>> ContactsAsync(CancellationToken cancellation = default) =>
        ReadAsync(work => (IReadOnlyList<Contact>)[.. Tables.Contacts.All(work.Store).Select(contact => ToPublic(work, contact))], cancellation);

    /// <summary>One contact, or null when nothing is known of the user.</summary>
    public Task<Contact?> ContactAsync(UserUri user, CancellationToken cancellation = default) =>
        ReadAsync(work => Tables.Contacts.Get(work.Store, user.Value) is { } contact ? ToPublic(work, contact) : null, cancellation);

    private Contact ToPublic(Work work, ContactRecord contact) => ContactBook.ToPublic(contact, session.Book.ChainOf(work, UserUri.Parse(contact.User)));

    /// <summary>Says something about consent to the other user.</summary>
    public Task<RequestOutcome> ConsentAsync(ConsentOperation operation, UserUri user, CancellationToken cancellation = default) =>
        DoAsync(work => consents.Say(work, operation, user), "consent", cancellation);

    /// <summary>Sends a text. Queued means saved: it goes out as soon as a room is there. The outcome's id is the message's.</summary>
    public Task<RequestOutcome> SendAsync(UserUri to, string text, CancellationToken cancellation = default) =>
        DoAsync(work => messages.Send(work, to, text), "send", cancellation);

    /// <summary>One message by this endpoint's id of it; null when there is none.</summary>
    public Task<EndpointMessage?> MessageAsync(string id, CancellationToken cancellation = default) =>
        ReadAsync(work => Tables.Messages.Get(work.Store, id) is { } message ? MessageFlow.ToPublic(message) : null, cancellation);

    /// <summary>All messages with a user, oldest first. Those of keys that nobody confirmed are left out, unless they are asked for; they carry their mark for ever.</summary>
    public Task<IReadOnlyList<EndpointMessage>> MessagesAsync(UserUri user, bool includeUnconfirmed = false, CancellationToken cancellation = default) => ReadAsync(
        work => (IReadOnlyList<EndpointMessage>)
        [
            .. Tables.Messages.All(work.Store)
                .Where(message => message.Peer == user.Value && (includeUnconfirmed || message.Trust != KeyTrust.Unconfirmed))
                .Select(MessageFlow.ToPublic),
        ],
        cancellation);

    /// <summary>Received messages that <see cref="MarkShownAsync"/> was not called for, oldest first: what a listener has still to show after any interruption.</summary>
    public Task<IReadOnlyList<EndpointMessage>> UnshownAsync(CancellationToken cancellation = default) => ReadAsync(
        work => (IReadOnlyList<EndpointMessage>)[.. MessageFlow.Unshown(work).Select(MessageFlow.ToPublic)], cancellation);

    /// <summary>The user has seen it.</summary>
    public Task<bool> MarkShownAsync(string id, CancellationToken cancellation = default) => DoAsync(work =>
    {
        if (Tables.Messages.Get(work.Store, id) is not { Shown: false } message)
            return false;

        MessageFlow.Save(work, message with { Shown = true });
        return true;
    }, "shown", cancellation);

    /// <summary>
    /// Waits until a message is in a state that fits, or in a final one.
    /// </summary>
    /// <returns>The message then.</returns>
    /// <exception cref="OperationCanceledException">It took longer than the caller wanted.</exception>
    public async Task<EndpointMessage> WaitForAsync(string id, Func<EndpointMessage, bool> fits, CancellationToken cancellation)
    {
        using var subscription = Subscribe();
        while (true)
        {
            var message = await MessageAsync(id, cancellation).ConfigureAwait(false) ?? throw new ArgumentException("There is no such message.", nameof(id));
            if (fits(message) || message.State is MessageState.Refused or MessageState.Bounced or MessageState.Expired or MessageState.Delivered)
                return message;

            EndpointEvent happened;
            do
            {
                happened = await subscription.Events.ReadAsync(cancellation).ConfigureAwait(false);
            }
            while (happened is not EndpointEvent.MessageChanged changed || changed.Message.Id != id);
        }
    }

    /// <summary>The safety numbers with a user, over both users' identity keys. Null when no identity of theirs is known.</summary>
    public Task<SafetyNumbers?> SafetyNumbersAsync(UserUri user, CancellationToken cancellation = default) => ReadAsync(work => session.Book.NumbersOf(work, user), cancellation);

    /// <summary>What a picture of the safety number holds, and checks. Null when no identity of theirs is known, or another one is open.</summary>
    public Task<SafetyQr?> SafetyQrAsync(UserUri user, CancellationToken cancellation = default) => ReadAsync(
        work => Tables.Contacts.Get(work.Store, user.Value) is { Candidate: null, Identity: { } theirs } && session.Identity.IdentityKey is { } own ? SafetyQr.Of(session.User, own, user, theirs) : null,
        cancellation);

    /// <summary>
    /// The person compared exactly these digits with the other one: the identity they are of is verified, and another one that was shown is dropped or, if it is the one that was compared,
    /// taken. Null when it was so; else why not, and nothing has changed.
    /// </summary>
    public Task<RequestOutcome.Blocked?> ConfirmAsync(UserUri user, SafetyNumber compared, CancellationToken cancellation = default) => DoAsync(work =>
    {
        var refused = session.Book.Confirm(work, user, compared);
        if (refused is null)
            messages.SendWaiting(work, user);

        return refused;
    }, "confirm", cancellation);

    /// <summary>The person agrees that a room that stands still is left, and a new one made with the next message. False when none does.</summary>
    public Task<bool> RenewRoomAsync(UserUri user, CancellationToken cancellation = default) => DoAsync(work =>
    {
        var renewed = RoomFlow.Renew(work, user);
        messages.SendWaiting(work, user);
        return renewed;
    }, "renew", cancellation);

    /// <summary>This user as its devices know it.</summary>
    public Task<OwnIdentity> IdentityAsync(CancellationToken cancellation = default) => ReadAsync(work =>
    {
        var identity = Tables.Identity.Get(work.Store, IdentityRecord.Name)!;
        var newest = session.Book.ChainOf(work, session.User)?.Newest.List;
        return new OwnIdentity(
            identity.IdentityKey is { } key ? Convert.ToHexStringLower(SHA256.HashData(key)) : null, newest?.Era ?? 0, newest?.Version ?? 0, newest?.FreshUntil, session.IsAuthorised(work),
            identity.Seed is not null, identity.ConflictAt is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null,
            [
                .. newest?.Devices.Select(d => new OwnDevice(d.Client, d.Kind, d.Authorises, d.AddedAt, d.Client == session.Client)
                {
                    Label = work.Store.Get(EntryKind.DeviceLabel, d.Client.Value) is { } label ? System.Text.Encoding.UTF8.GetString(label) : null,
                }) ?? [],
            ]);
    }, cancellation);

    /// <summary>What the recovery phrase is made of, while this device keeps it; the caller disposes it. Null when it does not.</summary>
    public Task<RecoverySeed?> SeedAsync(CancellationToken cancellation = default) => ReadAsync(work =>
    {
        if (Tables.Identity.Get(work.Store, IdentityRecord.Name)!.Seed is not { } bytes)
            return null;

        var seed = RecoverySeed.Import(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        return seed;
    }, cancellation);

    /// <summary>The person has the phrase: it is erased here.</summary>
    public Task<bool> ConfirmSeedAsync(CancellationToken cancellation = default) => DoAsync(work =>
    {
        session.Save(work, Tables.Identity.Get(work.Store, IdentityRecord.Name)! with { Seed = null });
        return true;
    }, "seed", cancellation);

    /// <summary>This device's entry, for another device to put into the list.</summary>
    public DeviceEntry NewDeviceEntry() => session.NewEntry(session.Clock.GetUtcNow());

    /// <summary>The newest era of this user's device lists, as they travel; empty for none.</summary>
    public Task<IReadOnlyList<ReadOnlyMemory<byte>>> DeviceListsAsync(CancellationToken cancellation = default) =>
        ReadAsync(work => session.Book.ChainOf(work, session.User)?.Encoded ?? [], cancellation);

    /// <summary>Puts a device into the list, signs and publishes it; own rooms take it in. Null, or why not.</summary>
    public Task<RequestOutcome.Blocked?> AuthoriseDeviceAsync(DeviceEntry device, CancellationToken cancellation = default) =>
        DoAsync(work => devices.Change(work, [device], []), "authorise", cancellation);

    /// <summary>Takes a device out of the list for this era, and out of every room at once. Null, or why not.</summary>
    public Task<RequestOutcome.Blocked?> RemoveDeviceAsync(ClientUri device, CancellationToken cancellation = default) =>
        DoAsync(work => devices.Change(work, [], [device]), "remove", cancellation);

    /// <summary>
    /// The person gave a code and typed digits that a new device shows: the device whose request they fit is put into the list and answered. Null, or why not.
    /// </summary>
    /// <param name="code">Stays the caller's.</param>
    /// <param name="digits">As typed.</param>
    /// <param name="cancellation">Gives up waiting for the store.</param>
    public Task<RequestOutcome.Blocked?> AuthoriseLinkAsync(LinkCode code, EntryDigits digits, CancellationToken cancellation = default) =>
        DoAsync(work => devices.Authorise(work, code, digits), "authorise link", cancellation);

    /// <summary>What this device calls another one of the user's; nobody else learns of it. Empty takes it away.</summary>
    public Task<bool> LabelDeviceAsync(ClientUri device, string label, CancellationToken cancellation = default) => DoAsync(work =>
    {
        if (label.Length == 0)
            work.Store.Delete(EntryKind.DeviceLabel, device.Value);
        else
            work.Store.Put(EntryKind.DeviceLabel, device.Value, System.Text.Encoding.UTF8.GetBytes(label));

        return true;
    }, "label", cancellation);

    /// <summary>Phrase and devices are lost: makes a new identity with this device alone. Null, or why not.</summary>
    public Task<RequestOutcome.Blocked?> ResetAsync(CancellationToken cancellation = default) => DoAsync(devices.Reset, "reset", cancellation);

    /// <summary>Opens a new era with the phrase: this device and those named are the user's, and no others. Null, or why not.</summary>
    public Task<RequestOutcome.Blocked?> RecoverAsync(RecoverySeed seed, IReadOnlyList<DeviceEntry> others, CancellationToken cancellation = default) =>
        DoAsync(work => devices.Recover(work, seed, [session.NewEntry(work.Now), .. others]), "recover", cancellation);

    /// <summary>Takes the lists that another device answered with: only if they name this device and its key. Null, or why not.</summary>
    public Task<RequestOutcome.Blocked?> AdoptAsync(IReadOnlyList<ReadOnlyMemory<byte>> lists, CancellationToken cancellation = default) => DoAsync(work =>
    {
        var refused = devices.Adopt(work, lists);
        if (refused is null)
        {
            devices.Maintain(work);
            pool.Replenish(work);
        }

        return refused;
    }, "adopt", cancellation);

    /// <summary>Asks the hub what it has of this user; an identity that is not ours is told by <see cref="EndpointEvent.IdentityConflict"/>.</summary>
    public Task<string> AskDeviceListsAsync(CancellationToken cancellation = default) => DoAsync(devices.Ask, "ask", cancellation);

    /// <summary>Says something to this user's other devices about linking; it comes there as <see cref="EndpointEvent.DeviceLinkReceived"/>.</summary>
    /// <param name="message">1 byte to 64 KiB.</param>
    /// <param name="cancellation">Gives up waiting for the store.</param>
    public Task<string> SendLinkAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation = default) => DoAsync(work => devices.SendLink(work, message), "link", cancellation);

    /// <summary>Gives the room with a user fresh keys (an MLS update). False when there is no room or a commit is under way.</summary>
    public Task<bool> RefreshKeysAsync(UserUri user, CancellationToken cancellation = default) =>
        DoAsync(work => rooms.Usable(work, user) is { } room && rooms.Refresh(work, room) is not null, "refresh", cancellation);

    /// <summary>How many frames wait for the hub's answer.</summary>
    public Task<int> OutboxCountAsync(CancellationToken cancellation = default) => ReadAsync(work => Tables.Outbox.All(work.Store).Count, cancellation);

    /// <summary>Stops cleanly: finishes the step in hand, logs off, erases the keys in memory. The store stays open.</summary>
    public async ValueTask DisposeAsync()
    {
        if (disposed)
            return;

        disposed = true;
        if (transport is not null)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5), session.Clock);
            await transport.StopAsync(patience.Token).ConfigureAwait(false);
        }

        await stopping.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (transport is not null)
            await transport.DisposeAsync().ConfigureAwait(false);

        await gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        feed.Complete();
        ended.TrySetResult();
        session.Dispose();
        gate.Dispose();
        stopping.Dispose();
    }

    /// <summary>What time brings: gaps given up, waiting messages and rooms tried again, key packages renewed.</summary>
    internal async Task MaintainOnceAsync(CancellationToken cancellation)
    {
        await gate.WaitAsync(cancellation).ConfigureAwait(false);
        IReadOnlyList<EndpointEvent> released;
        try
        {
            released = inbox.ReleaseOverdue();
            feed.Publish(released);
        }
        finally
        {
            gate.Release();
        }

        // What is released may be answered.
        if (released.Count > 0)
            Wake();

        await DoAsync(work =>
        {
            rooms.Resume(work);
            ResumeWaiting(work);
            devices.Maintain(work);
            pool.Replenish(work);
            if (work.Now - pruned >= PruneEach)
                Prune(work);

            return true;
        }, "maintain", cancellation).ConfigureAwait(false);
    }

    private void ResumeWaiting(Work work)
    {
        foreach (var peer in MessageFlow.Waiting(work).Where(message => message.NotBefore <= work.NowMs).Select(message => message.Peer).Distinct().ToList())
            messages.SendWaiting(work, UserUri.Parse(peer));
    }

    /// <summary>
    /// A store from before identities gets one at its first start. Rooms of that time are read and no longer written to: who is in them was never judged by a list.
    /// </summary>
    private void Upgrade(Work work)
    {
        var identity = Tables.Identity.Get(work.Store, IdentityRecord.Name)!;
        if (identity.IdentityKey is not null || identity.Joining)
            return;

        using var seed = RecoverySeed.Create();
        (identity, var chain) = DeviceFlow.Found(identity, session.User, session.NewEntry(work.Now), seed, work.Now);
        session.Save(work, identity);
        session.Book.PutOwn(work, chain);
        foreach (var room in Tables.Rooms.All(work.Store))
            Tables.Rooms.Put(work.Store, room with { ReadOnly = true, Pending = null });

        foreach (var message in MessageFlow.Waiting(work).ToList())
            MessageFlow.Save(work, message with { Room = null, Content = null });

        // Contacts are told once: who may write to whom is said again, with the lists that say whose word it is.
        foreach (var contact in Tables.Contacts.All(work.Store).Where(contact => contact.Ours == ConsentState.Granted).ToList())
            consents.Say(work, ConsentOperation.Grant, UserUri.Parse(contact.User));

        foreach (var contact in Tables.Contacts.All(work.Store).Where(contact => contact.Theirs is ConsentState.Granted or ConsentState.Requested).ToList())
            consents.Say(work, ConsentOperation.Request, UserUri.Parse(contact.User));
    }

    private void Prune(Work work)
    {
        var bound = (work.Now - session.Options.RememberSeen).ToUnixTimeMilliseconds();
        work.Store.DeleteBefore(EntryKind.Seen, bound);
        work.Store.DeleteBefore(EntryKind.SeenFrame, bound);
        work.Store.DeleteBefore(EntryKind.Sent, bound);
        pruned = work.Now;
    }

    private async Task GuardAsync(Func<CancellationToken, Task> loop)
    {
        try
        {
            await loop(stopping.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            ended.TrySetException(e);
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task PumpAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            if (await PumpOnceAsync(cancellation).ConfigureAwait(false) is { Sent: false } idle)
                await SleepAsync(idle.Wait, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Hands the next frame that is due to the network, or says how long there is none (null: until something happens).</summary>
    internal async Task<(bool Sent, TimeSpan? Wait)> PumpOnceAsync(CancellationToken cancellation)
    {
        var (row, wait) = await DoAsync(work =>
        {
            var next = pump.Next(work, out var until);
            if (next is null || pump.GiveUp(work, next))
                return (null, next is null ? until : TimeSpan.Zero);

            pump.Begin(work, next);
            return ((OutboxRecord?)next, (TimeSpan?)null);
        }, "hand over", cancellation, wakes: false).ConfigureAwait(false);

        if (row is null)
            return (false, wait);

        TransportAddress to = row.To is { } user ? new TransportAddress.Ghost(UserUri.Parse(user)) : new TransportAddress.Service();
        var id = FrameId.TryParse(row.Frame, out var frame) ? frame : throw new StoreDamagedException();
        session.Options.AtStep("before network");
        var sending = row.Attempts == 0
            ? transport!.SendAsync(to, id, row.Bytes, cancellation)
            : transport!.SendAgainAsync(to, id, row.Attempts + 1, row.Bytes, cancellation);
        var outcome = await sending.ConfigureAwait(false);
        session.Options.AtStep("after network");
        if (await DoAsync(work => pump.Done(work, row.Frame, outcome), "handed over", cancellation, wakes: false).ConfigureAwait(false) is { } pause)
            await Task.Delay(pause, session.Clock, cancellation).ConfigureAwait(false);

        return (true, null);
    }

    private async Task MaintainAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(Tick, session.Clock, cancellation).ConfigureAwait(false);
            await MaintainOnceAsync(cancellation).ConfigureAwait(false);
        }
    }

    private async Task SleepAsync(TimeSpan? wait, CancellationToken cancellation)
    {
        if (wait is not { } limit)
        {
            await wake.WaitAsync(cancellation).ConfigureAwait(false);
            return;
        }

        using var until = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var timer = Task.Delay(limit, session.Clock, until.Token);
        var woken = wake.WaitAsync(until.Token);
        await Task.WhenAny(timer, woken).ConfigureAwait(false);
        await until.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(timer, woken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
    }

    private async Task ReceiveAsync(InboundItem item, CancellationToken cancellation)
    {
        await gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            feed.Publish(inbox.Receive(item));
        }
        catch (Exception e)
        {
            // Not saved, so not acknowledged: the network keeps it.
            ended.TrySetException(e);
            throw;
        }
        finally
        {
            gate.Release();
        }

        Wake();
    }

    private Task<T> ReadAsync<T>(Func<Work, T> read, CancellationToken cancellation) => DoAsync(read, null, cancellation, wakes: false);

    private async Task<T> DoAsync<T>(Func<Work, T> action, string? step, CancellationToken cancellation, bool wakes = true)
    {
        await gate.WaitAsync(cancellation).ConfigureAwait(false);
        T result;
        bool changed;
        try
        {
            using var work = session.Begin();
            result = action(work);
            changed = work.Store.IsChanged;
            if (step is not null)
            {
                work.Commit(step);
                feed.Publish(work.Events);
            }
        }
        finally
        {
            gate.Release();
        }

        if (wakes && changed)
            Wake();

        return result;
    }

    private void Wake()
    {
        if (wake.CurrentCount > 0)
            return;

        try
        {
            wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else woke it in between.
        }
    }

    private sealed class Sink(EndpointClient client) : ITransportSink
    {
        public Task ReceiveAsync(InboundItem item, CancellationToken cancellation) => client.ReceiveAsync(item, cancellation);

        public Task ReturnedAsync(FrameId frame, TransportFailure why, CancellationToken cancellation) => client.DoAsync(work =>
        {
            client.pump.Returned(work, frame, why);
            return true;
        }, "returned", cancellation);

        public void StatusChanged(TransportStatus status) => client.feed.Publish([new EndpointEvent.ConnectionChanged(client.session.Clock.GetUtcNow(), status)]);
    }

    private sealed class StoredTransportMemory(EndpointClient client) : ITransportMemory
    {
        public Task<byte[]?> LoadAsync(string name, CancellationToken cancellation) => client.ReadAsync(work => work.Store.Get(EntryKind.Transport, name), cancellation);

        public Task SaveAsync(string name, byte[] value, CancellationToken cancellation) => client.DoAsync(work =>
        {
            work.Store.Put(EntryKind.Transport, name, value);
            return true;
        }, "transport state", cancellation, wakes: false);
    }
}
