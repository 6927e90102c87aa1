using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.PublicGroups;
using Interconnect.Mls.Tests.Groups;
using Interconnect.Mls.Tests.Rules;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Hostile;

/// <summary>
/// Messages changed by their grammar, as they are and signed again, handed to everything that takes them. They are refused by a rule, or taken in good order; nothing is
/// thrown, nothing hangs, and nothing allocates out of proportion.
/// </summary>
public sealed class GrammarFuzz
{
    private readonly Changes changes = new();

    private Genuine Genuine => changes.Genuine;

    [Fact]
    public void Grammar_GenuineMessages_AreDescribedByIt()
    {
        foreach (var message in Genuine.All)
        {
            Assert.Equal(message, Node.Parse(MlsGrammar.Message, message).Encode());
        }
    }

    [Fact]
    public void Process_MessagesChanged_NoneIsTaken()
    {
        var current = Forge.Open(Genuine.GroupInfo).Value;
        var member = new Meter("Process", 600_000, 600);
        var server = new Meter("PublicGroup", 400_000, 600);

        // A server sees no secret, so it takes any membership and confirmation tag.
        var signed = Genuine.Commits.Concat(Genuine.Proposals).Select(SignedPart).ToHashSet();
        foreach (var message in Genuine.Commits.Concat(Genuine.Proposals).Append(Genuine.Application))
        {
            changes.ForEach(message, 150, changed =>
            {
                member.Try(changed, () => Genuine.Bob.Group.Process(changed).IsOk);
                server.Try(changed, () => current.ReceiveProposal(changed).IsOk && !signed.Contains(SignedPart(changed)));
                server.Try(changed, () => current.ReceiveCommit(changed).IsOk && !signed.Contains(SignedPart(changed)));
                server.Try(changed, () => current.ReceiveCommit(changed, Genuine.GroupInfo).IsOk);
            });
            Assert.True(Genuine.Bob.Group.Process(message).IsOk);
        }

        Assert.Equal((0, 0), (member.Accepted, server.Accepted));
    }

    [Fact]
    public void Headers_MessagesChanged_AreReadOrRefused()
    {
        var meter = new Meter("a header", 4_000, 500);
        foreach (var message in Genuine.All)
        {
            changes.ForEach(message, 300, changed =>
            {
                meter.Try(changed, () => PublicHandshake.TryRead(changed, out _, out _));
                meter.Try(changed, () => PrivateMessageHeader.TryRead(changed, out _, out _));
                meter.Try(changed, () => WelcomeHeader.TryRead(changed, out _, out _));
                meter.Try(changed, () => GroupInfoHeader.TryRead(changed, out _, out _));
            });
        }

        Assert.InRange(meter.Accepted, 1, meter.Tried - 1);
    }

    [Fact]
    public void Join_WelcomesChanged_NoneLeadsElsewhere()
    {
        var meter = new Meter("Join", 1_000_000, 1_000);
        var there = Genuine.Newcomer.Client.Join(Genuine.Welcome, [Genuine.Newcomer.Bundle]).Value.NewState.EpochAuthenticator;
        changes.ForEach(Genuine.Welcome, 300, changed => meter.Try(changed, () =>
            Genuine.Newcomer.Client.Join(changed, [Genuine.Newcomer.Bundle]) is { IsOk: true } joined
            && !joined.Value.NewState.EpochAuthenticator.Span.SequenceEqual(there.Span)));
        Assert.Equal(0, meter.Accepted);
    }

    [Fact]
    public void Proposals_ChangedAndSignedAgain_AreRefusedOrCommitted()
    {
        var meter = new Meter("a proposal", 2_000_000, 2_000);
        var codes = new HashSet<string>();
        foreach (var message in Genuine.Proposals.Take(6))
        {
            changes.ForEach(message, 100, changed =>
            {
                if (Changes.Content(changed) is not Content.OfProposal content)
                {
                    return;
                }

                var signed = Forge.Public(Genuine.Alice, content);
                meter.Try(changed, () =>
                {
                    var taken = Genuine.Bob.Group.Process(signed);
                    codes.Add(taken.Match(_ => "taken", error => error.Rule));
                    return taken.IsOk;
                });
                if (Genuine.Bob.Group.Process(signed) is { IsOk: true } stored)
                {
                    CommitAndFollow(stored.Value.NewState, signed, changed);
                }
            });
        }

        Assert.Contains("taken", codes);
        Assert.True(codes.Count > 10, string.Join(' ', codes));
    }

    [Fact]
    public void Commits_ChangedAndSignedAgain_AreRefused()
    {
        var meter = new Meter("a commit", 2_000_000, 2_000);
        var codes = new HashSet<string>();
        foreach (var message in Genuine.Commits.Take(3))
        {
            changes.ForEach(message, 150, changed =>
            {
                if (Changes.Content(changed) is Content.OfCommit content)
                {
                    // The confirmation tag is wrong in any case: what is left of the change must be refused before it, or there.
                    var signed = Forge.Public(Genuine.Alice, content);
                    meter.Try(changed, () =>
                    {
                        var taken = Genuine.Bob.Group.Process(signed);
                        codes.Add(taken.Match(_ => "taken", error => error.Rule));
                        return taken.IsOk;
                    });
                }
            });
        }

        Assert.Equal(0, meter.Accepted);
        Assert.True(codes.Count > 10, string.Join(' ', codes));
    }

    [Fact]
    public void KeyPackages_ChangedAndSignedAgain_AreRefusedOrAdded()
    {
        var meter = new Meter("a KeyPackage", 1_000_000, 1_000);
        var owner = new Person("frank");
        Assert.Equal(0, CountUnsigned(meter));
        changes.ForEach(owner.Bundle.KeyPackage.ToArray(), 600, changed =>
        {
            if (Changes.Decoded(changed) is not MlsMessage.OfKeyPackage { KeyPackage: var received })
            {
                return;
            }

            var leaf = received.Leaf;
            var place = Forge.PlaceOf(Genuine.Alice);
            var signedLeaf = LeafNode.Sign(owner.Key, leaf.EncryptionKey, leaf.Credential, leaf.Capabilities, leaf.Source, leaf.Extensions, place);
            var signed = Forge.Encode(KeyPackage.Sign(owner.Key, received.InitKey, signedLeaf, received.Extensions));
            meter.Try(changed, () => KeyPackages.Verify(signed, Person.Start).IsOk);
            if (KeyPackages.Verify(signed, Person.Start) is { IsOk: true } verified && Genuine.Alice.Group.AddMembers([verified.Value]) is { IsOk: true } added)
            {
                var followed = Genuine.Bob.Group.Process(added.Value.Commit);
                Assert.True(followed.IsOk, followed.Match(_ => string.Empty, error => $"{error}: {Convert.ToHexStringLower(signed)}"));
            }
        });
        Assert.InRange(meter.Accepted, 1, meter.Tried - 1);
    }

    [Fact]
    public void GroupInfos_ChangedAndSignedAgain_AreRefusedOrJoined()
    {
        var meter = new Meter("a GroupInfo", 2_000_000, 2_000);
        var joiner = new Person("joiner");
        var codes = new HashSet<string>();
        changes.ForEach(Genuine.GroupInfo, 400, changed =>
        {
            meter.Try(changed, () => Forge.Open(changed).IsOk);
            meter.Try(changed, () => joiner.Client.JoinExternally(changed).IsOk);
            if (Changes.Decoded(changed) is not MlsMessage.OfGroupInfo { GroupInfo: var received })
            {
                return;
            }

            Assert.False(Forge.Open(changed).IsOk);
            var info = received;
            if (Tree(received) is { } tree)
            {
                info = info with { Context = info.Context with { TreeHash = tree.TreeHash } };
            }

            var signed = Forge.Encode(info.Sign(Genuine.Alice.Key));
            meter.Try(changed, () => Forge.Open(signed).IsOk);
            meter.Try(changed, () =>
            {
                var joined = joiner.Client.JoinExternally(signed);
                codes.Add(joined.Match(_ => "joined", error => error.Rule));
                return joined.IsOk;
            });
        });
        Assert.True(codes.Count > 10, string.Join(' ', codes));
    }

    private static string? SignedPart(byte[] message) => Changes.Decoded(message) is MlsMessage.OfPublicMessage { Message: { Content: var content, Auth.Signature: var signature } }
        ? Convert.ToHexString([.. Codec.Encode(content), .. signature.Span])
        : null;

    private static RatchetTree? Tree(GroupInfo info)
    {
        try
        {
            return info.Extensions.Find(ExtensionTypes.RatchetTree) is { } extension ? RatchetTreeCodec.Decode(CipherSuite.Get(1), extension.Data) : null;
        }
        catch (MlsRefusal)
        {
            return null;
        }
    }

    private int CountUnsigned(Meter meter)
    {
        changes.ForEach(Genuine.KeyPackage, 300, changed => meter.Try(changed, () => KeyPackages.Verify(changed, Person.Start).IsOk));
        return meter.Accepted;
    }

    // What one member stores, any member can commit, and the others follow: both sides apply the same rules.
    private void CommitAndFollow(MlsGroup stored, byte[] proposal, byte[] input)
    {
        if (stored.Commit(new CommitRequest()) is not { IsOk: true } made)
        {
            return;
        }

        var other = Genuine.Cathy.Group.Process(proposal).Value.NewState.Process(made.Value.Commit);
        Assert.True(other.IsOk, other.Match(_ => string.Empty, error => $"{error}: {Convert.ToHexStringLower(input)}"));
        if (other.Value is Processed.CommitApplied)
        {
            Assert.Equal(made.Value.NewState.EpochAuthenticator.ToArray(), other.Value.NewState.EpochAuthenticator.ToArray());
        }
    }
}
