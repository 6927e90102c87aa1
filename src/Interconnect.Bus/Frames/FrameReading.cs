using Interconnect.Federation;

namespace Interconnect.Bus.Frames;

/// <summary>What became of reading a frame. A closed set.</summary>
internal abstract record FrameReading
{
    private FrameReading()
    {
    }

    /// <summary>Signed by one who may write to the stream, and readable to the end.</summary>
    public sealed record Whole(BusSender Sender, ReadOnlyMemory<byte>[] Bodies) : FrameReading;

    /// <summary>To be parked.</summary>
    public sealed record Broken(FrameError Error) : FrameReading
    {
        /// <summary>Nobody who may write to the stream vouches for it: anybody on the broker may have put it there.</summary>
        public bool IsUnauthentic { get; init; }
    }
}
