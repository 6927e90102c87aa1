namespace Interconnect.Sandbox;

/// <summary>
/// Passes reads through and fails once more than <paramref name="limit"/> bytes came since the last <see cref="Renew"/>, so that one endless
/// stanza cannot fill the memory. XmlReader passes no token on, so the reads end by <paramref name="cancellation"/>.
/// </summary>
internal sealed class BoundedInput(Stream inner, long limit, CancellationToken cancellation) : Stream
{
    private long left;

    /// <summary>The other side closed.</summary>
    public bool Ended { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Starts counting anew; called before the first read too.</summary>
    public void Renew() => left = limit;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await inner.ReadAsync(buffer, cancellation);
        Ended |= count == 0;
        left -= count;
        return left >= 0 ? count : throw new XmppStreamException("policy-violation", "the stanza is too large");
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Reads are asynchronous.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
