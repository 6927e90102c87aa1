namespace Interconnect.Federation;

/// <summary>What the carrying network itself applied. Numbers are wire values.</summary>
public enum OuterEncryption
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Transport encryption between hops; the network's servers read it.</summary>
    Tls = 1,

    /// <summary>Signal protocol.</summary>
    Signal = 2,

    /// <summary>Olm, one to one.</summary>
    Olm = 3,

    /// <summary>Megolm, rooms.</summary>
    Megolm = 4,

    /// <summary>OMEMO.</summary>
    Omemo = 5,

    /// <summary>Threema's end-to-end box.</summary>
    ThreemaE2e = 6,

    /// <summary>Wire's Proteus.</summary>
    Proteus = 7,

    /// <summary>MLS, RFC 9420.</summary>
    Mls10 = 8,

    /// <summary>Telegram secret chat.</summary>
    MtprotoSecret = 9,

    /// <summary>MEGA's Strongvelope.</summary>
    Strongvelope = 10,

    /// <summary>Wickr.</summary>
    Wickr = 11,
}

/// <summary>What was carried opaque, end to end. Numbers are wire values.</summary>
public enum InnerEncryption
{
    /// <summary>Nothing covers the content end to end: refused.</summary>
    None = 0,

    /// <summary>MLS, RFC 9420: the room lane.</summary>
    Mls10 = 1,

    /// <summary>Signal protocol.</summary>
    Signal = 2,

    /// <summary>OMEMO.</summary>
    Omemo = 3,

    /// <summary>Olm.</summary>
    Olm = 4,

    /// <summary>Megolm.</summary>
    Megolm = 5,

    /// <summary>Proteus.</summary>
    Proteus = 6,

    /// <summary>Threema's end-to-end box.</summary>
    ThreemaE2e = 7,

    /// <summary>Telegram secret chat.</summary>
    MtprotoSecret = 8,

    /// <summary>Strongvelope.</summary>
    Strongvelope = 9,

    /// <summary>Wickr.</summary>
    Wickr = 10,
}

/// <summary>Both labels of a message.</summary>
/// <param name="Outer">The carrying network's own.</param>
/// <param name="Inner">What was carried opaque.</param>
public readonly record struct EncryptionLabels(OuterEncryption Outer, InnerEncryption Inner);
