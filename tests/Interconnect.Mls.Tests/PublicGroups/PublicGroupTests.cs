using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;
using Interconnect.Mls.PublicGroups;
using Interconnect.Mls.Tests.Groups;
using Interconnect.Mls.Tests.Rules;

namespace Interconnect.Mls.Tests.PublicGroups;

public sealed class PublicGroupTests
{
    private readonly Person alice;
    private readonly Person bob;

    public PublicGroupTests() => (alice, bob) = Scenarios.Pair();

    [Fact]
    public void Headers_OfGenuineMessages_SayWhatAServerNeeds()
    {
        var cathy = new Person("cathy");
        var commit = alice.Group.Commit(new CommitRequest { Add = [cathy.Verified], AuthenticatedData = "aad"u8.ToArray() }).Value;
        Assert.True(PublicHandshake.TryRead(commit.Commit, out var handshake, out _));
        Assert.Equal((1ul, true, (byte)1, 0u), (handshake.Epoch, handshake.IsCommit, handshake.SenderType, handshake.SenderIndex!.Value));
        Assert.Equal("group"u8.ToArray(), handshake.GroupId.ToArray());
        Assert.Equal("aad"u8.ToArray(), handshake.AuthenticatedData.ToArray());
        Assert.True(PublicHandshake.TryRead(bob.Group.ProposeUpdate().Value.Message, out var proposal, out _));
        Assert.Equal((false, (ushort)2, 1u), (proposal.IsCommit, proposal.ProposalType!.Value, proposal.SenderIndex!.Value));

        Assert.True(WelcomeHeader.TryRead(commit.Welcome!, out var welcome, out _));
        Assert.Equal(cathy.Bundle.Reference.ToArray(), Assert.Single(welcome.KeyPackageRefs).ToArray());
        Assert.True(GroupInfoHeader.TryRead(commit.GroupInfo, out var info, out _));
        Assert.Equal((2ul, (ushort)1, 0u), (info.Epoch, info.CipherSuite, info.Signer));
        Assert.NotNull(info.RatchetTree);
        var message = alice.Group.Encrypt("secret"u8, "clear"u8).Value.PrivateMessage;
        Assert.True(PrivateMessageHeader.TryRead(message, out var header, out _));
        Assert.Equal((1ul, (byte)1, 5), (header.Epoch, header.ContentType, header.AuthenticatedDataLength));

        Assert.False(PublicHandshake.TryRead(message, out _, out var error));
        Assert.Equal("MLS-008", error.Rule);
        Assert.False(WelcomeHeader.TryRead(message[..10], out _, out error));
        Assert.Equal(("MLS-001", true), (error.Rule, error.Offset is not null && error.Path is not null));
    }

    [Fact]
    [Covers("MLS-611", "MLS-302", "MLS-304")]
    public void ReceiveCommit_FollowsTheGroupFromEpochToEpoch()
    {
        var current = Forge.Open(alice.Group.CreateGroupInfo()).Value;
        Assert.Equal(2, current.Members.Count);
        var cathy = new Person("cathy");
        var commit = alice.Group.AddMembers([cathy.Verified]).Value;
        var rival = bob.Group.Update().Value;
        Assert.Equal("MLS-611", current.ReceiveCommit(commit.Commit, rival.GroupInfo).Error.Rule);
        Assert.Equal("MLS-611", current.ReceiveCommit(commit.Commit, alice.Group.CreateGroupInfo()).Error.Rule);
        Assert.Equal("MLS-313", current.ReceiveCommit(bob.Group.ProposeUpdate().Value.Message, commit.GroupInfo).Error.Rule);
        Assert.Equal("MLS-304", current.ReceiveProposal(Forge.Flip(bob.Group.ProposeUpdate().Value.Message, ^34)).Error.Rule);

        var step = current.ReceiveCommit(commit.Commit, commit.GroupInfo).Value;
        Assert.Equal("cathy"u8.ToArray(), Assert.Single(step.Added).Credential.Identity.ToArray());
        Assert.Empty(step.Removed);
        Assert.Equal(0u, step.Committer.LeafIndex);
        Assert.Equal((2, 4), (current.LeafCount, step.Next.LeafCount));
        Assert.Equal([1, 0, 0], new[] { commit.Commit, rival.Commit, bob.Group.ProposeUpdate().Value.Message }
            .Select(message => PublicHandshake.TryRead(message, out var header, out _) ? header.ProposalCount : -1));
        Assert.Equal("MLS-302", step.Next.ReceiveCommit(rival.Commit, rival.GroupInfo).Error.Rule);
        alice.Group = commit.NewState;

        var removal = alice.Group.RemoveMembers([bob.Leaf]).Value;
        step = step.Next.ReceiveCommit(removal.Commit, removal.GroupInfo).Value;
        Assert.Equal("bob"u8.ToArray(), Assert.Single(step.Removed).Credential.Identity.ToArray());

        var join = bob.Client.JoinExternally(removal.GroupInfo).Value;
        step = step.Next.ReceiveCommit(join.Commit, join.GroupInfo).Value;
        Assert.True(step.IsExternal);
        Assert.Equal("bob"u8.ToArray(), step.Committer.Credential.Identity.ToArray());
    }

    [Fact]
    public void ReadMembers_OfAHeader_SaysWhatTheTreeClaims_RefusesWhatIsNone()
    {
        var info = Forge.GroupInfo(alice);
        var tree = info.Extensions[0];
        MlsResult<IReadOnlyList<Member>> Read(GroupInfo forged) =>
            GroupInfoHeader.TryRead(Forge.Encode(forged), out var header, out var error) ? header.ReadMembers() : error;

        Assert.Equal("MLS-606", Read(info with { Extensions = [info.Extensions[1]] }).Error.Rule);
        Assert.Equal("MLS-001", Read(info with { Extensions = [tree with { Data = tree.Data[..60] }] }).Error.Rule);
        Assert.Equal("MLS-610", Read(info with { Context = info.Context with { Suite = 99 } }).Error.Rule);

        // Neither the tree's hash nor a signature is looked at: these are claims.
        var claimed = Read(info with { Context = info.Context with { TreeHash = new byte[32] }, Signature = new byte[64] }).Value;
        Assert.Equal([(0u, "alice"), (1u, "bob")], claimed.Select(m => (m.LeafIndex, System.Text.Encoding.UTF8.GetString(m.Credential.Identity.Span))));
        Assert.Equal(alice.Group.Members.Select(m => m.SignatureKey.ToArray()), claimed.Select(m => m.SignatureKey.ToArray()));
    }

    [Fact]
    public void PublicGroups_TypesReachNoSecret()
    {
        var inside = typeof(PublicHandshake).Assembly.GetTypes();
        var reached = Reachable(inside.Where(type => type.Namespace == "Interconnect.Mls.PublicGroups" && !type.Name.Contains('<')));
        Type[] secrets =
        [
            typeof(Secret<>), typeof(IDhPrivateKey), typeof(ISigner), typeof(SignatureKeyPair), typeof(HpkeContext), typeof(MlsGroup), typeof(MlsClient),
            typeof(KeyPackageBundle), typeof(ConsumedSecrets), typeof(Mls.Groups.GroupState), typeof(Mls.Groups.OwnUpdate), typeof(Mls.Schedule.EpochSecrets),
            typeof(Mls.Schedule.SecretTree), typeof(Mls.Schedule.SecretNode), typeof(Mls.Schedule.SecretRatchet), typeof(Mls.Schedule.MessageKey),
            typeof(Mls.Tree.PathSecrets), typeof(Mls.Tree.PrivatePath), typeof(IMlsRandom),
        ];
        foreach (var secret in secrets)
        {
            Assert.DoesNotContain(secret, reached);
        }

        Assert.Contains(typeof(Mls.Tree.RatchetTree), reached);
        Assert.Contains(typeof(Mls.Groups.StoredProposal), reached);
        Assert.Contains(reached, type => type.FullName!.EndsWith("EdwardsScheme+Verifier", StringComparison.Ordinal));
        Assert.Superset(secrets.Skip(1).Take(1).ToHashSet(), Reachable([typeof(Mls.Groups.GroupState)]));
    }

    // What an object of these types can lead to: through fields, type arguments, and every subtype of what a field is declared as.
    private static HashSet<Type> Reachable(IEnumerable<Type> from)
    {
        const System.Reflection.BindingFlags Own = System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.Public
            | System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.DeclaredOnly;
        var inside = typeof(PublicHandshake).Assembly.GetTypes();
        var seen = new HashSet<Type>();
        var pending = new Queue<Type>(from);
        Assert.NotEmpty(pending);
        while (pending.TryDequeue(out var type))
        {
            foreach (var argument in type.IsGenericType ? type.GetGenericArguments() : [])
            {
                pending.Enqueue(argument);
            }

            var definition = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
            if (type.Assembly != typeof(PublicHandshake).Assembly || !seen.Add(definition))
            {
                continue;
            }

            foreach (var part in type.GetFields(Own).Select(field => field.FieldType).Concat(inside.Where(other => other != type && type.IsAssignableFrom(other)))
                .Concat(type.BaseType is { } ancestor ? [ancestor] : []))
            {
                pending.Enqueue(part.HasElementType ? part.GetElementType()! : part);
            }
        }

        return seen;
    }
}
