using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;
using static Interconnect.Hub.Tests.Policy.RuleCases;

namespace Interconnect.Hub.Tests.Policy;

/// <summary>The cases of the rules on identities and device lists.</summary>
internal static class IdentityRuleCases
{
    public static IReadOnlyList<RuleCase> All { get; } =
    [
        Case(HubRule.ListReadable, async w =>
        {
            var genuine = w.Of(w.Alice).Begins(w.Alice).Lists[0];
            var unsigned = genuine.ToArray();
            unsigned[^1] ^= 1;
            var refusal = await w.RefusesAsync(w.Alice.Send(new DeviceListUpdate([unsigned])), HubRule.ListReadable);
            Assert.Contains("DEV-011", refusal.Reason, StringComparison.Ordinal);
            refusal = await w.RefusesAsync(w.Alice.Send(new DeviceListUpdate([genuine[..^1]])), HubRule.ListReadable);
            Assert.Contains("DEV-001", refusal.Reason, StringComparison.Ordinal);
            refusal = await w.RefusesAsync(w.Alice.Send(new DeviceListUpdate([genuine, genuine])), HubRule.ListReadable);
            Assert.Contains("DEV-013", refusal.Reason, StringComparison.Ordinal);
            await w.AcceptsAsync(w.Alice.Send(new DeviceListUpdate([genuine])));
        }),
        Case(HubRule.ListOwn, async w =>
        {
            var alice = w.Of(w.Alice).Begins(w.Alice);
            await w.RefusesAsync(w.Alice.Send(w.Of(w.Bob).Begins(w.Bob)), HubRule.ListOwn);
            await w.RefusesAsync(w.Alice.Send(new DeviceListUpdate([.. alice.Lists, .. w.Of(w.Bob).Shows().Lists])), HubRule.ListOwn);
            await w.RefusesAsync(w.Alice.Send(w.Of(w.Bob).Objects(w.Of(w.Alice))), HubRule.ListOwn);
            await w.AcceptsAsync(w.Alice.Send(alice));
        }),
        Case(HubRule.ListNamesSender, async w =>
        {
            var tablet = Tablet(w);
            var first = w.Of(w.Alice).Begins(w.Alice);
            await w.RefusesAsync(tablet.Send(first), HubRule.ListNamesSender);
            await w.AcceptsAsync(w.Alice.Send(first));
            await w.RefusesAsync(tablet.Send(first), HubRule.ListNamesSender);
            await w.AcceptsAsync(w.Alice.Send(w.Of(w.Alice).Adds(w.Alice, tablet)));

            // It takes itself off: named by the list before.
            var without = w.Of(w.Alice).Removes(tablet, tablet);
            await w.AcceptsAsync(tablet.Send(without));
            await w.RefusesAsync(tablet.Send(without), HubRule.ListNamesSender);

            // Under another identity the pinned one's list counts for nobody.
            await w.RefusesAsync(w.Alice.Send(new Person(w.Alice.User, w.Clock).Begins(tablet)), HubRule.ListNamesSender);
        }),
        Case(HubRule.ListNotBack, async w =>
        {
            var first = w.Of(w.Alice).Begins(w.Alice);
            await w.AcceptsAsync(w.Alice.Send(first));
            var second = w.Of(w.Alice).Adds(w.Alice, Tablet(w));
            await w.AcceptsAsync(w.Alice.Send(second));
            await w.RefusesAsync(w.Alice.Send(first), HubRule.ListNotBack);
            await w.AcceptsAsync(w.Alice.Send(w.Of(w.Alice).OpensEra(w.Alice)));
            await w.RefusesAsync(w.Alice.Send(second), HubRule.ListNotBack);
            await w.AcceptsAsync(w.Alice.Send(w.Of(w.Alice).Adds(w.Alice, new Device(World.Xmpp, "a.test", "alice", w.Clock, "laptop"))));
        }),
        Case(HubRule.ListFollows, async w =>
        {
            await w.ListAsync(w.Alice);
            var person = w.Of(w.Alice);
            var fork = person.Chain;
            var one = person.Adds(w.Alice, Tablet(w));
            await w.AcceptsAsync(w.Alice.Send(one));
            var known = person.Chain;
            person.Chain = fork;
            await w.RefusesAsync(w.Alice.Send(person.Adds(w.Alice, new Device(World.Xmpp, "a.test", "alice", w.Clock, "laptop"))), HubRule.ListFollows);

            // Nor by whoever has a device and goes on from the contradiction.
            await w.RefusesAsync(w.Alice.Send(person.Adds(w.Alice, new Device(World.Xmpp, "a.test", "alice", w.Clock, "desktop"))), HubRule.ListFollows);
            person.Chain = known;
            await w.AcceptsAsync(w.Alice.Send(person.Adds(w.Alice, new Device(World.Xmpp, "a.test", "alice", w.Clock, "laptop"))));
        }),
        Case(HubRule.ListRate, o => o with { Limits = o.Limits with { DeviceChanges = 2, DeviceChangeWindow = TimeSpan.FromHours(24) } }, async w =>
        {
            var person = w.Of(w.Alice);
            var more = Enumerable.Range(0, 4).Select(i => new Device(World.Xmpp, "a.test", "alice", w.Clock, $"d{i}")).ToList();
            await w.ListAsync(w.Alice);
            await w.AcceptsAsync(w.Alice.Send(person.Adds(w.Alice, more[0])));
            await w.AcceptsAsync(w.Alice.Send(person.Adds(w.Alice, more[1])));
            var known = person.Chain;
            var refusal = await w.RefusesAsync(w.Alice.Send(person.Adds(w.Alice, more[2])), HubRule.ListRate);
            Assert.Equal(TimeSpan.FromHours(12), refusal.RetryAfter);

            // A list that adds one where it removes one is a change; one that only removes waits for nothing and uses up nothing.
            person.Chain = known;
            person.Removes(w.Alice, more[1]);
            await w.RefusesAsync(w.Alice.Send(person.Adds(w.Alice, more[2])), HubRule.ListRate);
            person.Chain = known;
            await w.AcceptsAsync(w.Alice.Send(person.Removes(w.Alice, more[1])));

            // What devices sign does not keep the phrase from opening an era.
            await w.AcceptsAsync(w.Alice.Send(person.OpensEra(w.Alice, more[2])));
            known = person.Chain;
            await w.RefusesAsync(w.Alice.Send(person.OpensEra(w.Alice, more[3])), HubRule.ListRate);
            person.Chain = known;
            w.Clock.Advance(refusal.RetryAfter!.Value);
            await w.AcceptsAsync(w.Alice.Send(person.Adds(w.Alice, more[3])));
        }),
        Case(HubRule.ListFirst, async w =>
        {
            await w.RefusesAsync(w.Alice.Send(w.Alice.Publication()), HubRule.ListFirst);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Says(ConsentOperation.Request, w.Bob.User)), HubRule.ListFirst);
            await w.RefusesAsync(w.Alice.Send(new DeviceListRequest(w.Bob.User)), HubRule.ListFirst);
            await w.PublishAsync(w.Alice);
        }),
        Case(HubRule.DeviceNamed, async w =>
        {
            var tablet = Tablet(w);
            var room = await w.RoomAsync(w.Alice, w.Bob);
            await w.RefusesAsync(tablet.Send(tablet.Publication()), HubRule.DeviceNamed);
            await w.PublishAsync(tablet);
            await w.AcceptsAsync(w.Alice.Send(w.Of(w.Alice).Removes(w.Alice, tablet)));

            // Whatever it sends, from the next event on.
            tablet.Group = w.Alice.Group;
            await w.RefusesAsync(tablet.Send(tablet.Publication()), HubRule.DeviceNamed);
            await w.RefusesAsync(tablet.Send(tablet.Asks(w.Bob.User)), HubRule.DeviceNamed);
            await w.RefusesAsync(tablet.Send(tablet.Says(ConsentOperation.Revoke, w.Bob.User)), HubRule.DeviceNamed);
            await w.RefusesAsync(tablet.Send(tablet.Writes(room, "x")), HubRule.DeviceNamed);
            await w.RefusesAsync(tablet.Send(tablet.Refreshes(room)), HubRule.DeviceNamed);
            await w.RefusesAsync(tablet.Send(new DeviceListRequest(w.Alice.User)), HubRule.DeviceNamed);
            await w.RefusesAsync(tablet.Send(new DeviceLinkMessage(new byte[] { 1 })), HubRule.DeviceNamed);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Writes(room, "x"));
        }),
        Case(HubRule.JoinerNamed, async w =>
        {
            var tablet = new Device(World.Matrix, "hs.test", "bob", w.Clock, "tablet");
            await w.MeetAsync(w.Alice, w.Bob);
            await w.PublishAsync(tablet);
            var room = w.NewRoom();
            var claimed = await w.ClaimAsync(w.Alice, w.Bob.User, room);
            await w.AcceptsAsync(w.Bob.Send(w.Of(w.Bob).Removes(w.Bob, tablet)));
            await w.RefusesAsync(w.Alice.Send(w.Alice.Creates(room, claimed.Clients.Select(c => c.KeyPackage))), HubRule.JoinerNamed);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Creates(room, claimed.Clients.Where(c => c.Client == w.Bob.Uri).Select(c => c.KeyPackage)));

            // Nor later, nor by itself.
            var mine = w.Alice.Group;
            await w.RefusesAsync(w.Alice.Send(w.Alice.Adds(room, claimed.Clients.Where(c => c.Client == tablet.Uri).Select(c => c.KeyPackage))), HubRule.JoinerNamed);
            w.Alice.Group = mine;
            var next = await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Refreshes(room));
            await w.RefusesAsync(tablet.Send(tablet.JoinsByItself(room, ((RoomUpdate)next.Event).GroupInfo)), HubRule.DeviceNamed);
        }),
        Case(HubRule.JoinsItself, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            var groupInfo = ((RoomUpdate)(await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Refreshes(room))).Event).GroupInfo;
            var bernard = new Device(World.Matrix, "hs.test", "bernard", w.Clock);
            await w.PublishAsync(bernard);
            await w.RefusesAsync(bernard.Send(bernard.JoinsByItself(room, groupInfo)), HubRule.JoinsItself);

            var tablet = new Device(World.Matrix, "hs.test", "bob", w.Clock, "tablet");
            await w.PublishAsync(tablet);
            var joins = tablet.JoinsByItself(room, groupInfo);
            await w.RefusesAsync(w.Bob.Send(joins), HubRule.JoinsItself);
            await w.CrossesAsync(tablet, w.Alice, joins);
        }),
        Case(HubRule.LinkRate, o => o with { Limits = o.Limits with { LinkMessages = 2, LinkWindow = TimeSpan.FromMinutes(10) } }, async w =>
        {
            // From a device that nobody knows yet.
            var link = new DeviceLinkMessage(new byte[] { 1 });
            for (var i = 0; i < 2; i++)
            {
                await w.Bus.SubmitAsync(w.Alice.Send(link));
                Assert.Equal([w.Alice.User], (await w.Bus.NextAsync(World.Xmpp)).Recipients);
                Assert.IsType<DeliveryReport>((await w.Bus.NextAsync(World.Xmpp)).Event);
            }

            var refusal = await w.RefusesAsync(w.Alice.Send(link), HubRule.LinkRate);
            Assert.Equal(TimeSpan.FromMinutes(5), refusal.RetryAfter);
            await w.RefusesAsync(Tablet(w).Send(link), HubRule.LinkRate);
            await w.Bus.SubmitAsync(w.Bob.Send(link));
            Assert.IsType<DeviceLinkMessage>((await w.Bus.NextAsync(World.Matrix)).Event);
            w.Clock.Advance(TimeSpan.FromMinutes(5));
            await w.Bus.SubmitAsync(w.Alice.Send(link));
            Assert.IsType<DeviceLinkMessage>((await w.Bus.NextAsync(World.Xmpp)).Event);
        }),
        Case(HubRule.ResetWaits, async w =>
        {
            var (phone, other) = await LosesAllAsync(w);
            Assert.Equal(TimeSpan.FromHours(24), (await w.ResetsAsync(phone, other)).RetryAfter);
            w.Clock.Advance(TimeSpan.FromHours(24) - TimeSpan.FromMilliseconds(1));
            Assert.Equal(TimeSpan.FromMilliseconds(1), (await w.RefusesAsync(phone.Send(other.Shows()), HubRule.ResetWaits)).RetryAfter);
            w.Clock.Advance(TimeSpan.FromMilliseconds(1));
            await w.AcceptsAsync(phone.Send(other.Shows()));
            await w.AcceptsAsync(phone.Send(phone.Publication()));
        }),
        Case(HubRule.ResetOne, async w =>
        {
            var (phone, other) = await LosesAllAsync(w);
            await w.ResetsAsync(phone, other);
            var thief = new Person(w.Alice.User, w.Clock);
            var stolen = new Device(World.Xmpp, "a.test", "alice", w.Clock, "stolen");
            await w.RefusesAsync(stolen.Send(thief.Begins(stolen)), HubRule.ResetOne);
            w.Clock.Advance(TimeSpan.FromHours(24));
            await w.RefusesAsync(stolen.Send(thief.Shows()), HubRule.ResetOne);
            await w.AcceptsAsync(phone.Send(other.Shows()));
        }),
        Case(HubRule.ObjectionFits, async w =>
        {
            var (phone, other) = await LosesAllAsync(w);
            var person = w.Of(w.Alice);
            await w.RefusesAsync(w.Alice.Send(person.Objects(other)), HubRule.ObjectionFits);
            w.Clock.Advance(TimeSpan.FromHours(2));
            var early = person.Objects(other, w.Clock.GetUtcNow() - TimeSpan.FromHours(1) - TimeSpan.FromMilliseconds(1));
            await w.ResetsAsync(phone, other);
            await w.RefusesAsync(w.Alice.Send(early), HubRule.ObjectionFits);
            await w.RefusesAsync(w.Alice.Send(person.Objects(person)), HubRule.ObjectionFits);
            await w.RefusesAsync(w.Alice.Send(person.Objects(other, w.Clock.GetUtcNow() + TimeSpan.FromHours(2))), HubRule.ObjectionFits);
            await ObjectsAsync(w, w.Alice, person.Objects(other));
        }),
        Case(HubRule.ObjectionSigned, async w =>
        {
            var (phone, other) = await LosesAllAsync(w);
            await w.ResetsAsync(phone, other);
            var objection = w.Of(w.Alice).Objects(other);
            await w.RefusesAsync(w.Alice.Send(objection with { Signature = new byte[64] }), HubRule.ObjectionSigned);
            await w.RefusesAsync(w.Alice.Send(new Person(w.Alice.User, w.Clock).Objects(other)), HubRule.ObjectionSigned);
            await ObjectsAsync(w, w.Alice, objection);
        }),
        Case(HubRule.ObjectionOnce, async w =>
        {
            var (phone, other) = await LosesAllAsync(w);
            await w.ResetsAsync(phone, other);
            await ObjectsAsync(w, w.Alice, w.Of(w.Alice).Objects(other));
            w.Clock.Advance(TimeSpan.FromDays(6));
            await w.RefusesAsync(w.Alice.Send(w.Of(w.Alice).Objects(other)), HubRule.ObjectionOnce);
            Assert.Equal(TimeSpan.FromDays(1), (await w.RefusesAsync(phone.Send(other.Shows()), HubRule.ResetWaits)).RetryAfter);
            w.Clock.Advance(TimeSpan.FromDays(1));
            await w.AcceptsAsync(phone.Send(other.Shows()));
        }),
    ];

    /// <summary>Alice is known, and comes with a new device and a new identity.</summary>
    private static async Task<(Device Phone, Person Other)> LosesAllAsync(World w)
    {
        await w.PublishAsync(w.Alice);
        var phone = new Device(World.Xmpp, "a.test", "alice", w.Clock, "new");
        var other = new Person(w.Alice.User, w.Clock);
        other.Begins(phone);
        return (phone, other);
    }

    private static async Task ObjectsAsync(World w, Device device, IdentityObjection objection)
    {
        await w.AcceptsAsync(device.Send(objection));
        Assert.Equal(device.User, Assert.IsType<IdentityObjection>(w.OwnCopy!.Event).User);
    }

    private static Device Tablet(World w) => new(World.Xmpp, "a.test", "alice", w.Clock, "tablet");
}
