using System.Text.Unicode;

namespace Interconnect.Content.Cbor;

/// <summary>
/// Walks an extension's value, which may be any CBOR item, and checks it against the draft's data model (draft-ietf-mimi-content section 6):
/// deterministic, floats shortest and NaN only 0xf97e00, big integers only where no ordinary one fits, keys integer, text or bytes, depth bounded.
/// </summary>
internal static class CborAnyValue
{
    private const ulong PositiveBigInteger = 2;
    private const ulong NegativeBigInteger = 3;
    private const ushort QuietNaN = 0x7e00;

    /// <summary>Steps over one item.</summary>
    /// <param name="cbor">The input, at the item.</param>
    /// <param name="levels">How many levels of maps, arrays and tags the item may still open.</param>
    public static void Skip(ref CborInput cbor, int levels)
    {
        var start = cbor.Position;
        var head = cbor.ReadHead();
        if (cbor.Failed)
            return;

        if (head.Major is CborHead.Array or CborHead.Map or CborHead.Tag && levels == 0)
        {
            cbor.Fail(ContentReason.ExtensionTooDeep, start);
            return;
        }

        switch (head.Major)
        {
            case CborHead.Bytes:
                cbor.TakeBytes(head.Argument, start);
                break;
            case CborHead.Text:
                if (!Utf8.IsValid(cbor.TakeBytes(head.Argument, start)))
                    cbor.Fail(ContentReason.InvalidUtf8, start);
                break;
            case CborHead.Array:
                SkipArray(ref cbor, head, start, levels - 1);
                break;
            case CborHead.Map:
                SkipMap(ref cbor, head, start, levels - 1);
                break;
            case CborHead.Tag:
                SkipTagged(ref cbor, head, start, levels - 1);
                break;
            case CborHead.SimpleOrFloat when head.IsFloat && !IsCanonicalFloat(head):
                cbor.Fail(ContentReason.FloatNotCanonical, start);
                break;
        }
    }

    /// <summary>Compares a key's encoding with the one before it, bytewise (RFC 8949 section 4.2.1), and records a fault unless it is greater.</summary>
    public static void CheckOrder(ref CborInput cbor, ReadOnlySpan<byte> previous, int start)
    {
        if (cbor.Failed || previous.IsEmpty)
            return;

        var order = previous.SequenceCompareTo(cbor.Since(start));
        if (order >= 0)
            cbor.Fail(order == 0 ? ContentReason.DuplicateKey : ContentReason.KeysUnsorted, start);
    }

    private static void SkipArray(ref CborInput cbor, CborHead head, int start, int levels)
    {
        var count = cbor.TakeCount(head.Argument, 1, start);
        for (var i = 0; i < count && !cbor.Failed; i++)
            Skip(ref cbor, levels);
    }

    private static void SkipMap(ref CborInput cbor, CborHead head, int start, int levels)
    {
        var count = cbor.TakeCount(head.Argument, 2, start);
        ReadOnlySpan<byte> previous = default;
        for (var i = 0; i < count && !cbor.Failed; i++)
        {
            var keyStart = cbor.Position;
            SkipKey(ref cbor);
            CheckOrder(ref cbor, previous, keyStart);
            previous = cbor.Since(keyStart);
            Skip(ref cbor, levels);
        }
    }

    private static void SkipKey(ref CborInput cbor)
    {
        var start = cbor.Position;
        var head = cbor.ReadHead();
        if (cbor.Failed)
            return;

        switch (head.Major)
        {
            case CborHead.Unsigned when head.Argument > ExtensionKey.LargestInteger:
            case CborHead.Negative when head.Argument >= ExtensionKey.LargestInteger:
                cbor.Fail(ContentReason.KeyRange, start);
                break;
            case CborHead.Unsigned or CborHead.Negative:
                break;
            case CborHead.Bytes:
                cbor.TakeBytes(head.Argument, start);
                break;
            case CborHead.Text:
                if (!Utf8.IsValid(cbor.TakeBytes(head.Argument, start)))
                    cbor.Fail(ContentReason.InvalidUtf8, start);
                break;
            default:
                cbor.Fail(ContentReason.KeyType, start);
                break;
        }
    }

    private static void SkipTagged(ref CborInput cbor, CborHead head, int start, int levels)
    {
        if (head.Argument is not (PositiveBigInteger or NegativeBigInteger))
        {
            Skip(ref cbor, levels);
            return;
        }

        var content = cbor.ReadHead();
        var magnitude = content.Major == CborHead.Bytes ? cbor.TakeBytes(content.Argument, start) : default;
        if (magnitude.Length <= sizeof(ulong) || magnitude[0] == 0)
            cbor.Fail(ContentReason.BigIntegerNotCanonical, start);
    }

    private static bool IsCanonicalFloat(CborHead head)
    {
        const int half = 25, single = 26;
        var value = head.Info switch
        {
            half => (double)BitConverter.UInt16BitsToHalf((ushort)head.Argument),
            single => BitConverter.UInt32BitsToSingle((uint)head.Argument),
            _ => BitConverter.UInt64BitsToDouble(head.Argument),
        };
        if (double.IsNaN(value))
            return head.Info == half && head.Argument == QuietNaN;

        return head.Info switch
        {
            half => true,
            single => (double)(Half)value != value,
            _ => (double)(float)value != value,
        };
    }
}
