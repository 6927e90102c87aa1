namespace Interconnect.Content;

/// <summary>Why content was refused. The number is that of the rule: 21 is `CNT-021`.</summary>
public enum ContentReason
{
    /// <summary>The whole input is larger than <see cref="ContentLimits.MaxBytes"/>.</summary>
    TooLarge = 1,

    /// <summary>The input ends inside an item.</summary>
    Truncated = 2,

    /// <summary>Bytes follow the message.</summary>
    TrailingBytes = 3,

    /// <summary>An item of another type was expected.</summary>
    WrongType = 4,

    /// <summary>An integer, length, count or tag is not in its shortest form.</summary>
    NotMinimal = 5,

    /// <summary>A string, array or map of indefinite length.</summary>
    IndefiniteLength = 6,

    /// <summary>A reserved initial byte, a stray break or an invalid simple value.</summary>
    Malformed = 7,

    /// <summary>A text string that is not UTF-8.</summary>
    InvalidUtf8 = 8,

    /// <summary>An array or map claims more items than the rest of the input could hold.</summary>
    CountBeyondInput = 9,

    /// <summary>A tag outside an extension's value.</summary>
    TagNotAllowed = 10,

    /// <summary>A floating point number outside an extension's value.</summary>
    FloatNotAllowed = 11,

    /// <summary>A floating point number that is not in its shortest form, or a NaN other than 0xf97e00.</summary>
    FloatNotCanonical = 12,

    /// <summary>A big integer that fits an ordinary one, has a leading zero, or is not a byte string.</summary>
    BigIntegerNotCanonical = 13,

    /// <summary>Map keys are not in the byte order of their encodings (RFC 8949 section 4.2.1).</summary>
    KeysUnsorted = 14,

    /// <summary>A map holds the same key twice.</summary>
    DuplicateKey = 15,

    /// <summary>A map key of a type that is not allowed there.</summary>
    KeyType = 16,

    /// <summary>An integer map key beyond 2^53 - 1 either way, or the reserved extension key 0.</summary>
    KeyRange = 17,

    /// <summary>A text key of an extension that is empty or longer than 255 bytes.</summary>
    KeyLength = 18,

    /// <summary>Extensions nest deeper than <see cref="ContentLimits.MaxExtensionDepth"/>.</summary>
    ExtensionTooDeep = 19,

    /// <summary>An array has another number of items than its structure.</summary>
    WrongItemCount = 20,

    /// <summary>The salt is not 16 bytes.</summary>
    SaltSize = 21,

    /// <summary>A message id is not 32 bytes.</summary>
    MessageIdSize = 22,

    /// <summary>A message id of an unknown hash algorithm.</summary>
    MessageIdAlgorithm = 23,

    /// <summary>A topic id above <see cref="ContentLimits.MaxTopicIdBytes"/>.</summary>
    TopicIdTooLong = 24,

    /// <summary>An expiry further away than <see cref="ContentLimits.MaxExpiry"/>.</summary>
    ExpiryOutOfRange = 25,

    /// <summary>An integer beyond the range of its field.</summary>
    NumberOutOfRange = 26,

    /// <summary>A part that is neither null, single, external nor multi.</summary>
    UnknownCardinality = 27,

    /// <summary>Part semantics other than 0, 1 and 2.</summary>
    UnknownPartSemantics = 28,

    /// <summary>A multi part with fewer than two parts.</summary>
    TooFewParts = 29,

    /// <summary>Parts nest deeper than <see cref="ContentLimits.MaxNesting"/>.</summary>
    NestedTooDeep = 30,

    /// <summary>More parts than <see cref="ContentLimits.MaxParts"/>.</summary>
    TooManyParts = 31,

    /// <summary>A URI above <see cref="ContentLimits.MaxUriBytes"/>, or an empty sender or room URI.</summary>
    UriLength = 32,

    /// <summary>A text field above <see cref="ContentLimits.MaxTextBytes"/>.</summary>
    TextTooLong = 33,

    /// <summary>An extension's value above <see cref="ContentLimits.MaxExtensionValueBytes"/>.</summary>
    ExtensionTooLarge = 34,

    /// <summary>An external part without encryption or hash algorithm that carries a key, nonce, additional data or hash nonetheless.</summary>
    AlgorithmMissing = 35,

    /// <summary>The sender the message claims is not the sender of the group's credential.</summary>
    SenderMismatch = 36,

    /// <summary>The room the message claims is not the room it was received in.</summary>
    RoomMismatch = 37,
}
