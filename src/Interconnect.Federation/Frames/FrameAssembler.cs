namespace Interconnect.Federation;

/// <summary>
/// Puts chunks together. Keyed by sender and frame id; bounded in frames and bytes, of a sender and in all; a frame that does not complete in time is forgotten.
/// A sender over its own bounds loses its oldest partial; when everybody's bound is reached, the sender that holds most loses its oldest, so that nobody can take
/// the room of others. Who sends through a network sends a forgotten frame again. Partials never leave it. Safe for many callers.
/// </summary>
public sealed class FrameAssembler(FrameAssemblerOptions options, TimeProvider clock)
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string Sender, FrameId Id), Partial> partials = [];
    private long heldBytes;
    private long begun;

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

    /// <summary>Takes one chunk of <paramref name="sender"/> (a stable text of the account, without what the account itself can choose, such as a resource or an addressee). A frame it completes is forgotten.</summary>
    public AssemblyOutcome Add(string sender, FrameChunk chunk) => Add(sender, chunk, keep: false);

    /// <summary>
    /// Takes one chunk as <see cref="Add(string, FrameChunk)"/> does, but keeps a frame it completes until <see cref="Forget(string, FrameId)"/> or its time is over:
    /// each of its chunks that comes again completes it again, so that nothing is lost when the frame could not be passed on.
    /// </summary>
    public AssemblyOutcome AddAndKeep(string sender, FrameChunk chunk) => Add(sender, chunk, keep: true);

    /// <summary>Forgets a frame that was passed on, or that nobody wants.</summary>
    public void Forget(string sender, FrameId id)
    {
        lock (gate)
        {
            if (partials.TryGetValue((sender, id), out var partial))
            {
                Forget((sender, id), partial);
            }
        }
    }

    private AssemblyOutcome Add(string sender, FrameChunk chunk, bool keep)
    {
        lock (gate)
        {
            Expire();
            var key = (sender, chunk.Id);
            if (!partials.TryGetValue(key, out var partial))
            {
                MakeRoomForFrame(sender);
                partial = new Partial(chunk.Count, clock.GetUtcNow() + options.Timeout, begun++);
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
                    ? CompleteOrNot(key, partial, keep)
                    : Drop(key, partial, new SchemaError("FED-025", "Two different chunks at one position", "chunk.position"));
            }

            if (partial.Bytes + chunk.Body.Length > EndpointFrame.MaxBytes)
            {
                return Drop(key, partial, new SchemaError("FED-002", $"Larger than {EndpointFrame.MaxBytes} bytes", "frame"));
            }

            if (!MakeRoomForBytes(key, partial, chunk.Body.Length))
            {
                return Drop(key, partial, new SchemaError("FED-024", "Too many unfinished frames", "chunk"));
            }

            partial.Parts[at] = chunk.Body.ToArray();
            partial.Bytes += chunk.Body.Length;
            partial.Received++;
            heldBytes += chunk.Body.Length;
            return CompleteOrNot(key, partial, keep);
        }
    }

    private void MakeRoomForFrame(string sender)
    {
        if (partials.Keys.Count(k => k.Sender == sender) >= options.MaxFramesPerSender)
        {
            ForgetOldest(partials.Where(p => p.Key.Sender == sender));
        }

        if (partials.Count >= options.MaxFrames)
        {
            ForgetOldest(OfSenderWithMost(partials, _ => 1));
        }
    }

    /// <summary>False when the frame is larger than the bounds even with nothing else held.</summary>
    private bool MakeRoomForBytes((string Sender, FrameId Id) key, Partial partial, int bytes)
    {
        if (partial.Bytes + bytes > Math.Min(options.MaxBytesPerSender, options.MaxBytes))
        {
            return false;
        }

        while (partials.Where(p => p.Key.Sender == key.Sender).Sum(p => (long)p.Value.Bytes) + bytes > options.MaxBytesPerSender)
        {
            ForgetOldest(partials.Where(p => p.Key.Sender == key.Sender && p.Value != partial && p.Value.Bytes > 0));
        }

        while (heldBytes + bytes > options.MaxBytes)
        {
            ForgetOldest(OfSenderWithMost(partials.Where(p => p.Value != partial && p.Value.Bytes > 0), p => p.Bytes));
        }

        return true;
    }

    /// <summary>The partials of the sender that holds most; of two that hold as much, the one that began earliest.</summary>
    private static IEnumerable<KeyValuePair<(string Sender, FrameId Id), Partial>> OfSenderWithMost(IEnumerable<KeyValuePair<(string Sender, FrameId Id), Partial>> among, Func<Partial, long> weight) =>
        among.GroupBy(p => p.Key.Sender).OrderByDescending(s => s.Sum(p => weight(p.Value))).ThenBy(s => s.Min(p => p.Value.Order)).First();

    private void ForgetOldest(IEnumerable<KeyValuePair<(string Sender, FrameId Id), Partial>> among)
    {
        var oldest = among.MinBy(p => p.Value.Order);
        Forget(oldest.Key, oldest.Value);
        options.Forgotten?.Invoke(oldest.Key.Sender, oldest.Key.Id);
    }

    private AssemblyOutcome CompleteOrNot((string, FrameId) key, Partial partial, bool keep)
    {
        if (partial.Received < partial.Parts.Length)
        {
            return new AssemblyOutcome.Incomplete();
        }

        if (!keep)
        {
            Forget(key, partial);
        }

        var frame = new byte[partial.Bytes];
        var offset = 0;
        foreach (var part in partial.Parts)
        {
            part!.Value.Span.CopyTo(frame.AsSpan(offset));
            offset += part.Value.Length;
        }

        return new AssemblyOutcome.Complete(frame);
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
            options.Forgotten?.Invoke(key.Sender, key.Id);
        }
    }

    private sealed class Partial(int count, DateTimeOffset deadline, long order)
    {
        public ReadOnlyMemory<byte>?[] Parts { get; } = new ReadOnlyMemory<byte>?[count];

        public DateTimeOffset Deadline { get; } = deadline;

        /// <summary>Which began earlier.</summary>
        public long Order { get; } = order;

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

    /// <summary>Bytes held of one sender; 2 MiB, two frames of the largest size.</summary>
    public long MaxBytesPerSender { get; init; } = 2L << 20;

    /// <summary>Bytes held in all; 32 MiB.</summary>
    public long MaxBytes { get; init; } = 32L << 20;

    /// <summary>How long a frame may take from its first chunk; 10 minutes.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Told the sender and id of each frame that is forgotten for a bound or its age, from within the assembler's call; null = nobody asks.</summary>
    public Action<string, FrameId>? Forgotten { get; init; }
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
