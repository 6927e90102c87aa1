using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Messages;

/// <summary>What a resumption PSK is used for (RFC 9420 section 8.4).</summary>
internal enum ResumptionUsage : byte
{
    Application = 1,
    ReInit = 2,
    Branch = 3,
}

/// <summary>
/// Names a pre-shared key (RFC 9420 section 8.4). Closed set.
/// <c>struct { PSKType psktype; select { external(1): opaque psk_id&lt;V&gt;; resumption(2): ResumptionPSKUsage usage; opaque psk_group_id&lt;V&gt;; uint64 psk_epoch; } opaque psk_nonce&lt;V&gt;; }</c>
/// </summary>
internal abstract record PreSharedKeyId(ReadOnlyMemory<byte> Nonce) : IMlsStructure<PreSharedKeyId>
{
    internal sealed record External(ReadOnlyMemory<byte> Id, ReadOnlyMemory<byte> Nonce) : PreSharedKeyId(Nonce);

    internal sealed record Resumption(ResumptionUsage Usage, ReadOnlyMemory<byte> GroupId, ulong Epoch, ReadOnlyMemory<byte> Nonce)
        : PreSharedKeyId(Nonce);

    public static PreSharedKeyId Read(ref MlsReader reader)
    {
        reader.Enter("psk");
        PreSharedKeyId id;
        switch (reader.U8("psktype"))
        {
            case 1:
                id = new External(reader.Opaque("psk_id"), reader.Opaque("psk_nonce"));
                break;
            case 2:
                var usage = reader.U8("usage");
                if (usage is < 1 or > 3)
                {
                    throw reader.Refusal(Rules.UnknownValue, "usage");
                }

                id = new Resumption((ResumptionUsage)usage, reader.Opaque("psk_group_id"), reader.U64("psk_epoch"), reader.Opaque("psk_nonce"));
                break;
            default:
                throw reader.Refusal(Rules.UnknownValue, "psktype");
        }

        reader.Leave();
        return id;
    }

    public void Write(MlsWriter writer)
    {
        switch (this)
        {
            case External external:
                writer.U8(1);
                writer.Opaque(external.Id);
                break;
            case Resumption resumption:
                writer.U8(2);
                writer.U8((byte)resumption.Usage);
                writer.Opaque(resumption.GroupId);
                writer.U64(resumption.Epoch);
                break;
        }

        writer.Opaque(Nonce);
    }

    /// <summary>True when both encode to the same bytes.</summary>
    public bool Matches(PreSharedKeyId other) => Codec.Encode(this).AsSpan().SequenceEqual(Codec.Encode(other));
}
