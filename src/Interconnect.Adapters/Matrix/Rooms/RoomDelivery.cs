using System.Text.Json;
using System.Text.Json.Nodes;
using Interconnect.Adapters.Matrix.Wire;
using Interconnect.Federation;

namespace Interconnect.Adapters.Matrix.Rooms;

/// <summary>The way out: events into the room that ghost and user share, notices into the room of the message that they are about. What lies in a room is reached when its recipient is in it.</summary>
internal sealed class RoomDelivery(MatrixConnection connection, MatrixOptions options, MatrixIdentifiers identifiers, RoomDirectory rooms, AwaitedJoins awaited, ReadMarks marks)
{
    /// <summary>
    /// 1. the pair's room; 2. the events into it; 3. where the homeserver takes them there no more, once more with another room; 4. reached is only what lies in a room that the recipient has joined.
    /// </summary>
    public async ValueTask<DeliveryOutcome> DeliverAsync(Delivery delivery, MatrixOutbound.Events events, CancellationToken cancellation)
    {
        string? refused = null;
        while (true)
        {
            // 1.
            switch (await rooms.FindOrCreateAsync(events.User, events.Ghost, refused, cancellation))
            {
                case RoomOutcome.NoSuchUser:
                    return new DeliveryOutcome.Rejected("MTX-004", "The homeserver has no such user.");
                case RoomOutcome.NotFound no:
                    return Failed(no.Why);
                case RoomOutcome.Found found:
                    // 2.
                    switch (await SendAsync(found.Room, events.Ghost, delivery, events.Contents, cancellation))
                    {
                        // 3.
                        case (MatrixAnswer.No { Status: 403 or 404 }, _) when refused is null:
                            refused = found.Room;
                            await rooms.EndAsync(found.Room, events.Ghost, cancellation);
                            continue;
                        case ({ } failure, _):
                            return Failed(failure);
                        case (_, var reference):
                            // 4.
                            return new DeliveryOutcome.Delivered(await IsReachedAsync(found, events, reference, cancellation), reference);
                    }
            }
        }
    }

    /// <summary>Answers an ordinary client in the room of its message, if its writer is still there.</summary>
    public async ValueTask<DeliveryOutcome> TellAsync(Delivery delivery, MatrixOutbound.Notice notice, CancellationToken cancellation)
    {
        var (there, why) = identifiers.TryId(delivery.Recipient, out var writer) ? await rooms.HasJoinedAsync(notice.Room, writer, notice.Ghost, cancellation) : (false, null);
        if (there is not true)
        {
            return why is MatrixAnswer.Later or MatrixAnswer.Unknown ? Failed(why) : new DeliveryOutcome.Rejected("MTX-025", "The room of that message is closed to us, or its writer has left it.");
        }

        var (failure, _) = await SendAsync(notice.Room, notice.Ghost, delivery, [notice.Content], cancellation);
        return failure is null ? new DeliveryOutcome.Delivered(true, null) : Failed(failure);
    }

    private static DeliveryOutcome Failed(MatrixAnswer answer) => answer switch
    {
        MatrixAnswer.Later later => new DeliveryOutcome.Deferred(later.RetryAfter, later.Reason),
        MatrixAnswer.Unknown unknown => new DeliveryOutcome.Uncertain(unknown.Reason),
        MatrixAnswer.No no => new DeliveryOutcome.Rejected("MTX-010", "The homeserver refuses it: " + no.ErrorCode),
        _ => throw new InvalidOperationException("Not a failure."),
    };

    private async ValueTask<bool> IsReachedAsync(RoomOutcome.Found found, MatrixOutbound.Events events, string? reference, CancellationToken cancellation)
    {
        if (options.DeliveredMeansRead)
        {
            if (reference is not null)
            {
                marks.Sent(found.Room, reference);
            }

            return false;
        }

        return found.Joined || (reference is not null && await awaited.AddAsync(found.Room, events.User, events.Ghost, reference, cancellation));
    }

    /// <summary>Sends the events; why that failed, or the id of the last.</summary>
    private async ValueTask<(MatrixAnswer? Failure, string? Reference)> SendAsync(string room, string ghost, Delivery delivery, IReadOnlyList<JsonObject> contents, CancellationToken cancellation)
    {
        var key = EventId.Derive(delivery.Envelope.Id, "matrix " + delivery.Recipient.Value).Hex[..32];
        string? last = null;
        for (var i = 0; i < contents.Count; i++)
        {
            var path = $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/send/m.room.message/ic{key}.{i + 1}";
            var answer = await connection.CallAsync(HttpMethod.Put, path, contents[i], ghost, cancellation);
            if (answer is not MatrixAnswer.Ok ok)
            {
                return (answer, null);
            }

            last = ok.Body.TryGetProperty("event_id", out var id) && id.ValueKind == JsonValueKind.String ? id.GetString() : null;
        }

        return (null, last);
    }
}
