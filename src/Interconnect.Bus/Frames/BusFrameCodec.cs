using System.Diagnostics.CodeAnalysis;
using Interconnect.Federation;

namespace Interconnect.Bus.Frames;

/// <summary>
/// The content of a bus frame: one or many encoded envelopes of one partition, in order, behind the head that <see cref="SealedFrame"/> describes:
/// <c>varint count, count * (varint length, length bytes)</c>; varints are unsigned LEB128 in their shortest form. Nothing may follow.
/// </summary>
internal static class BusFrameCodec
{
    /// <summary>Largest frame in bytes.</summary>
    public const int MaxBytes = 8 * 1024 * 1024;

    /// <summary>Largest body in bytes: a frame's bound less the largest that stands before it.</summary>
    public const int MaxBodyBytes = MaxBytes - SealedFrame.MaxHeadBytes - 8;

    /// <summary>Most bodies.</summary>
    public const int MaxBodies = 4_096;

    /// <summary>The bytes one body takes in a frame.</summary>
    public static int SizeOf(int bodyLength) => VarintSize(bodyLength) + bodyLength;

    /// <summary>Writes and signs a frame of at least one body; the caller keeps the bounds.</summary>
    public static byte[] Encode(IReadOnlyList<ReadOnlyMemory<byte>> bodies, BusSender sender, RoleKey key, BusAddress address)
    {
        ArgumentOutOfRangeException.ThrowIfZero(bodies.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bodies.Count, MaxBodies);
        var head = SealedFrame.HeadBytesOf(sender);
        var size = head + VarintSize(bodies.Count);
        foreach (var body in bodies)
        {
            ArgumentOutOfRangeException.ThrowIfZero(body.Length);
            size = checked(size + SizeOf(body.Length));
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, MaxBytes);
        var frame = new byte[size];
        var at = WriteVarint(frame, head, bodies.Count);
        foreach (var body in bodies)
        {
            at = WriteVarint(frame, at, body.Length);
            body.Span.CopyTo(frame.AsSpan(at));
            at += body.Length;
        }

        SealedFrame.WriteHead(frame, sender, key, address);
        return frame;
    }

    /// <summary>Reads the content of a frame; the bodies are slices of it. Never throws.</summary>
    public static bool TryDecode(SealedFrame frame, [NotNullWhen(true)] out ReadOnlyMemory<byte>[]? bodies, [NotNullWhen(false)] out FrameError? error)
    {
        bodies = null;
        var bytes = frame.Content.Span;
        var at = 0;
        if (!TryReadVarint(bytes, ref at, "frame.count", out var count, out error))
        {
            error = error with { Offset = frame.HeadBytes + error.Offset };
            return false;
        }

        if (count is < 1 or > MaxBodies)
        {
            error = new FrameError("BUS-005", $"1 to {MaxBodies} bodies", "frame.count", frame.HeadBytes);
            return false;
        }

        var found = new ReadOnlyMemory<byte>[count];
        for (var i = 0; i < count; i++)
        {
            var start = at;
            if (!TryReadVarint(bytes, ref at, $"frame.bodies[{i}].length", out var length, out error))
            {
                error = error with { Offset = frame.HeadBytes + error.Offset };
                return false;
            }

            if (length < 1 || length > bytes.Length - at)
            {
                error = new FrameError("BUS-006", length < 1 ? "A body is at least one byte" : "The body ends after the frame", $"frame.bodies[{i}]", frame.HeadBytes + start);
                return false;
            }

            found[i] = frame.Content.Slice(at, length);
            at += length;
        }

        if (at != bytes.Length)
        {
            error = new FrameError("BUS-007", "Bytes follow the last body", "frame", frame.HeadBytes + at);
            return false;
        }

        bodies = found;
        error = null;
        return true;
    }

    private static int VarintSize(int value) => value switch { < 1 << 7 => 1, < 1 << 14 => 2, < 1 << 21 => 3, _ => 4 };

    private static int WriteVarint(byte[] target, int at, int value)
    {
        while (value >= 0x80)
        {
            target[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        target[at++] = (byte)value;
        return at;
    }

    private static bool TryReadVarint(ReadOnlySpan<byte> bytes, ref int at, string path, out int value, [NotNullWhen(false)] out FrameError? error)
    {
        var start = at;
        value = 0;
        for (var shift = 0; shift < 28; shift += 7)
        {
            if (at >= bytes.Length)
            {
                error = new FrameError("BUS-004", "The number is cut off", path, start);
                return false;
            }

            var b = bytes[at++];
            value |= (b & 0x7F) << shift;
            if (b < 0x80)
            {
                error = b == 0 && shift > 0 ? new FrameError("BUS-004", "The number is not in its shortest form", path, start) : null;
                return error is null;
            }
        }

        error = new FrameError("BUS-004", "The number is longer than four bytes", path, start);
        return false;
    }
}
