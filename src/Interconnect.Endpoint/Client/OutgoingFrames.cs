using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>Signs requests and puts them into the outbox.</summary>
internal sealed class OutgoingFrames(EndpointSession session)
{
    /// <summary>
    /// Saves a signed frame with what it is for. It goes out after the work is committed, always with these bytes; a crash before that leaves no trace of it.
    /// </summary>
    /// <returns>The frame's id.</returns>
    public string Enqueue(Work work, FederationEvent request, UserUri? to, FramePurpose purpose, RoomUri? room = null, string? message = null, UserUri? peer = null)
    {
        var id = FrameId.Create();
        var createdAt = DateTimeOffset.FromUnixTimeMilliseconds(work.NowMs);
        var encoded = EventCodec.Encode(request);
        var suite = session.Suite.Id;
        var signature = session.Sign(FrameProof.SignedContent(id, session.Client, createdAt, suite, encoded));
        var frame = FrameCodec.Encode(new EndpointFrame.Request(request, encoded, new FrameProof(id, session.Client, createdAt, suite, session.PublicKey, signature)));

        Tables.Outbox.Put(work.Store, new OutboxRecord(id.Hex, to?.Value, frame, purpose, room?.Value, work.NowMs, 0, 0));
        Tables.Sent.Put(work.Store, new SentRecord(id.Hex, purpose, message, room?.Value, (peer ?? to)?.Value), work.NowMs);
        return id.Hex;
    }
}
