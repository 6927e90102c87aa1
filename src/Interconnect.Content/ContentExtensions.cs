using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;

namespace Interconnect.Content;

/// <summary>
/// The extensions of a message (draft-ietf-mimi-content section 4.3), immutable and in the order of their encoded keys. Unknown ones are kept
/// byte for byte. Prints how many, never what.
/// </summary>
public sealed class ContentExtensions : IEquatable<ContentExtensions>
{
    private readonly List<Entry> entries;

    internal ContentExtensions(List<Entry> sorted) => entries = sorted;

    /// <summary>No extensions.</summary>
    public static ContentExtensions Empty { get; } = new([]);

    /// <summary>How many.</summary>
    public int Count => entries.Count;

    /// <summary>The keys, in the order of the wire.</summary>
    public IEnumerable<ExtensionKey> Keys => entries.Select(entry => entry.Key);

    /// <summary>The sender the message claims (key 1); null when it claims none. See <see cref="MimiContent.CheckOrigin"/>.</summary>
    public string? SenderUri => TryGetText(ExtensionKey.SenderUri, out var uri) ? uri : null;

    /// <summary>The room the message claims (key 2); null when it claims none. See <see cref="MimiContent.CheckOrigin"/>.</summary>
    public string? RoomUri => TryGetText(ExtensionKey.RoomUri, out var uri) ? uri : null;

    internal IReadOnlyList<Entry> Entries => entries;

    /// <summary>Extensions 1 and 2, as every message should carry them.</summary>
    public static ContentExtensions For(ContentOrigin origin) =>
        Empty.WithText(ExtensionKey.SenderUri, origin.SenderUri).WithText(ExtensionKey.RoomUri, origin.RoomUri);

    /// <summary>The encoded CBOR of a value.</summary>
    public bool TryGet(ExtensionKey key, out Octets encodedValue)
    {
        var index = entries.FindIndex(entry => entry.Key == key);
        encodedValue = index < 0 ? default : entries[index].Value;
        return index >= 0;
    }

    /// <summary>A value that is a text string; false when it is absent or of another type.</summary>
    public bool TryGetText(ExtensionKey key, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (!TryGet(key, out var value))
            return false;

        var reader = new CborReader(value.Memory, CborConformanceMode.Strict);
        if (reader.PeekState() != CborReaderState.TextString)
            return false;

        text = reader.ReadTextString();
        return true;
    }

    /// <summary>The same with this extension added or replaced.</summary>
    /// <param name="key">The key.</param>
    /// <param name="encodedValue">One deterministic CBOR item; <see cref="MimiContent.Encode"/> checks it.</param>
    public ContentExtensions With(ExtensionKey key, ReadOnlySpan<byte> encodedValue)
    {
        var changed = new Entry(key, EncodeKey(key), Octets.Copy(encodedValue));
        var all = entries.Where(entry => entry.Key != key).Append(changed).ToList();
        all.Sort((left, right) => left.EncodedKey.Span.SequenceCompareTo(right.EncodedKey.Span));
        return new ContentExtensions(all);
    }

    /// <summary>The same with this text added or replaced.</summary>
    /// <exception cref="ArgumentException">The text holds half a surrogate pair.</exception>
    public ContentExtensions WithText(ExtensionKey key, string text)
    {
        var writer = new CborWriter(CborConformanceMode.Strict);
        writer.WriteTextString(text);
        return With(key, writer.Encode());
    }

    /// <inheritdoc/>
    public bool Equals(ContentExtensions? other) => other is not null && entries.SequenceEqual(other.entries);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ContentExtensions);

    /// <inheritdoc/>
    public override int GetHashCode() => entries.Aggregate(entries.Count, (hash, entry) => HashCode.Combine(hash, entry.GetHashCode()));

    /// <summary>The count only.</summary>
    public override string ToString() => $"ContentExtensions({Count})";

    private static Octets EncodeKey(ExtensionKey key)
    {
        var writer = new CborWriter(CborConformanceMode.Strict);
        if (key.Text is { } text)
            writer.WriteTextString(text);
        else
            writer.WriteInt64(key.Number!.Value);

        return Octets.Copy(writer.Encode());
    }

    internal readonly record struct Entry(ExtensionKey Key, Octets EncodedKey, Octets Value);
}
