namespace Interconnect.Federation;

/// <summary>
/// Puts chunks together. Keyed by sender and frame id; bounded in frames a sender, frames in all and bytes; a frame that does not complete in time is forgotten.
/// Partials never leave it. Safe for many callers.
/// </summary>
public sealed class FrameAssembler(FrameAssemblerOptions options, TimeProvider clock)
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string Sender, FrameId Id), Partial> partials = [];
    private long heldBytes;

    /// <summary>Frames begun and not complete.</summary>
    public int PartialCount
    {
        get
        {
            lock (gate)
            {
                Expire();
                return partials.Count;
            }
        }
    }

    /// <summary>Takes one chunk of <paramref name="sender"/> (any stable text).</summary>
    public AssemblyOutcome Add(string sender, FrameChunk chunk)
    {
        lock (gate)
        {
            Expire();
            var key = (sender, chunk.Id);
            if (!partials.TryGetValue(key, out var partial))
            {
                if (partials.Count >= options.MaxFrames || partials.Keys.Count(k => k.Sender == sender) >= options.MaxFramesPerSender)
                {
                    return new AssemblyOutcome.Refused(new SchemaError("FED-024", "Too many unfinished frames", "chunk"));
                }

                partial = new Partial(chunk.Count, clock.GetUtcNow() + options.Timeout);
                partials.Add(key, partial);
            }

            if (partial.Parts.Length != chunk.Count)
            {
                return Drop(key, partial, new SchemaError("FED-025", "Chunks of one frame disagree on their number", "chunk.position"));
            }

            var at = chunk.Index - 1;
            if (partial.Parts[at] is { } earlier)
            {
                return earlier.Span.SequenceEqual(chunk.Body.Span)
                    ? new AssemblyOutcome.Incomplete()
                    : Drop(key, partial, new SchemaError("FED-025", "Two different chunks at one position", "chunk.position"));
            }

            if (partial.Bytes + chunk.Body.Length > EndpointFrame.MaxBytes)
            {
                return Drop(key, partial, new SchemaError("FED-002", $"Larger than {EndpointFrame.MaxBytes} bytes", "frame"));
            }

            if (heldBytes + chunk.Body.Length > options.MaxBytes)
            {
                return Drop(key, partial, new SchemaError("FED-024", "Too many unfinished frames", "chunk"));
            }

            partial.Parts[at] = chunk.Body.ToArray();
            partial.Bytes += chunk.Body.Length;
            partial.Received++;
            heldBytes += chunk.Body.Length;
            if (partial.Received < chunk.Count)
            {
                return new AssemblyOutcome.Incomplete();
            }

            Forget(key, partial);
            var frame = new byte[partial.Bytes];
            var offset = 0;
            foreach (var part in partial.Parts)
            {
                part!.Value.Span.CopyTo(frame.AsSpan(offset));
                offset += part.Value.Length;
            }

            return new AssemblyOutcome.Complete(frame);
        }
    }

    private AssemblyOutcome.Refused Drop((string, FrameId) key, Partial partial, SchemaError error)
    {
        Forget(key, partial);
        return new AssemblyOutcome.Refused(error);
    }

    private void Forget((string, FrameId) key, Partial partial)
    {
        partials.Remove(key);
        heldBytes -= partial.Bytes;
    }

    private void Expire()
    {
        var now = clock.GetUtcNow();
        foreach (var (key, partial) in partials.Where(p => p.Value.Deadline <= now).ToList())
        {
            Forget(key, partial);
        }
    }

    private sealed class Partial(int count, DateTimeOffset deadline)
    {
        public ReadOnlyMemory<byte>?[] Parts { get; } = new ReadOnlyMemory<byte>?[count];

        public DateTimeOffset Deadline { get; } = deadline;

        public int Received { get; set; }

        public int Bytes { get; set; }
    }
}

/// <summary>Bounds of a <see cref="FrameAssembler"/>.</summary>
public sealed record FrameAssemblerOptions
{
    /// <summary>Unfinished frames in all; 1,024.</summary>
    public int MaxFrames { get; init; } = 1_024;

    /// <summary>Unfinished frames of one sender; 8.</summary>
    public int MaxFramesPerSender { get; init; } = 8;

    /// <summary>Bytes held in all; 32 MiB.</summary>
    public long MaxBytes { get; init; } = 32L << 20;

    /// <summary>How long a frame may take from its first chunk; 10 minutes.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);
}

/// <summary>What a chunk led to.</summary>
public abstract record AssemblyOutcome
{
    private AssemblyOutcome()
    {
    }

    /// <summary>More chunks are needed.</summary>
    public sealed record Incomplete : AssemblyOutcome;

    /// <summary>All chunks are there.</summary>
    /// <param name="Frame">The encoded frame.</param>
    public sealed record Complete(byte[] Frame) : AssemblyOutcome;

    /// <summary>The chunk contradicts others or exceeds a bound; the whole frame is forgotten.</summary>
    /// <param name="Error">Why.</param>
    public sealed record Refused(SchemaError Error) : AssemblyOutcome;
}
