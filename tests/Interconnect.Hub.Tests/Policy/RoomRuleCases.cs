using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;
using Interconnect.Mls;
using static Interconnect.Hub.Tests.Policy.RuleCases;

namespace Interconnect.Hub.Tests.Policy;

/// <summary>The cases of the rules on rooms and what is sent to them.</summary>
internal static class RoomRuleCases
{
    // The length of suite 1's tags, with their length.
    private const int Tag = 1 + 32;

    public static IReadOnlyList<RuleCase> All { get; } =
    [
        Case(HubRule.RoomHere, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            var foreign = RoomUri.Parse("mimi://otherhub.test/r/1");
            await w.RefusesAsync(w.Alice.Send(w.Alice.Refreshes(room) with { Room = foreign }), HubRule.RoomHere);
            await w.RefusesAsync(w.Alice.Send(new EncryptedMessage(foreign, null, new byte[] { 1 })), HubRule.RoomHere);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Asks(w.Bob.User, foreign)), HubRule.RoomHere);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Says(ConsentOperation.Request, w.Bob.User, foreign)), HubRule.RoomHere);
            await w.ClaimAsync(w.Alice, w.Bob.User, w.NewRoom());
        }),
        Case(HubRule.RoomExists, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            var unknown = w.NewRoom();
            await w.RefusesAsync(w.Alice.Send(w.Alice.Writes(room, "x") with { Room = unknown }), HubRule.RoomExists);
            w.Alice.Creates(unknown, []);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Refreshes(unknown)), HubRule.RoomExists);
            await w.AnotherRoomAsync(w.Alice, w.Bob);
        }),
        Case(HubRule.Participant, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            var tablet = new Device(World.Xmpp, "a.test", "alice", w.Clock, "tablet");
            await w.PublishAsync(tablet);
            tablet.Creates(room, []);
            await w.RefusesAsync(tablet.Send(tablet.Writes(room, "x")), HubRule.Participant);
            await w.RefusesAsync(tablet.Send(tablet.Refreshes(room)), HubRule.Participant);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Writes(room, "x"));
        }),
        Case(HubRule.CommitReadable, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            var proposal = w.Alice.Group!.ProposeUpdate().Value.Message;
            var update = w.Alice.Refreshes(room);
            await w.RefusesAsync(w.Alice.Send(update with { Commit = new byte[] { 0, 1, 0, 1, 9 } }), HubRule.CommitReadable);
            await w.RefusesAsync(w.Alice.Send(update with { Commit = proposal }), HubRule.CommitReadable);
            await w.RefusesAsync(w.Alice.Send(update with { Commit = w.Bob.Writes(room, "x").Message }), HubRule.CommitReadable);
            await w.CrossesAsync(w.Alice, w.Bob, update);
        }),
        Case(HubRule.CommitGroup, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            var mine = w.Alice.Group!;
            w.Alice.Creates(w.NewRoom(), []);
            var foreign = w.Alice.Refreshes(room);
            await w.RefusesAsync(w.Alice.Send(foreign), HubRule.CommitGroup);
            w.Alice.Group = mine;
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Refreshes(room));
        }),
        Case(HubRule.CommitEpoch, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            var lost = w.Bob.Group!.Update().Value;
            var won = await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Refreshes(room));
            var refusal = await w.RefusesAsync(w.Bob.Send(new RoomUpdate(room, lost.Commit, default, lost.GroupInfo)), HubRule.CommitEpoch);
            Assert.Equal(2UL, refusal.CurrentEpoch);
            w.Bob.Follows((RoomUpdate)won.Event);
            await w.CrossesAsync(w.Bob, w.Alice, w.Bob.Refreshes(room));
        }),
        Case(HubRule.GroupInfoValid, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            var update = w.Alice.Refreshes(room);
            var damaged = update.GroupInfo.ToArray();
            damaged[^1] ^= 1;
            await w.RefusesAsync(w.Alice.Send(update with { GroupInfo = damaged }), HubRule.GroupInfoValid);
            await w.RefusesAsync(w.Alice.Send(update with { GroupInfo = new byte[] { 7 } }), HubRule.GroupInfoValid);

            // Signed by Alice: without what a later joiner needs, with a tree that is none, and with one that the commit does not make.
            foreach (var forged in Forgeries(ForgedGroupInfo.Of(update.GroupInfo)))
            {
                await w.RefusesAsync(w.Alice.Send(update with { GroupInfo = forged.Sign(w.Alice.Key) }), HubRule.GroupInfoValid);
            }

            await w.CrossesAsync(w.Alice, w.Bob, update with { GroupInfo = ForgedGroupInfo.Of(update.GroupInfo).Sign(w.Alice.Key) });

            // The same of what makes a room, since every later commit starts from it.
            var another = w.NewRoom();
            var makes = w.Alice.Creates(another, (await w.ClaimAsync(w.Alice, w.Bob.User, another)).Clients.Select(c => c.KeyPackage));
            var genuine = ForgedGroupInfo.Of(makes.GroupInfo);
            foreach (var forged in Forgeries(genuine).Append(genuine with { ConfirmationTag = genuine.ConfirmationTag[..5] }))
            {
                await w.RefusesAsync(w.Alice.Send(makes with { GroupInfo = forged.Sign(w.Alice.Key) }), HubRule.GroupInfoValid);
            }

            await w.RefusesAsync(w.Alice.Send(makes with { GroupInfo = genuine.Sign(w.Bob.Key) }), HubRule.GroupInfoValid);
            await w.CrossesAsync(w.Alice, w.Bob, makes with { GroupInfo = genuine.Sign(w.Alice.Key) });
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Refreshes(another));
        }),
        Case(HubRule.GroupInfoPlace, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            var before = w.Alice.Group!.CreateGroupInfo();
            var update = w.Alice.Refreshes(room);
            await w.RefusesAsync(w.Alice.Send(update with { GroupInfo = before }), HubRule.GroupInfoPlace);
            var mine = w.Alice.Group!;
            var elsewhere = w.Alice.Creates(w.NewRoom(), []);
            await w.RefusesAsync(w.Alice.Send(update with { GroupInfo = elsewhere.GroupInfo }), HubRule.GroupInfoPlace);
            w.Alice.Group = mine;
            await w.CrossesAsync(w.Alice, w.Bob, update);
        }),
        Case(HubRule.GroupInfoSigner, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            var update = w.Alice.Refreshes(room);
            w.Bob.Follows(update);
            await w.RefusesAsync(w.Alice.Send(update with { GroupInfo = w.Bob.Group!.CreateGroupInfo() }), HubRule.GroupInfoSigner);
            await w.CrossesAsync(w.Alice, w.Bob, update);

            // Of what makes a room, too: Bob's own, made by Alice.
            var another = w.NewRoom();
            var makes = w.Alice.Creates(another, (await w.ClaimAsync(w.Alice, w.Bob.User, another)).Clients.Select(c => c.KeyPackage));
            w.Bob.Joins(makes);
            await w.RefusesAsync(w.Alice.Send(makes with { GroupInfo = w.Bob.Group!.CreateGroupInfo() }), HubRule.GroupInfoSigner);
            await w.CrossesAsync(w.Alice, w.Bob, makes);
        }),
        Case(HubRule.CommitLeads, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            var before = w.Alice.Group!;
            var other = w.Alice.Refreshes(room);
            w.Alice.Group = before;
            var update = w.Alice.Refreshes(room);
            await w.RefusesAsync(w.Alice.Send(update with { GroupInfo = other.GroupInfo }), HubRule.CommitLeads);
            await w.RefusesAsync(w.Alice.Send(update with { Commit = other.Commit }), HubRule.CommitLeads);
            var tagged = ForgedGroupInfo.Of(update.GroupInfo);
            tagged.ConfirmationTag[0] ^= 1;
            await w.RefusesAsync(w.Alice.Send(update with { GroupInfo = tagged.Sign(w.Alice.Key) }), HubRule.CommitLeads);
            var unsigned = update.Commit.ToArray();
            unsigned[^(Tag + Tag + 1)] ^= 1;
            await w.RefusesAsync(w.Alice.Send(update with { Commit = unsigned }), HubRule.CommitLeads);
            await w.CrossesAsync(w.Alice, w.Bob, update);
        }),
        Case(HubRule.GroupGoesOn, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            var ends = ForgedCommit.OfReInit(w.Alice.Group!, w.Alice.Key, leaf: 0);
            var update = w.Alice.Refreshes(room);
            await w.RefusesAsync(w.Alice.Send(update with { Commit = ends }), HubRule.GroupGoesOn);
            await w.CrossesAsync(w.Alice, w.Bob, update);
        }),
        Case(HubRule.WelcomeReadable, async w =>
        {
            await w.MeetAsync(w.Alice, w.Bob);
            var room = w.NewRoom();
            var update = w.Alice.Creates(room, (await w.ClaimAsync(w.Alice, w.Bob.User)).Clients.Select(c => c.KeyPackage));
            await w.RefusesAsync(w.Alice.Send(update with { Welcome = new byte[] { 1 } }), HubRule.WelcomeReadable);
            await w.CrossesAsync(w.Alice, w.Bob, update);
        }),
        Case(HubRule.WelcomeClaims, async w =>
        {
            await w.MeetAsync(w.Alice, w.Bob);
            var room = w.NewRoom();

            // Never given out by the hub, though Bob's own.
            await w.RefusesAsync(w.Alice.Send(w.Alice.Creates(room, [w.Bob.Mls.CreateKeyPackage(TimeSpan.FromDays(1)).KeyPackage])), HubRule.WelcomeClaims);

            // Given out for another room.
            var elsewhere = await w.ClaimAsync(w.Alice, w.Bob.User, w.NewRoom());
            await w.RefusesAsync(w.Alice.Send(w.Alice.Creates(room, elsewhere.Clients.Select(c => c.KeyPackage))), HubRule.WelcomeClaims);

            // Given out for any room.
            var claimed = await w.ClaimAsync(w.Alice, w.Bob.User);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Creates(room, claimed.Clients.Select(c => c.KeyPackage)));
        }),
        Case(HubRule.JoinersMatch, async w =>
        {
            await w.MeetAsync(w.Alice, w.Bob);
            var room = w.NewRoom();
            var claimed = await w.ClaimAsync(w.Alice, w.Bob.User, room);
            var update = w.Alice.Creates(room, claimed.Clients.Select(c => c.KeyPackage));
            await w.RefusesAsync(w.Alice.Send(update with { Welcome = default }), HubRule.JoinersMatch);

            // Somebody else stands in the tree, signed by Alice, and is not looked at further.
            var tab = new Device(World.Matrix, "hs.test", "bob", w.Clock, "phonf");
            await w.PublishAsync(tab);
            var renamed = ForgedGroupInfo.Of(update.GroupInfo).With(ForgedGroupInfo.RatchetTree, RenamesBobsPhone);
            await w.RefusesAsync(w.Alice.Send(update with { GroupInfo = renamed.Sign(w.Alice.Key) }), HubRule.JoinersMatch);
            await w.CrossesAsync(w.Alice, w.Bob, update);
        }),
        Case(HubRule.MembersRegistered, async w =>
        {
            await w.MeetAsync(w.Alice, w.Bob);
            var room = w.NewRoom();
            var claimed = await w.ClaimAsync(w.Alice, w.Bob.User, room);
            var tablet = new Device(World.Matrix, "hs.test", "bob", w.Clock, "tablet");
            await w.ListAsync(tablet);
            var packages = claimed.Clients.Select(c => c.KeyPackage).ToList();
            await w.RefusesAsync(w.Alice.Send(w.Alice.Creates(room, [.. packages, tablet.Publication(1).KeyPackages[0]])), HubRule.MembersRegistered);
            using var key = w.Alice.Key.Suite.GenerateSignatureKeyPair();
            var nobody = new MlsClient("nobody"u8.ToArray(), key, UnsafeAcceptAnyCredential.Instance, w.Clock).CreateKeyPackage(TimeSpan.FromDays(1)).KeyPackage;
            await w.RefusesAsync(w.Alice.Send(w.Alice.Creates(room, [.. packages, nobody])), HubRule.MembersRegistered);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Creates(room, packages));

            // Nor by a later commit.
            var mine = w.Alice.Group!;
            await w.RefusesAsync(w.Alice.Send(w.Alice.Adds(room, [nobody])), HubRule.MembersRegistered);
            w.Alice.Group = mine;
            await w.RefusesAsync(w.Alice.Send(w.Alice.Adds(room, [tablet.Publication(1).KeyPackages[0]])), HubRule.MembersRegistered);
            w.Alice.Group = mine;
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Refreshes(room));
        }),
        Case(HubRule.RoomSize, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            var bernard = new Device(World.Matrix, "hs.test", "bernard", w.Clock);
            await w.PublishAsync(bernard);
            await w.CrossesAsync(w.Alice, bernard, w.Alice.Says(ConsentOperation.Request, bernard.User));
            await w.CrossesAsync(bernard, w.Alice, bernard.Says(ConsentOperation.Grant, w.Alice.User));
            var claimed = await w.ClaimAsync(w.Alice, bernard.User, room);
            var before = w.Alice.Group!;
            await w.RefusesAsync(w.Alice.Send(w.Alice.Adds(room, claimed.Clients.Select(c => c.KeyPackage))), HubRule.RoomSize);
            w.Alice.Group = before;
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Refreshes(room));
        }),
        Case(HubRule.RoomBound, o => o with { Limits = o.Limits with { MaxRoomsPerUser = 1 } }, async w =>
        {
            await w.RoomAsync(w.Alice, w.Bob);
            await w.PublishAsync(w.Bob);
            var another = w.NewRoom();
            var makes = w.Alice.Creates(another, (await w.ClaimAsync(w.Alice, w.Bob.User, another)).Clients.Select(c => c.KeyPackage));
            await w.RefusesAsync(w.Alice.Send(makes), HubRule.RoomBound);

            // Whoever did not make it has it not counted.
            await w.CrossesAsync(w.Bob, w.Alice, w.Bob.Says(ConsentOperation.Request, w.Alice.User));
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Grant, w.Bob.User));
            await w.AnotherRoomAsync(w.Bob, w.Alice);
        }),
        Case(HubRule.MessageReadable, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            await w.RefusesAsync(w.Alice.Send(new EncryptedMessage(room, null, new byte[] { 1, 2, 3 })), HubRule.MessageReadable);
            await w.RefusesAsync(w.Alice.Send(new EncryptedMessage(room, null, w.Alice.Group!.CreateGroupInfo())), HubRule.MessageReadable);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Writes(room, "x"));
        }),
        Case(HubRule.MessageGroup, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            var first = w.Alice.Group!;
            var other = await w.AnotherRoomAsync(w.Alice, w.Bob);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Writes(other, "x") with { Room = room }), HubRule.MessageGroup);
            w.Alice.Group = first;
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Writes(room, "x"));
        }),
        Case(HubRule.MessageEpoch, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            var old = w.Bob.Writes(room, "old");
            var late = w.Bob.Writes(room, "late");
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Refreshes(room));
            await w.CrossesAsync(w.Bob, w.Alice, late);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Refreshes(room));
            var refusal = await w.RefusesAsync(w.Bob.Send(old), HubRule.MessageEpoch);
            Assert.Equal(3UL, refusal.CurrentEpoch);
            w.Alice.Refreshes(room);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Writes(room, "ahead")), HubRule.MessageEpoch);
        }),
        Case(HubRule.SomebodyThere, async w =>
        {
            await w.MeetAsync(w.Alice, w.Bob);
            var room = w.NewRoom();
            await w.RefusesAsync(w.Alice.Send(w.Alice.Creates(room, [])), HubRule.SomebodyThere);

            // A second device is not a second user.
            var tablet = new Device(World.Xmpp, "a.test", "alice", w.Clock, "tablet");
            await w.PublishAsync(tablet);
            await w.RefusesAsync(tablet.Send(tablet.Creates(room, [])), HubRule.SomebodyThere);

            var claimed = await w.ClaimAsync(w.Alice, w.Bob.User, room);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Creates(room, claimed.Clients.Select(c => c.KeyPackage)));
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Writes(room, "x"));

            // Alone again, after the other left.
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Commits(room, w.Alice.Group!.RemoveMembers([1]).Value));
            await w.RefusesAsync(w.Alice.Send(w.Alice.Writes(room, "x")), HubRule.SomebodyThere);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Refreshes(room)), HubRule.SomebodyThere);
        }),
    ];
    private static IEnumerable<ForgedGroupInfo> Forgeries(ForgedGroupInfo genuine) =>
    [
        genuine.Without(ForgedGroupInfo.RatchetTree),
        genuine.Without(ForgedGroupInfo.ExternalPub),
        genuine.With(ForgedGroupInfo.ExternalPub, _ => [9]),
        genuine.With(ForgedGroupInfo.RatchetTree, _ => [9]),
        genuine.With(ForgedGroupInfo.RatchetTree, tree => [.. tree[..^1], (byte)(tree[^1] ^ 1)]),
    ];

    // A name of the same length, so that the tree stays well-formed.
    private static byte[] RenamesBobsPhone(byte[] tree)
    {
        var at = tree.AsSpan().IndexOf("/d/bob/phone"u8);
        Assert.True(at > 0);
        return [.. tree[..(at + 11)], (byte)'f', .. tree[(at + 12)..]];
    }
}
