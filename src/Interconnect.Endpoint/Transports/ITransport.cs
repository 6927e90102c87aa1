using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>
/// Carries endpoint frames between this user's account on a network and the gateway's accounts there. Knows nothing of what frames hold. Members may be called
/// from any thread; <see cref="SendAsync"/> is called for one frame at a time.
/// </summary>
public interface ITransport : IAsyncDisposable
{
    /// <summary>The user that the account is.</summary>
    UserUri User { get; }

    /// <summary>
    /// Logs in and begins to deliver what was waiting. Returns null when connected, else why not, with nothing left running. Later loss is a status: the transport
    /// reconnects by itself until <see cref="StopAsync"/>.
    /// </summary>
    Task<TransportFailure?> StartAsync(ITransportSink sink, CancellationToken cancellation);

    /// <summary>
    /// Hands a frame to the network; completes when the network's server has taken it. The same <paramref name="id"/> gives the same native id, so that a frame
    /// sent again is known as the same. Frames over the network's limit go out as chunks.
    /// </summary>
    Task<TransportSend> SendAsync(TransportAddress to, FrameId id, ReadOnlyMemory<byte> frame, CancellationToken cancellation);

    /// <summary>
    /// Hands over a frame again that the network had taken and the hub did not answer. Networks that show the receiver a repeated native id once only give
    /// <paramref name="attempt"/> (2 and up, the same until the network has taken it) its own; others do as <see cref="SendAsync"/>.
    /// </summary>
    Task<TransportSend> SendAgainAsync(TransportAddress to, FrameId id, int attempt, ReadOnlyMemory<byte> frame, CancellationToken cancellation) =>
        SendAsync(to, id, frame, cancellation);

    /// <summary>Logs off cleanly; what was received and not yet taken by the sink stays with the network.</summary>
    Task StopAsync(CancellationToken cancellation);
}

/// <summary>Where a transport puts what it receives.</summary>
public interface ITransportSink
{
    /// <summary>Takes one item; completes when it is saved. Only then may the transport acknowledge it to the network.</summary>
    Task ReceiveAsync(InboundItem item, CancellationToken cancellation);

    /// <summary>The network returned a frame that it had taken.</summary>
    Task ReturnedAsync(FrameId frame, TransportFailure why, CancellationToken cancellation);

    /// <summary>The connection changed.</summary>
    void StatusChanged(TransportStatus status);
}

/// <summary>A counterpart on the own network that belongs to the gateway.</summary>
public abstract record TransportAddress
{
    private TransportAddress()
    {
    }

    /// <summary>The hub itself.</summary>
    public sealed record Service : TransportAddress;

    /// <summary>The ghost that stands for a user of another network.</summary>
    public sealed record Ghost(UserUri User) : TransportAddress
    {
        /// <summary>Redacted: names a person.</summary>
        public override string ToString() => "Ghost(redacted)";
    }
}

/// <summary>What came in from the gateway's accounts. Anything from other accounts never gets here.</summary>
/// <param name="From">Which account the network says it came from.</param>
public abstract record InboundItem(TransportAddress From)
{
    /// <summary>A whole frame.</summary>
    public sealed record Frame(TransportAddress From, ReadOnlyMemory<byte> Bytes) : InboundItem(From);

    /// <summary>One chunk of a frame (<see cref="FrameChunks"/>).</summary>
    public sealed record Chunk(TransportAddress From, string Text) : InboundItem(From);

    /// <summary>Redacted.</summary>
    public sealed override string ToString() => $"{GetType().Name}(redacted)";
}

/// <summary>What became of a hand-over to the network.</summary>
public abstract record TransportSend
{
    private TransportSend()
    {
    }

    /// <summary>The network's server has it.</summary>
    public sealed record Taken : TransportSend;

    /// <summary>Not now; the same frame may be sent again.</summary>
    /// <param name="After">How long to wait.</param>
    /// <param name="Why">The reason.</param>
    public sealed record Later(TimeSpan After, TransportFailure Why) : TransportSend;

    /// <summary>The network will never take this frame.</summary>
    /// <param name="Why">The reason.</param>
    public sealed record Rejected(TransportFailure Why) : TransportSend;
}

/// <summary>Why a transport did not do what was asked. Holds no account, password or content.</summary>
/// <param name="RuleId">Such as <c>XMC-003</c> or <c>MXC-002</c>; the README lists them.</param>
/// <param name="Reason">Plain words: what is wrong.</param>
/// <param name="Advice">Plain words: what to do next.</param>
/// <param name="Retry">True when trying the same again can help.</param>
public sealed record TransportFailure(string RuleId, string Reason, string Advice, bool Retry)
{
    /// <summary>One line.</summary>
    public override string ToString() => $"{RuleId}: {Reason}. {Advice}.";
}

/// <summary>Where the connection stands.</summary>
/// <param name="State">The state.</param>
/// <param name="Why">Why it is not connected; null otherwise.</param>
public sealed record TransportStatus(TransportState State, TransportFailure? Why = null);

/// <summary>States of a connection.</summary>
public enum TransportState
{
    /// <summary>Not started, or stopped.</summary>
    Stopped,

    /// <summary>Logged in.</summary>
    Connected,

    /// <summary>Lost; trying again.</summary>
    Reconnecting,

    /// <summary>The server no longer takes the credentials; nothing more is tried.</summary>
    BadCredentials,
}

/// <summary>A transport's own small memory across restarts, encrypted in the store (a Matrix token, the position in its sync stream).</summary>
public interface ITransportMemory
{
    /// <summary>What was saved under the name, or null.</summary>
    Task<byte[]?> LoadAsync(string name, CancellationToken cancellation);

    /// <summary>Saves; completes when durable.</summary>
    Task SaveAsync(string name, byte[] value, CancellationToken cancellation);
}
