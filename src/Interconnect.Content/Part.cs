using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;

namespace Interconnect.Content;

/// <summary>
/// A body part: `NestedPart` of draft-ietf-mimi-content section 4.4, one of <see cref="NullPart"/>, <see cref="SinglePart"/>,
/// <see cref="ExternalPart"/> and <see cref="MultiPart"/>. Prints its kind, never its content.
/// </summary>
public abstract record Part
{
    private protected Part(Disposition disposition, string language) => (Disposition, Language) = (disposition, language);

    /// <summary>What the sender means the part for.</summary>
    public Disposition Disposition { get; init; }

    /// <summary>Empty, or a comma-separated list of RFC 5646 language tags.</summary>
    public string Language { get; init; }

    /// <summary>Calls the function of this part's kind.</summary>
    public TResult Match<TResult>(
        Func<NullPart, TResult> none,
        Func<SinglePart, TResult> single,
        Func<ExternalPart, TResult> external,
        Func<MultiPart, TResult> multi) => this switch
        {
            NullPart part => none(part),
            SinglePart part => single(part),
            ExternalPart part => external(part),
            MultiPart part => multi(part),
            _ => throw new InvalidOperationException("Part is a closed set."),
        };

    /// <summary>This part and all parts inside it, depth first: the position in this list is the part index of section 4.4.</summary>
    public IEnumerable<Part> SelfAndNested()
    {
        yield return this;
        if (this is not MultiPart multi)
            yield break;

        foreach (var nested in multi.Parts.SelectMany(part => part.SelfAndNested()))
            yield return nested;
    }

    /// <summary>The kind only.</summary>
    public sealed override string ToString() => $"{GetType().Name}(redacted)";
}

/// <summary>No body: the body of a deletion and of a withdrawn reaction.</summary>
/// <param name="Disposition">What the withdrawn part was meant for.</param>
/// <param name="Language">Usually empty.</param>
public sealed record NullPart(Disposition Disposition, string Language = "") : Part(Disposition, Language);

/// <summary>A body carried in the message.</summary>
/// <param name="Disposition">What the sender means the part for.</param>
/// <param name="Language">Empty, or language tags.</param>
/// <param name="ContentType">The IANA media type with its parameters.</param>
/// <param name="Content">The body; for text, UTF-8 that nobody has checked yet.</param>
public sealed record SinglePart(Disposition Disposition, string Language, string ContentType, Octets Content) : Part(Disposition, Language)
{
    /// <summary>The body as text; false when it is not valid UTF-8 or the media type is not a text type.</summary>
    public bool TryGetText([NotNullWhen(true)] out string? text)
    {
        var readable = ContentType.StartsWith("text/", StringComparison.OrdinalIgnoreCase) && Utf8.IsValid(Content.Span);
        text = readable ? Encoding.UTF8.GetString(Content.Span) : null;
        return readable;
    }
}

/// <summary>A body kept elsewhere, with what is needed to fetch, decrypt and check it (section 4.5). All of it is the sender's claim.</summary>
/// <param name="Disposition">What the sender means the part for.</param>
/// <param name="Language">Empty, or language tags.</param>
/// <param name="ContentType">The IANA media type; empty when the sender does not say.</param>
/// <param name="Url">Where to fetch it.</param>
/// <param name="Expires">Seconds since 1970 after which it is gone; 0 means never.</param>
/// <param name="Size">Bytes; 0 means not told.</param>
/// <param name="EncryptionAlgorithm">IANA AEAD number (1 is AES-128-GCM); 0 means not encrypted, and then key, nonce and additional data are empty.</param>
/// <param name="Key">The AEAD key.</param>
/// <param name="Nonce">The AEAD nonce.</param>
/// <param name="AdditionalData">The AEAD's additional data.</param>
/// <param name="HashAlgorithm">IANA Named Information hash number (1 is SHA-256); 0 means no hash.</param>
/// <param name="ContentHash">Hash of the bytes at the URL, so of the ciphertext.</param>
/// <param name="Description">Text for people; may be empty.</param>
/// <param name="FileName">A suggestion: never use it as a path unchecked.</param>
public sealed record ExternalPart(
    Disposition Disposition,
    string Language,
    string ContentType,
    string Url,
    uint Expires,
    ulong Size,
    ushort EncryptionAlgorithm,
    Octets Key,
    Octets Nonce,
    Octets AdditionalData,
    byte HashAlgorithm,
    Octets ContentHash,
    string Description,
    string FileName) : Part(Disposition, Language);

/// <summary>At least two parts and how they belong together.</summary>
/// <param name="Disposition">What the sender means the parts for.</param>
/// <param name="Language">Empty, or language tags.</param>
/// <param name="Semantics">How the parts belong together.</param>
/// <param name="Parts">Two or more parts, in the sender's order.</param>
public sealed record MultiPart(Disposition Disposition, string Language, PartSemantics Semantics, IReadOnlyList<Part> Parts)
    : Part(Disposition, Language)
{
    /// <summary>Equal when disposition, language, semantics and all parts in order are.</summary>
    public bool Equals(MultiPart? other) => other is not null
        && Disposition == other.Disposition
        && Language == other.Language
        && Semantics == other.Semantics
        && Parts.SequenceEqual(other.Parts);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Disposition, Language, Semantics, Parts.Count, Parts.FirstOrDefault());
}
