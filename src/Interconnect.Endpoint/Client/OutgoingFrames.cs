using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>Signs requests and puts them into the outbox.</summary>
internal sealed class OutgoingFrames(EndpointSession session)
{
    /// <summary>
    /// Saves a signed frame with what it is for. It goes out after the work is committed, always with these bytes; a crash before that leaves no trace of it.
    /// </summary>
    /// <returns>The frame's id.</returns>
    public string Enqueue(Work work, FederationEvent request, UserUri? to, FramePurpose purpose, RoomUri? room = null, string? message = null, UserUri? peer = null, long? atMs = null)
    {
        var id = FrameId.Create();
        var createdAt = DateTimeOffset.FromUnixTimeMilliseconds(atMs ?? work.NowMs);
        var encoded = EventCodec.Encode(request);
        var suite = session.Suite.Id;
        var signature = session.Sign(FrameProof.SignedContent(id, session.Client, createdAt, suite, encoded));
        var frame = FrameCodec.Encode(new EndpointFrame.Request(request, encoded, new FrameProof(id, session.Client, createdAt, suite, session.PublicKey, signature)));

        Tables.Outbox.Put(work.Store, new OutboxRecord(id.Hex, to?.Value, frame, purpose, room?.Value, work.NowMs, 0, 0));
        Tables.Sent.Put(work.Store, new SentRecord(id.Hex, purpose, message, room?.Value, (peer ?? to)?.Value), work.NowMs);
        return id.Hex;
    }

    /// <summary>
    /// Signs a refused frame's event anew, to go out in its old place when the hub said: under the old id the hub would take it for a repetition.
    /// </summary>
    /// <returns>The new frame's id.</returns>
    public string Again(Work work, OutboxRecord row, SentRecord sent, TimeSpan wait)
    {
        if (!FrameCodec.TryDecode(row.Bytes, out var frame, out _) || frame is not EndpointFrame.Request request)
            throw new StoreDamagedException();

        var id = FrameId.Create();
        var due = DateTimeOffset.FromUnixTimeMilliseconds(work.NowMs) + wait;

        // A word on consent keeps its date: a later one may be on its way behind it, and the newer counts.
        var createdAt = row.Purpose == FramePurpose.Consent ? request.Proof.CreatedAt : due;
        var suite = session.Suite.Id;
        var signature = session.Sign(FrameProof.SignedContent(id, session.Client, createdAt, suite, request.EncodedEvent.ToArray()));
        var bytes = FrameCodec.Encode(new EndpointFrame.Request(request.Event, request.EncodedEvent, new FrameProof(id, session.Client, createdAt, suite, session.PublicKey, signature)));

        Tables.Outbox.Put(work.Store, row with { Frame = id.Hex, Bytes = bytes, Attempts = 0, NotBefore = due.ToUnixTimeMilliseconds(), Deferred = true }, work.Store.PositionOf(EntryKind.Outbox, row.Frame));
        Tables.Outbox.Delete(work.Store, row);
        Tables.Sent.Put(work.Store, sent with { Frame = id.Hex }, work.NowMs);
        return id.Hex;
    }
}
