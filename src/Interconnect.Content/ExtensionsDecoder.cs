using System.Text;
using Interconnect.Content.Cbor;

namespace Interconnect.Content;

/// <summary>Reads the extensions map (draft-ietf-mimi-content sections 4.3 and 6). Faults name an extension by its place, as keys may be private text.</summary>
internal static class ExtensionsDecoder
{
    public static ContentExtensions Read(ref CborInput cbor, ContentLimits limits)
    {
        var count = cbor.ReadMap();
        var entries = new List<ContentExtensions.Entry>();
        ReadOnlySpan<byte> previous = default;
        for (var i = 0; i < count && !cbor.Failed; i++)
        {
            cbor.Enter("", i);
            var keyStart = cbor.Position;
            var key = ReadKey(ref cbor);
            CborAnyValue.CheckOrder(ref cbor, previous, keyStart);
            previous = cbor.Since(keyStart);

            var valueStart = cbor.Position;
            ReadValue(ref cbor, key, limits);
            if (!cbor.Failed)
                entries.Add(new(key, Octets.Copy(previous), Octets.Copy(cbor.Since(valueStart))));

            cbor.Leave();
        }

        return entries.Count == 0 ? ContentExtensions.Empty : new ContentExtensions(entries);
    }

    private static ExtensionKey ReadKey(ref CborInput cbor)
    {
        var start = cbor.Position;
        var head = cbor.ReadHead();
        if (cbor.Failed)
            return default;

        switch (head.Major)
        {
            case CborHead.Unsigned when head.Argument is >= 1 and <= ExtensionKey.LargestInteger:
                return ExtensionKey.Of((long)head.Argument);
            case CborHead.Negative when head.Argument < ExtensionKey.LargestInteger:
                return ExtensionKey.Of(-1 - (long)head.Argument);
            case CborHead.Unsigned or CborHead.Negative:
                cbor.Fail(ContentReason.KeyRange, start);
                return default;
            case CborHead.Text:
                return ReadTextKey(ref cbor, head.Argument, start);
            default:
                cbor.Fail(ContentReason.KeyType, start);
                return default;
        }
    }

    private static ExtensionKey ReadTextKey(ref CborInput cbor, ulong length, int start)
    {
        var bytes = cbor.TakeBytes(length, start);
        if (!cbor.Failed && bytes.Length is 0 or > ExtensionKey.LongestText)
            cbor.Fail(ContentReason.KeyLength, start);
        else if (!System.Text.Unicode.Utf8.IsValid(bytes))
            cbor.Fail(ContentReason.InvalidUtf8, start);

        return cbor.Failed ? default : ExtensionKey.Of(Encoding.UTF8.GetString(bytes));
    }

    private static void ReadValue(ref CborInput cbor, ExtensionKey key, ContentLimits limits)
    {
        if (cbor.Failed)
            return;

        var start = cbor.Position;
        if (key == ExtensionKey.SenderUri || key == ExtensionKey.RoomUri)
        {
            if (cbor.ReadText(limits.MaxUriBytes, ContentReason.UriLength).Length == 0)
                cbor.Fail(ContentReason.UriLength, start);

            return;
        }

        CborAnyValue.Skip(ref cbor, limits.MaxExtensionDepth - 1);
        if (cbor.Position - start > limits.MaxExtensionValueBytes)
            cbor.Fail(ContentReason.ExtensionTooLarge, start);
    }
}
