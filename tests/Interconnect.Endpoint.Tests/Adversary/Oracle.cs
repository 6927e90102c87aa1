using Interconnect.Federation;

namespace Interconnect.Endpoint.Tests.Adversary;

/// <summary>
/// Knows what honest people did, and from that what no endpoint may show: (1) nothing that an honest device encrypts opens under a key that no user authorised; (2) nothing is
/// shown as somebody's that this somebody did not send, nothing twice; (3) what somebody allows changes by its owner's word alone, each word at most once and in the order
/// in which they were said; (4) nothing counts as delivered that the other does not have.
/// </summary>
internal sealed class Oracle(HostileGateway gateway, Intruder intruder)
{
    private readonly Dictionary<string, (UserUri Author, UserUri To)> sent = new(StringComparer.Ordinal);
    private readonly Dictionary<(UserUri Owner, UserUri About), List<ConsentOperation>> said = [];
    private readonly Dictionary<(Device At, UserUri About), View> views = [];
    private int read;
    private bool hostile;

    /// <summary>Everybody has met; from now on every promise counts.</summary>
    public void Hostile() => hostile = true;

    public void Sent(UserUri author, UserUri to, string text) => sent[text] = (author, to);

    /// <summary>The owner said something at this device: what the device shows now is the owner's doing.</summary>
    public async Task SaidAsync(Device device, UserUri about)
    {
        var view = ViewOf(device, about);
        (view.Theirs, view.Ours) = await StateAsync(device, about);
    }

    /// <summary>The gateway tries everything it has on what honest devices sent since the last time (1).</summary>
    public void Read()
    {
        for (; read < gateway.Seen.Count; read++)
        {
            var (sender, request) = gateway.Seen[read];
            if (request.Event is ConsentEntry entry)
                OpsOf(sender, entry.Requester == sender ? entry.Target : entry.Requester).Add(entry.Operation);

            if (intruder.TryOpen(request.Event) is not null && hostile)
                throw new Violation($"(1) what {sender.User} sent opens under a key that nobody authorised");
        }
    }

    /// <summary>What was shown stays, so it is looked at now and then; what somebody allows may change and change back, so it is looked at after each step.</summary>
    public async Task CheckAsync(IReadOnlyList<Device> devices, bool messages = true)
    {
        foreach (var device in devices)
        {
            foreach (var other in devices.Select(d => d.User).Where(u => u != device.User).Distinct())
            {
                if (messages)
                    await CheckMessagesAsync(device, other, devices);

                await CheckConsentAsync(device, other);
            }
        }
    }

    // (2), (4)
    private async Task CheckMessagesAsync(Device device, UserUri other, IReadOnlyList<Device> devices)
    {
        var messages = await device.Client.MessagesAsync(other);
        var shown = new HashSet<string>(StringComparer.Ordinal);
        foreach (var message in messages.Where(m => m.Incoming))
        {
            var text = message.Text ?? "";
            if (!sent.TryGetValue(text, out var truth) || truth.Author != other || truth.To != device.User)
                throw new Violation($"(2) {device.User.User} is shown as {other.User}'s what {other.User} did not send");

            if (!shown.Add(text))
                throw new Violation($"(2) {device.User.User} is shown '{text}' twice");
        }

        foreach (var message in messages.Where(m => !m.Incoming))
        {
            if (!sent.TryGetValue(message.Text ?? "", out var truth) || truth.Author != device.User || truth.To != other)
                throw new Violation($"(2) {device.User.User}'s {device.Name} shows as sent what {device.User.User} did not send");
        }

        foreach (var message in messages.Where(m => m is { Incoming: false, State: MessageState.Delivered }))
        {
            var has = false;
            foreach (var theirs in devices.Where(d => d.User == other))
                has |= (await theirs.Client.MessagesAsync(device.User)).Any(m => m.Incoming && m.Text == message.Text);

            if (!has)
                throw new Violation($"(4) '{message.Text}' of {device.User.User} counts as delivered and {other.User} does not have it");
        }
    }

    // (3)
    private async Task CheckConsentAsync(Device device, UserUri other)
    {
        var (theirs, ours) = await StateAsync(device, other);
        var view = ViewOf(device, other);
        if (theirs != view.Theirs)
        {
            Explain(device, other, view, theirs switch
            {
                ConsentState.Granted => ConsentOperation.Grant,
                ConsentState.Revoked => ConsentOperation.Revoke,
                _ => null,
            }, $"what {other.User} allows went from {view.Theirs} to {theirs}");
        }

        if (ours != view.Ours)
        {
            // Another device of the same user granted it, and made the room that this one came into.
            var byOtherDevice = ours == ConsentState.Granted && view.Ours != ConsentState.Revoked && gateway.Devices[device.User].Count > 1 && OpsOf(device.User, other).Contains(ConsentOperation.Grant);
            if (!byOtherDevice && (ours is ConsentState.Granted or ConsentState.Revoked || view.Ours == ConsentState.Revoked))
                throw new Violation($"(3) at {device.User.User}: what {device.User.User} allows went from {view.Ours} to {ours} without a word of its own");

            // A grant of one's own that the hub refused, or never answered, is taken back: less is allowed, and the owner is told.
            if (!byOtherDevice && (view.Ours != ConsentState.Granted || ours != ConsentState.None))
                Explain(device, other, view, ours == ConsentState.Requested ? ConsentOperation.Request : ConsentOperation.Cancel, $"{other.User}'s request went from {view.Ours} to {ours}");
        }

        (view.Theirs, view.Ours) = (theirs, ours);
    }

    /// <summary>A change is explained by a word that its owner said after the last one that was heard here. Null: not a word of the other's.</summary>
    private void Explain(Device device, UserUri other, View view, ConsentOperation? word, string change)
    {
        if (word is not { } operation)
            return;

        // What somebody asks and what somebody allows are looked at apart, since both may have changed since the last look.
        var ops = OpsOf(other, device.User);
        var asks = operation is ConsentOperation.Request or ConsentOperation.Cancel;
        var at = ops.FindIndex(asks ? view.HeardAsking : view.HeardAllowing, o => o == operation);
        if (at < 0)
            throw new Violation($"(3) at {device.User.User}: {change}, which {other.User} did not say, or said before what was heard last");

        if (asks)
            view.HeardAsking = at + 1;
        else
            view.HeardAllowing = at + 1;
    }

    private static async Task<(ConsentState Theirs, ConsentState Ours)> StateAsync(Device device, UserUri other) =>
        await device.Client.ContactAsync(other) is { } contact ? (contact.TheyAllow, contact.WeAllow) : (ConsentState.None, ConsentState.None);

    private List<ConsentOperation> OpsOf(UserUri owner, UserUri about) => said.TryGetValue((owner, about), out var ops) ? ops : said[(owner, about)] = [];

    private View ViewOf(Device device, UserUri about) => views.TryGetValue((device, about), out var view) ? view : views[(device, about)] = new View();

    private sealed class View
    {
        public ConsentState Theirs { get; set; }

        public ConsentState Ours { get; set; }

        public int HeardAsking { get; set; }

        public int HeardAllowing { get; set; }
    }
}
