using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tests.Groups;
using Interconnect.Mls.Tests.Rules;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Hostile;

/// <summary>What the official vectors lack: each thing that a peer must not do, with the rule that refuses it, and the same without it accepted.</summary>
public sealed class NegativeCorpus
{
    private readonly Genuine genuine = new();

    [Fact]
    [Covers("MLS-003", "MLS-004")]
    public void EveryLength_OfEveryMessage_IsTakenOnlyInItsShortestForm()
    {
        var seen = 0;
        ForEachPart((message, part, encode) =>
        {
            if (part.Shape is not (Shape.Vector or Shape.Opaque))
            {
                return;
            }

            seen++;
            part.Length = LengthForm.Reserved;
            Assert.Equal("MLS-004", Rule(encode()));
            var length = part.Shape is Shape.Opaque { Inner: null } ? part.Bytes.Length : part.Children.Sum(child => child.Encode().Length);
            foreach (var form in new[] { LengthForm.TwoBytes, LengthForm.FourBytes }.Skip(length < 1 << 6 ? 0 : 1).Take(length < 1 << 14 ? 2 : 0))
            {
                part.Length = form;
                Assert.Equal("MLS-003", Rule(encode()));
            }

            part.Length = LengthForm.Minimal;
            Assert.Equal(message, encode());
        });
        Assert.True(seen > 200, $"{seen}");
    }

    [Fact]
    [Covers("MLS-005", "MLS-006", "MLS-009")]
    public void EverySelector_OfEveryMessage_IsTakenOnlyWithAKnownValue()
    {
        var seen = 0;
        ForEachPart((message, part, encode) =>
        {
            var rule = part.Shape switch
            {
                Shape.Choice { Otherwise: null } => "MLS-006",
                Shape.Optional => "MLS-005",
                _ => null,
            };
            if (rule is not null)
            {
                seen++;
                var value = part.Value;
                foreach (var unknown in new ulong[] { 0, 99, 255 }.Where(unknown => rule == "MLS-006" || unknown > 1))
                {
                    part.Value = unknown;
                    Assert.Equal(rule, Rule(encode()));
                }

                part.Value = value;
                Assert.Equal(message, encode());
            }
        });
        Assert.True(seen > 60, $"{seen}");
        Assert.Equal("MLS-009", Rule([0, 2, .. genuine.Application[2..]]));
    }

    [Fact]
    [Covers("MLS-001", "MLS-002")]
    public void EveryMessage_CutAnywhereOrContinued_Refused()
    {
        foreach (var message in genuine.All)
        {
            Assert.Null(Rule(message));
            Assert.Equal("MLS-002", Rule([.. message, 0]));
            for (var length = 0; length < message.Length; length += 1 + (message.Length / 200))
            {
                Assert.Equal("MLS-001", Rule(message[..length]));
            }
        }
    }

    [Fact]
    [Covers("MLS-001", "MLS-002", "MLS-003", "MLS-004", "MLS-111")]
    public void Extensions_NotAsTheirTypeDemands_Refused()
    {
        string? Verdict(ushort type, byte[] data)
        {
            var info = Forge.GroupInfo(genuine.Alice);
            var extensions = info.Extensions.Where(e => e.Type != type).Append(new Extension(type, data)).ToList();
            var joined = new Person("joiner").Client.JoinExternally(Forge.Encode((info with { Extensions = extensions }).Sign(genuine.Alice.Key)));
            return joined.Match(_ => (string?)null, error => error.Rule);
        }

        var info = Forge.GroupInfo(genuine.Alice);
        var tree = info.Extensions.Find(ExtensionTypes.RatchetTree)!.Data.ToArray();
        var externalPub = info.Extensions.Find(ExtensionTypes.ExternalPub)!.Data.ToArray();
        Assert.Equal("MLS-001", Verdict(ExtensionTypes.RatchetTree, tree[..^1]));
        Assert.Equal("MLS-002", Verdict(ExtensionTypes.RatchetTree, [.. tree, 0]));
        Assert.Equal("MLS-003", Verdict(ExtensionTypes.RatchetTree, [0x80, 0, (byte)(tree[0] & 0x3f), .. tree[1..]]));
        Assert.Equal("MLS-001", Verdict(ExtensionTypes.ExternalPub, externalPub[..^1]));
        Assert.Equal("MLS-002", Verdict(ExtensionTypes.ExternalPub, [.. externalPub, 0]));
        Assert.Equal("MLS-003", Verdict(ExtensionTypes.ExternalPub, [0x40, .. externalPub]));
        Assert.Equal("MLS-004", Verdict(ExtensionTypes.ExternalPub, [0xc0, .. externalPub]));
        Assert.Equal("MLS-111", Verdict(ExtensionTypes.ExternalPub, [31, .. externalPub[2..]]));

        // ts-mls writes the key without its length.
        Assert.NotNull(Verdict(ExtensionTypes.ExternalPub, externalPub[1..]));
        Assert.Null(Verdict(ExtensionTypes.ExternalPub, externalPub));
    }

    [Fact]
    [Covers("MLS-201", "MLS-204", "MLS-205", "MLS-209")]
    public void Tree_WithBlankNodesWhereTheyLie_Refused()
    {
        var alice = new Person("alice").Create();
        var (bob, cathy, dave) = (new Person("bob"), new Person("cathy"), new Person("dave"));
        alice.Add([bob, cathy, dave]);
        alice.Commit(new CommitRequest(), bob, cathy, dave);
        cathy.Commit(new CommitRequest(), alice, bob, dave);
        var root = Node.Parse(MlsGrammar.RatchetTree, RatchetTreeCodec.Encode(alice.State.Tree));
        string? With(Action<List<Node>> change)
        {
            var copy = root.Clone();
            change(copy.Children);
            return VerdictOfTree(alice, copy.Encode());
        }

        Node Blank() => new(root.Children[0].Shape);
        Assert.Equal("MLS-204", With(nodes => (nodes[4], nodes[6]) = (Blank(), nodes[6]))); // a parent above a blank leaf that set it
        Assert.Equal("MLS-204", With(nodes => nodes[5] = Blank())); // a blank in the middle of a chain of parent hashes
        Assert.Equal("MLS-201", With(nodes => nodes.Add(Blank()))); // a blank at the end
        Assert.Equal("MLS-204", With(nodes => nodes.RemoveAt(6))); // the last leaf left out, so that a parent is the last
        Assert.Equal("MLS-209", With(nodes => nodes.Clear()));
        Assert.Equal("MLS-205", With(nodes => Unmerged(nodes[3], 1))); // an unmerged leaf that its parent below does not list
        Assert.Equal("MLS-205", With(nodes =>
        {
            nodes[2] = Blank();
            Unmerged(nodes[1], 1);
            Unmerged(nodes[3], 1);
        })); // an unmerged leaf that is blank
        Assert.Null(With(_ => { }));
    }

    [Fact]
    [Covers("MLS-102", "MLS-105", "MLS-304", "MLS-605")]
    public void Signature_OfAnotherSuiteLabelOrKey_Refused()
    {
        using var p256 = CipherSuite.Get(2).GenerateSignatureKeyPair();
        using var ed448 = CipherSuite.Get(4).GenerateSignatureKeyPair();
        var frank = new Person("frank");
        foreach (var other in new[] { p256, ed448, genuine.Alice.Key })
        {
            var good = frank.Verified.KeyPackage;
            var leaf = good.Leaf;
            var wrongLeaf = new LeafNode(
                leaf.EncryptionKey, leaf.SignatureKey, leaf.Credential, leaf.Capabilities, leaf.Source, leaf.Extensions, other.SignWithLabel("LeafNodeTBS", [1]));
            Assert.Equal("MLS-105", Forge.Verdict(Forge.KeyPackage(frank, wrongLeaf)));
            Assert.Equal("MLS-102", Forge.Verdict(new KeyPackage(good.Version, good.Suite, good.InitKey, leaf, [], KeyPackage.Sign(other, good.InitKey, leaf, []).Signature)));
            Assert.Equal("MLS-304", genuine.Bob.Refusal(Forge.Public(genuine.Cathy, AnyProposal, key: other)));
            Assert.Equal("MLS-605", Forge.Open(Forge.Encode(Forge.GroupInfo(genuine.Cathy).Sign(other))).Error.Rule);
        }

        Assert.True(genuine.Bob.Group.Process(Forge.Public(genuine.Cathy, AnyProposal)).IsOk);
        Assert.True(Forge.Open(Forge.Encode(Forge.GroupInfo(genuine.Cathy).Sign(genuine.Cathy.Key))).IsOk);
    }

    [Fact]
    [Covers("MLS-302", "MLS-303", "MLS-307", "MLS-308", "MLS-309")]
    public void ApplicationMessage_AgainTooFarAheadOrTooOld_Refused()
    {
        var alice = new Person("alice").Create();
        var bob = new Person("bob", options: new MlsOptions { MaxForwardGenerations = 5, MaxSkippedKeys = 2, RetainedEpochs = 1 });
        alice.Add([bob]);
        var sent = Enumerable.Range(0, 8).Select(i => alice.Say($"text {i}")).ToList();
        Assert.Equal("MLS-309", bob.Refusal(sent[6]));
        Assert.Equal("text 5", bob.Hear(sent[5]));
        Assert.Equal("MLS-308", bob.Refusal(sent[5]));
        Assert.Equal("MLS-308", bob.Refusal(sent[0]));
        Assert.Equal("text 4", bob.Hear(sent[4]));
        Assert.Equal("MLS-308", bob.Refusal(sent[4]));
        bob.Group = bob.Client.ImportGroup(bob.Group.Export()).Value;
        Assert.Equal("MLS-308", bob.Refusal(sent[5]));
        Assert.Equal("MLS-307", bob.Refusal(Forge.Flip(sent[7], ^1)));

        alice.Commit(new CommitRequest(), bob);
        Assert.Equal("text 7", bob.Hear(sent[7]));
        Assert.Equal("MLS-308", bob.Refusal(sent[7]));
        alice.Commit(new CommitRequest(), bob);
        Assert.Equal("MLS-303", bob.Refusal(sent[6]));
    }

    [Fact]
    [Covers("MLS-208", "MLS-302", "MLS-305", "MLS-508")]
    public void HandshakeMessage_OfARemovedMemberOrWithAWrongTag_Refused()
    {
        var (alice, bob, cathy) = (genuine.Alice, genuine.Bob, genuine.Cathy);
        var old = cathy.Group.ProposeUpdate().Value.Message;
        Assert.Equal("MLS-305", bob.Refusal(Forge.Flip(old, ^1)));
        var commit = alice.Group.Update().Value.Commit;
        var message = ((MlsMessage.OfPublicMessage)Codec.Decode<MlsMessage>(commit)).Message;
        Assert.Equal("MLS-508", bob.Refusal(Forge.Public(alice, message.Content.Content)));
        Assert.True(bob.Group.Process(commit).IsOk);
        Assert.True(bob.Group.Process(old).IsOk);

        var leaf = cathy.Leaf;
        var key = cathy.Key;
        alice.Commit(new CommitRequest { Remove = [leaf] }, bob, cathy);
        Assert.Equal("MLS-302", bob.Refusal(old));

        // With the help of a member, who has the keys of the new epoch.
        Assert.Equal("MLS-208", bob.Refusal(Forge.Public(alice, AnyProposal, new Sender.Member(leaf), key)));
        Assert.Equal("MLS-304", bob.Refusal(Forge.Public(alice, AnyProposal, key: key)));
        Assert.True(bob.Group.Process(Forge.Public(alice, AnyProposal)).IsOk);
    }

    [Fact]
    [Covers("MLS-304")]
    public void PrivateMessage_OfAMemberInAnothersName_Refused()
    {
        // Every member has the keys that every other member encrypts with; only the signature tells them apart.
        byte[] Encrypted(SignatureKeyPair key)
        {
            var state = genuine.Cathy.State;
            var framed = new FramedContent(
                state.Context.GroupId, state.Context.Epoch, new Sender.Member(genuine.Alice.Leaf), ReadOnlyMemory<byte>.Empty, new Content.Application("x"u8.ToArray()));
            var signed = AuthenticatedContent.Sign(key, WireFormat.PrivateMessage, framed, state.EncodedContext);
            return MessageProtection.Protect(
                state.Suite, signed, state.SecretTree, state.Secrets.SenderData, 0, SystemRandomness.Instance, new ConsumedSecrets()).Message;
        }

        Assert.Equal("MLS-304", genuine.Bob.Refusal(Encrypted(genuine.Cathy.Key)));
        Assert.IsType<Processed.ApplicationMessage>(genuine.Bob.Group.Process(Encrypted(genuine.Alice.Key)).Value);
    }

    private static Content AnyProposal => new Content.OfProposal(new Proposal.Remove(0));

    private static string? Rule(byte[] message)
    {
        try
        {
            Codec.Decode<MlsMessage>(message);
            return null;
        }
        catch (MlsRefusal refusal)
        {
            return refusal.Error.Rule;
        }
    }

    // The tree travels beside a GroupInfo that vouches for its hash, when it has one.
    private static string? VerdictOfTree(Person signer, byte[] encoded)
    {
        var info = Forge.GroupInfo(signer);
        var without = info with { Extensions = info.Extensions.Where(e => e.Type != ExtensionTypes.RatchetTree).ToList() };
        try
        {
            without = without with { Context = info.Context with { TreeHash = RatchetTreeCodec.Decode(signer.State.Suite, encoded).TreeHash } };
        }
        catch (MlsRefusal)
        {
            // It has none: the decoder's refusal is the one to come.
        }

        return Forge.Open(Forge.Encode(without.Sign(signer.Key)), encoded).Match(_ => (string?)null, error => error.Rule);
    }

    private static void Unmerged(Node optionalNode, uint leaf)
    {
        var unmerged = optionalNode.Children[0].Children[0].Children[2];
        unmerged.Children.Add(new Node(((Shape.Vector)unmerged.Shape).Element) { Value = leaf });
    }

    // Every part of every message, except inside opaque bytes, which are read later.
    private void ForEachPart(Action<byte[], Node, Func<byte[]>> use)
    {
        foreach (var message in genuine.All)
        {
            var node = Node.Parse(MlsGrammar.Message, message);
            var parts = new Queue<Node>([node]);
            while (parts.TryDequeue(out var part))
            {
                use(message, part, node.Encode);
                foreach (var child in part.Shape is Shape.Opaque ? [] : part.Children)
                {
                    parts.Enqueue(child);
                }
            }
        }
    }
}
