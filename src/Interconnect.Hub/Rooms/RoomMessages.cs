using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>A member sends an encrypted message to the room; everybody else in it gets it under the next sequence number.</summary>
internal static class RoomMessages
{
    // RFC 9420 section 6.
    private const byte ApplicationContent = 1;

    public static Decision Decide(EncryptedMessage message, PreparedEvent prepared, HubView view, HubPolicy policy)
    {
        var uri = message.Room!;
        var sender = prepared.Envelope.Sender!;
        var proof = prepared.Envelope.Proof!;
        if (uri.Domain != policy.Options.Domain)
        {
            return new Decision.Refused(HubRule.RoomHere);
        }

        if (message.Message.Length > policy.Limits.MaxMessageBytes)
        {
            return new Decision.Refused(HubRule.MessageSize);
        }

        if (view.Rooms[uri] is not { } room)
        {
            return new Decision.Refused(HubRule.RoomExists);
        }

        if (!room.Members.Contains(proof.Client))
        {
            return new Decision.Refused(HubRule.Participant);
        }

        if (prepared.Message is not { ContentType: ApplicationContent } header)
        {
            return new Decision.Refused(HubRule.MessageReadable, prepared.MessageError);
        }

        if (!RoomUpdates.IsGroupOf(uri, header.GroupId.Span))
        {
            return new Decision.Refused(HubRule.MessageGroup);
        }

        if (header.Epoch > room.Epoch || room.Epoch - header.Epoch > (ulong)policy.Options.EpochTolerance)
        {
            return new Decision.Refused(HubRule.MessageEpoch, CurrentEpoch: room.Epoch);
        }

        var recipients = room.Participants.Where(p => p != sender).ToList();
        if (recipients.Count == 0)
        {
            return new Decision.Refused(HubRule.SomebodyThere);
        }

        foreach (var recipient in recipients)
        {
            if (policy.Peering(sender, recipient, room.Suite, message.Message.Length) is { } refused)
            {
                return refused;
            }

            if (!view.ConsentsOf(sender, recipient).Between(sender, recipient, uri))
            {
                return new Decision.Refused(HubRule.Consented);
            }
        }

        // The sender's other devices see what it said, in the same place of the conversation.
        return new Decision.Accepted { Recipients = room.HasAnother(proof.Client) ? [.. recipients, sender] : recipients };
    }
}
