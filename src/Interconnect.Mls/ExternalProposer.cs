using Interconnect.Mls.Components;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Groups;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls;

/// <summary>
/// Makes proposals for one epoch of a group that lists this key in its external_senders (RFC 9420 section 12.1.8). What a server may propose without being a
/// member; whether the group is at that epoch is for its members to check.
/// </summary>
public sealed class ExternalProposer
{
    private readonly SignatureKeyPair key;
    private readonly byte[] groupId;
    private readonly ulong epoch;
    private readonly Sender sender;

    /// <param name="key">The key of the entry.</param>
    /// <param name="senderIndex">The entry's place in the list, from 0.</param>
    /// <param name="groupId">The group.</param>
    /// <param name="epoch">The group's current epoch.</param>
    public ExternalProposer(SignatureKeyPair key, uint senderIndex, ReadOnlyMemory<byte> groupId, ulong epoch)
    {
        this.key = key;
        this.groupId = groupId.ToArray();
        this.epoch = epoch;
        sender = new Sender.External(senderIndex);
    }

    /// <summary>Sent in clear with every proposal; in a group that demands SafeAAD, a <see cref="SafeAad.Frame"/>.</summary>
    public ReadOnlyMemory<byte> AuthenticatedData { get; init; }

    /// <summary>The external_senders extension that lists these senders, in order.</summary>
    public static Extension ExternalSenders(IReadOnlyList<(ReadOnlyMemory<byte> SignatureKey, MemberCredential Credential)> senders)
    {
        using var writer = new MlsWriter();
        Codec.WriteVector(writer, senders.Select(item => new ExternalSender(item.SignatureKey, item.Credential)).ToList());
        return new Extension(ExtensionTypes.ExternalSenders, writer.ToArray());
    }

    /// <summary>MLSMessage that proposes to add a client.</summary>
    public byte[] Add(VerifiedKeyPackage keyPackage) => Make(new Proposal.Add(keyPackage.KeyPackage));

    /// <summary>MLSMessage that proposes to remove the member at a leaf.</summary>
    public byte[] Remove(uint leafIndex) => Make(new Proposal.Remove(leafIndex));

    /// <summary>MLSMessage that proposes to mix in an external pre-shared key.</summary>
    public byte[] ExternalPsk(ReadOnlyMemory<byte> pskId)
    {
        var nonce = new byte[key.Suite.Hash.Size];
        Crypto.SystemRandomness.Instance.Fill(nonce);
        return Make(new Proposal.PreSharedKey(new PreSharedKeyId.External(pskId.ToArray(), nonce)));
    }

    /// <summary>MLSMessage that proposes to end the group and make another.</summary>
    public byte[] ReInit(ReInitPlan plan) =>
        Make(new Proposal.ReInit(plan.GroupId.ToArray(), ProtocolVersion.Mls10, plan.Suite.Id, plan.Extensions));

    /// <summary>MLSMessage that proposes new GroupContext extensions, all of them.</summary>
    public byte[] GroupContextExtensions(IReadOnlyList<Extension> extensions) => Make(new Proposal.GroupContextExtensions(extensions));

    /// <summary>MLSMessage that proposes a change of the group's app_data_dictionary.</summary>
    public byte[] AppDataUpdate(AppDataChange change) =>
        Make(new Proposal.AppDataUpdate(change.ComponentId, change.Update is { } data ? (ReadOnlyMemory<byte>?)data.ToArray() : null));

    /// <summary>MLSMessage that proposes data to be bound to the commit that takes it in.</summary>
    public byte[] AppEphemeral(ComponentData data) => Make(new Proposal.AppEphemeral(data.ComponentId, data.Data.ToArray()));

    /// <summary>Redacted.</summary>
    public override string ToString() => $"external proposer for epoch {epoch}";

    internal static byte[] Make(SignatureKeyPair key, Sender sender, byte[] groupId, ulong epoch, ReadOnlyMemory<byte> authenticatedData, Proposal proposal)
    {
        var content = new FramedContent(groupId, epoch, sender, authenticatedData, new Content.OfProposal(proposal));
        var signed = AuthenticatedContent.Sign(key, WireFormat.PublicMessage, content, default);
        return Codec.Encode<MlsMessage>(new MlsMessage.OfPublicMessage(new PublicMessage(content, signed.Auth, null)));
    }

    private byte[] Make(Proposal proposal) => Make(key, sender, groupId, epoch, AuthenticatedData.ToArray(), proposal);
}
