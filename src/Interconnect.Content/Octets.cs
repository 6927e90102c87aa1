namespace Interconnect.Content;

/// <summary>An immutable byte string with value equality. Prints its length, never its bytes.</summary>
public readonly struct Octets : IEquatable<Octets>
{
    private readonly byte[]? bytes;

    private Octets(byte[] owned) => bytes = owned;

    /// <summary>The byte string of length zero; also the default value.</summary>
    public static Octets Empty => default;

    /// <summary>The length in bytes.</summary>
    public int Length => bytes?.Length ?? 0;

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Span => bytes;

    /// <summary>The bytes, for callers that keep them across an await.</summary>
    public ReadOnlyMemory<byte> Memory => bytes;

    /// <summary>Copies <paramref name="source"/>.</summary>
    public static Octets Copy(ReadOnlySpan<byte> source) => source.IsEmpty ? default : new(source.ToArray());

    /// <inheritdoc/>
    public bool Equals(Octets other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Octets other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    /// <summary>Equal when the bytes are equal.</summary>
    public static bool operator ==(Octets left, Octets right) => left.Equals(right);

    /// <summary>Unequal when the bytes differ.</summary>
    public static bool operator !=(Octets left, Octets right) => !left.Equals(right);

    /// <summary>The length only.</summary>
    public override string ToString() => $"Octets({Length})";
}
