using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Interconnect.Federation;

/// <summary>Names one endpoint frame: 16 random bytes chosen by the client. The hub accepts a client's frame id once.</summary>
public readonly record struct FrameId
{
    /// <summary>Size in bytes.</summary>
    public const int Size = 16;

    private readonly string? hex;

    private FrameId(string hex) => this.hex = hex;

    /// <summary>Lower-case hexadecimal, 32 characters; random, so it may be logged.</summary>
    public string Hex => hex ?? throw new InvalidOperationException("A frame id was never set.");

    /// <summary>A new random id.</summary>
    public static FrameId Create() => new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Size)));

    /// <summary>Reads 16 bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out FrameId id)
    {
        id = bytes.Length == Size ? new FrameId(Convert.ToHexStringLower(bytes)) : default;
        return bytes.Length == Size;
    }

    /// <summary>Reads 32 characters of hexadecimal.</summary>
    public static bool TryParse([NotNullWhen(true)] string? hex, out FrameId id)
    {
        id = default;
        if (hex is not { Length: Size * 2 } || !hex.All(char.IsAsciiHexDigit))
        {
            return false;
        }

        id = new FrameId(hex.ToLowerInvariant());
        return true;
    }

    /// <summary>The 16 bytes.</summary>
    public byte[] ToBytes() => Convert.FromHexString(Hex);

    /// <inheritdoc/>
    public override string ToString() => Hex;
}
