namespace Interconnect.Federation;

/// <summary>What a device is. Numbers are wire values.</summary>
public enum DeviceKind
{
    /// <summary>An endpoint with the person in front of it, or a bot.</summary>
    Agent = 1,

    /// <summary>An endpoint that serves a person's ordinary clients.</summary>
    Companion = 2,
}

/// <summary>
/// One device of a user and the key it signs with:
/// <code>struct { opaque client&lt;V&gt;; uint16 suite; opaque signature_key&lt;V&gt;; uint8 kind; uint8 authorises; uint64 added_ms; } DeviceEntry;</code>
/// </summary>
/// <param name="Client">The device.</param>
/// <param name="Suite">MLS cipher suite of the key; a device has one entry a suite.</param>
/// <param name="SignatureKey">The public MLS signature key, 1 to 256 bytes.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Authorises">Whether it may sign the user's next device list.</param>
/// <param name="AddedAt">When it was added, whole milliseconds.</param>
public sealed record DeviceEntry(ClientUri Client, ushort Suite, ReadOnlyMemory<byte> SignatureKey, DeviceKind Kind, bool Authorises, DateTimeOffset AddedAt)
{
    /// <summary>Longest key in bytes.</summary>
    public const int MaxKeyBytes = 256;

    /// <summary>The entry's bytes, as they stand in a list.</summary>
    public byte[] Encode()
    {
        var writer = new PresentationWriter();
        Write(writer);
        return writer.Written.ToArray();
    }

    /// <summary>Reads one entry.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out DeviceEntry? entry, [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out SchemaError? error)
    {
        var reader = new PresentationReader(bytes, "device");
        entry = Read(reader);
        reader.End("end");
        error = reader.Error;
        entry = error is null ? entry : null;
        return entry is not null;
    }

    /// <summary>Whether this is exactly that client with exactly that key.</summary>
    public bool Is(ClientUri client, ushort suite, ReadOnlySpan<byte> key) => Client == client && Suite == suite && SignatureKey.Span.SequenceEqual(key);

    /// <summary>Same client, suite, key and rights.</summary>
    public bool Equals(DeviceEntry? other) =>
        other is not null && other.Is(Client, Suite, SignatureKey.Span) && other.Kind == Kind && other.Authorises == Authorises && other.AddedAt == AddedAt;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Client, Suite, AddedAt);

    /// <summary>Redacted: names a person.</summary>
    public override string ToString() => $"DeviceEntry({Kind})";

    internal void Write(PresentationWriter writer) => writer
        .Opaque(Client.Value).UInt16(Suite).Opaque(SignatureKey.Span).Byte((byte)Kind).Byte(Authorises ? (byte)1 : (byte)0).UInt64((ulong)AddedAt.ToUnixTimeMilliseconds());

    /// <summary>Null when there is an error, which is the reader's.</summary>
    internal static DeviceEntry? Read(PresentationReader reader)
    {
        var name = reader.Text("client");
        var suite = reader.UInt16("suite");
        var key = reader.Opaque("signature_key");
        var kind = (DeviceKind)reader.Byte("kind");
        var authorises = reader.Byte("authorises");
        var added = reader.UInt64("added_ms");
        var named = ClientUri.TryParse(name, out var client) && client.Value == name;
        reader.Check(named, "DEV-004", "Not a client URI in canonical form", "client");
        reader.Check(suite != 0 && key.Length is > 0 and <= MaxKeyBytes, "DEV-006", "A device has a suite and a key of 1 to 256 bytes", "signature_key");
        reader.Check(Enum.IsDefined(kind), "DEV-006", "Unknown kind of device", "kind");
        reader.Check(authorises <= 1, "DEV-006", "A yes or no is 1 or 0", "authorises");
        reader.Check(added <= DeviceList.MaxTimeMs, "DEV-006", "A time after the year 9999", "added_ms");
        return reader.Error is null ? new DeviceEntry(client!, suite, key, kind, authorises == 1, DateTimeOffset.FromUnixTimeMilliseconds((long)added)) : null;
    }
}
