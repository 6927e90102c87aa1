using Interconnect.Mls.Encoding;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Messages;

/// <summary>
/// A proposal (RFC 9420 section 12.1). Closed set: the structure of a proposal type that is not known cannot be read, since nothing delimits it,
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
        }
    }
}
