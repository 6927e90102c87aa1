using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Groups;
using Interconnect.Mls.Messages;
using Interconnect.Mls.PublicGroups;
using Interconnect.Mls.Schedule;
using Interconnect.Mls.Tests.Groups;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Rules;

/// <summary>Makes what the library itself refuses to make: well-signed messages with wrong content.</summary>
internal static class Forge
{
    private static readonly PublicGroupOptions AnyGroup = new() { Authentication = UnsafeAcceptAnyCredential.Instance, RequireExternalPub = false };

    /// <summary>A PublicMessage of a member, correctly signed and tagged, whatever it holds.</summary>
    public static byte[] Public(
        Person person, Content content, Sender? sender = null, SignatureKeyPair? key = null, byte[]? groupId = null, byte[]? membershipTag = null)
    {
        var state = person.State;
        var framed = new FramedContent(
            groupId ?? state.Context.GroupId, state.Context.Epoch, sender ?? new Sender.Member(person.Leaf), ReadOnlyMemory<byte>.Empty, content);
        var signed = AuthenticatedContent.Sign(key ?? person.Key, WireFormat.PublicMessage, framed, state.EncodedContext);
        if (content is Content.OfCommit)
        {
            signed = signed.WithConfirmationTag(new byte[state.Suite.Hash.Size]);
        }

        var tag = membershipTag ?? signed.MembershipTag(state.Suite, state.Secrets.Membership, state.EncodedContext);
        return Codec.Encode<MlsMessage>(new MlsMessage.OfPublicMessage(new PublicMessage(framed, signed.Auth, tag)));
    }

    public static byte[] Proposal(Person person, Proposal proposal, Sender? sender = null, SignatureKeyPair? key = null) =>
        Public(person, new Content.OfProposal(proposal), sender, key);

    /// <summary>A commit of proposals by value, without a path.</summary>
    public static byte[] Commit(Person person, params Proposal[] proposals) =>
        Public(person, new Content.OfCommit(new Commit(proposals.Select(p => (ProposalOrRef)new ProposalOrRef.ByValue(p)).ToList(), null)));

    /// <summary>A genuine commit with its path changed, signed again. Everything up to the confirmation tag is as the change makes it.</summary>
    public static byte[] CommitWithPath(Person person, Func<UpdatePath, UpdatePath> change)
    {
        var commit = Update(person);
        return Public(person, new Content.OfCommit(commit with { Path = change(commit.Path!) }));
    }

    /// <summary>A commit that replaces the group's extensions, with a path that only who has no secret takes.</summary>
    public static byte[] Replacing(Person person, params Extension[] extensions) =>
        Public(person, new Content.OfCommit(Update(person) with { Proposals = [new ProposalOrRef.ByValue(new Proposal.GroupContextExtensions(extensions))] }));

    private static Commit Update(Person person)
    {
        var genuine = (MlsMessage.OfPublicMessage)Codec.Decode<MlsMessage>(person.Group.Update().Value.Commit);
        return ((Content.OfCommit)genuine.Message.Content.Content).Commit;
    }

    /// <summary>Signs a leaf of any form.</summary>
    public static LeafNode Leaf(
        Person person, LeafNodeSource source, ReadOnlyMemory<byte>? encryptionKey = null, MemberCredential? credential = null,
        Capabilities? capabilities = null, LeafPlace? place = null, IReadOnlyList<Extension>? extensions = null)
    {
        var key = encryptionKey ?? person.Client.Suite.Kem.GenerateKeyPair(SystemRandomness.Instance).PublicKey;
        return LeafNode.Sign(
            person.Key, key, credential ?? person.Client.Credential, capabilities ?? person.Client.Capabilities, source, extensions ?? [], place);
    }

    public static LeafNodeSource.KeyPackage Lifetime => new((ulong)Person.Start.AddDays(-40).ToUnixTimeSeconds(), (ulong)Person.Start.AddDays(40).ToUnixTimeSeconds());

    public static LeafPlace PlaceOf(Person person) => new(person.State.Context.GroupId, person.Leaf);

    /// <summary>A signed KeyPackage around any leaf.</summary>
    public static KeyPackage KeyPackage(Person person, LeafNode leaf, ReadOnlyMemory<byte>? initKey = null, IReadOnlyList<Extension>? extensions = null) =>
        Messages.KeyPackage.Sign(
            person.Key, initKey ?? person.Client.Suite.Kem.GenerateKeyPair(SystemRandomness.Instance).PublicKey, leaf, extensions ?? []);

    public static byte[] Encode(KeyPackage keyPackage) => Codec.Encode<MlsMessage>(new MlsMessage.OfKeyPackage(keyPackage));

    /// <summary>The rule that a KeyPackage is refused by; null when it is accepted.</summary>
    public static string? Verdict(KeyPackage keyPackage) =>
        KeyPackages.Verify(Encode(keyPackage), Person.Start).Match(_ => (string?)null, error => error.Rule);

    /// <summary>What a server says of a GroupInfo that it sees for the first time, whoever the members are.</summary>
    public static MlsResult<PublicGroup> Open(byte[] groupInfo, byte[]? ratchetTree = null) => PublicGroup.Open(AnyGroup, groupInfo, ratchetTree);

    public static GroupInfo GroupInfo(Person person) =>
        ((MlsMessage.OfGroupInfo)Codec.Decode<MlsMessage>(GroupInfos.Make(person.Client, person.State))).GroupInfo;

    public static byte[] Encode(GroupInfo groupInfo) => Codec.Encode<MlsMessage>(new MlsMessage.OfGroupInfo(groupInfo));

    /// <summary>A GroupInfo over another tree, with hash and signature to match.</summary>
    public static byte[] GroupInfoWithTree(Person person, RatchetTree tree)
    {
        var info = GroupInfo(person);
        var extensions = info.Extensions.Where(e => e.Type != ExtensionTypes.RatchetTree)
            .Append(new Extension(ExtensionTypes.RatchetTree, RatchetTreeCodec.Encode(tree))).ToList();
        return Encode((info with { Extensions = extensions, Context = info.Context with { TreeHash = tree.TreeHash } }).Sign(person.Key));
    }

    /// <summary>A Welcome into a person's present group for somebody who may not be in its tree, with any PSK ids.</summary>
    public static byte[] Welcome(Person from, Person to, IReadOnlyList<PreSharedKeyId> psks, IReadOnlyList<byte[]> values, byte[]? confirmationTag = null)
    {
        var suite = from.State.Suite;
        var context = from.State.Context;
        using var joiner = Secret<Kind.Joiner>.Random(suite.Hash.Size, SystemRandomness.Instance);
        using var psk = PskSecret.Of(suite, psks.Zip(values).ToList());
        var secrets = EpochSecrets.FromJoiner(suite, joiner, psk, Codec.Encode(context));
        var tag = secrets.ConfirmationTag(suite, context.ConfirmedTranscriptHash.Span);
        var info = (GroupInfo(from) with { ConfirmationTag = confirmationTag ?? tag }).Sign(from.Key);
        var applied = new AppliedProposals(
            from.State.Tree, context.Extensions, [(0u, to.Verified.KeyPackage)], [], psks, [], null, null, false);
        return WelcomeBuilder.Build(from.Client, suite, applied, null, new NewEpoch(context, joiner, secrets, tag), psk, Encode(info).AsSpan(MlsMessage.HeaderSize));
    }

    /// <summary>An application message whose padding is not zero.</summary>
    public static byte[] WithPadding(Person person, byte padding)
    {
        var state = person.State;
        var framed = new FramedContent(
            state.Context.GroupId, state.Context.Epoch, new Sender.Member(person.Leaf), ReadOnlyMemory<byte>.Empty, new Content.Application("x"u8.ToArray()));
        var signed = AuthenticatedContent.Sign(person.Key, WireFormat.PrivateMessage, framed, state.EncodedContext);

        // The data is followed by the signature and the padding; a longer "signature" cannot be told from them, so the padding is made by hand.
        var (tree, key, generation) = state.SecretTree.NextKey(state.Suite, person.Leaf, RatchetKind.Application, new ConsumedSecrets());
        _ = tree;
        using var plaintext = new MlsWriter();
        framed.Content.Write(plaintext);
        signed.Auth.Write(plaintext, ContentType.Application);
        plaintext.U8(padding);
        using var aad = new MlsWriter();
        aad.Opaque(state.Context.GroupId);
        aad.U64(state.Context.Epoch);
        aad.U8((byte)ContentType.Application);
        aad.Opaque(ReadOnlySpan<byte>.Empty);
        var ciphertext = state.Suite.Aead.Seal(key.Key, key.Nonce, aad.Written, plaintext.Written);

        var senderKey = new byte[state.Suite.Aead.KeySize];
        var senderNonce = new byte[AeadAlgorithm.NonceSize];
        MessageProtection.DeriveSenderDataKey(state.Suite, state.Secrets.SenderData, ciphertext, senderKey, senderNonce);
        using var senderAad = new MlsWriter();
        senderAad.Opaque(state.Context.GroupId);
        senderAad.U64(state.Context.Epoch);
        senderAad.U8((byte)ContentType.Application);
        var sender = Codec.Encode(new SenderData(person.Leaf, generation, new byte[4]));
        var sealedSender = state.Suite.Aead.Seal(senderKey, senderNonce, senderAad.Written, sender);
        return Codec.Encode<MlsMessage>(new MlsMessage.OfPrivateMessage(new PrivateMessage(
            state.Context.GroupId, state.Context.Epoch, ContentType.Application, ReadOnlyMemory<byte>.Empty, sealedSender, ciphertext)));
    }

    public static byte[] Flip(byte[] bytes, Index at)
    {
        var changed = (byte[])bytes.Clone();
        changed[at] ^= 1;
        return changed;
    }

    public static string RuleOf(Action action) => Assert.Throws<MlsRefusal>(action).Error.Rule;
}
