using Interconnect.Mls.Encoding;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Messages;

/// <summary>
/// A proposal (RFC 9420 section 12.1, draft-ietf-mls-extensions-10). Closed set: the structure of a proposal type that is not known cannot be read, since nothing delimits it,
/// so such a message is refused (MLS-006); unknown numbers in capabilities are carried.
/// </summary>
internal abstract record Proposal : IMlsStructure<Proposal>
{
    private Proposal()
    {
    }

    internal sealed record Add(KeyPackage KeyPackage) : Proposal;

    internal sealed record Update(LeafNode Leaf) : Proposal;

    internal sealed record Remove(uint Removed) : Proposal;

    internal sealed record PreSharedKey(PreSharedKeyId Id) : Proposal;

    internal sealed record ReInit(ReadOnlyMemory<byte> GroupId, ushort Version, ushort Suite, IReadOnlyList<Extension> Extensions) : Proposal;

    internal sealed record ExternalInit(ReadOnlyMemory<byte> KemOutput) : Proposal;

    internal sealed record GroupContextExtensions(IReadOnlyList<Extension> Extensions) : Proposal;

    /// <summary>
    /// draft-ietf-mls-extensions section 4.7. A null change removes the component's data.
    /// <c>struct { uint16 component_id; AppDataUpdateOperation op; select { update(1): opaque update&lt;V&gt;; remove(2): empty } }</c>
    /// </summary>
    internal sealed record AppDataUpdate(ushort ComponentId, ReadOnlyMemory<byte>? Change) : Proposal;

    /// <summary>draft-ietf-mls-extensions section 4.8: <c>struct { uint16 component_id; opaque data&lt;V&gt;; }</c></summary>
    internal sealed record AppEphemeral(ushort ComponentId, ReadOnlyMemory<byte> Data) : Proposal;

    /// <summary>draft-ietf-mls-extensions section 6.3: empty; the sender is who leaves.</summary>
    internal sealed record SelfRemove : Proposal;

    /// <summary>The IANA number of the proposal type.</summary>
    public ushort Type => this switch
    {
        Add => 1,
        Update => 2,
        Remove => 3,
        PreSharedKey => 4,
        ReInit => 5,
        ExternalInit => 6,
        GroupContextExtensions => 7,
        AppDataUpdate => ProposalTypes.AppDataUpdate,
        AppEphemeral => ProposalTypes.AppEphemeral,
        SelfRemove => ProposalTypes.SelfRemove,
        _ => throw new InvalidOperationException("The set of proposals is closed."),
    };

    public static Proposal Read(ref MlsReader reader)
    {
        reader.Enter("proposal");
        Proposal proposal = reader.U16("proposal_type") switch
        {
            1 => new Add(KeyPackage.Read(ref reader)),
            2 => new Update(LeafNode.Read(ref reader)),
            3 => new Remove(reader.U32("removed")),
            4 => new PreSharedKey(PreSharedKeyId.Read(ref reader)),
            5 => new ReInit(reader.Opaque("group_id"), reader.U16("version"), reader.U16("cipher_suite"), ExtensionTypes.ReadList(ref reader)),
            6 => new ExternalInit(reader.Opaque("kem_output")),
            7 => new GroupContextExtensions(ExtensionTypes.ReadList(ref reader)),
            ProposalTypes.AppDataUpdate => ReadAppDataUpdate(ref reader),
            ProposalTypes.AppEphemeral => new AppEphemeral(reader.U16("component_id"), reader.Opaque("data")),
            ProposalTypes.SelfRemove => new SelfRemove(),
            _ => throw reader.Refusal(Rules.UnknownValue, "proposal_type"),
        };
        reader.Leave();
        return proposal;
    }

    public void Write(MlsWriter writer)
    {
        writer.U16(Type);
        WriteBody(writer);
    }

    /// <summary>Without the type number, as the official vectors hold proposals.</summary>
    public void WriteBody(MlsWriter writer)
    {
        switch (this)
        {
            case Add add:
                add.KeyPackage.Write(writer);
                break;
            case Update update:
                update.Leaf.Write(writer);
                break;
            case Remove remove:
                writer.U32(remove.Removed);
                break;
            case PreSharedKey psk:
                psk.Id.Write(writer);
                break;
            case ReInit reinit:
                writer.Opaque(reinit.GroupId);
                writer.U16(reinit.Version);
                writer.U16(reinit.Suite);
                Codec.WriteVector(writer, reinit.Extensions);
                break;
            case ExternalInit init:
                writer.Opaque(init.KemOutput);
                break;
            case GroupContextExtensions extensions:
                Codec.WriteVector(writer, extensions.Extensions);
                break;
            case AppDataUpdate update:
                writer.U16(update.ComponentId);
                writer.U8(update.Change is null ? (byte)2 : (byte)1);
                if (update.Change is { } data)
                {
                    writer.Opaque(data);
                }

                break;
            case AppEphemeral ephemeral:
                writer.U16(ephemeral.ComponentId);
                writer.Opaque(ephemeral.Data);
                break;
            case SelfRemove:
                break;
        }
    }

    private static AppDataUpdate ReadAppDataUpdate(ref MlsReader reader)
    {
        var component = reader.U16("component_id");
        return reader.U8("op") switch
        {
            1 => new AppDataUpdate(component, reader.Opaque("update")),
            2 => new AppDataUpdate(component, null),
            _ => throw reader.Refusal(Rules.UnknownValue, "op"),
        };
    }
}

/// <summary>Proposal type numbers outside RFC 9420 (draft-ietf-mls-extensions-10 section 7.3).</summary>
internal static class ProposalTypes
{
    public const ushort AppDataUpdate = 0x0008;
    public const ushort AppEphemeral = 0x0009;
    public const ushort SelfRemove = 0x000a;

    /// <summary>Types that every implementation of RFC 9420 supports without listing them.</summary>
    public static bool IsDefault(ushort type) => type is >= 1 and <= 7;
}
