using System.Text.Json.Nodes;
using Interconnect.Endpoint;
using Interconnect.Federation;

namespace Interconnect.Agent.Commands;

/// <summary>Prints what happens, for <c>listen</c> and <c>chat</c>.</summary>
internal static class EventPrinter
{
    /// <summary>One message on one line. The mark of a key that nobody confirmed stands before everything else, wherever it is shown.</summary>
    public static void Message(AgentOutput output, EndpointMessage message) => output.Result(
        output.Message("message", message),
        $"{(message.Trust == KeyTrust.Unconfirmed ? "[UNCONFIRMED KEY] " : "")}{output.Time(message.AcceptedAt ?? message.CreatedAt)}  {(message.Incoming ? "" : "to ")}{message.Peer.Value}{(message.Trust == KeyTrust.Verified ? " (verified)" : "")}: {AgentOutput.Harmless(message.Text ?? $"({message.ContentType})")}");

    public static void Print(AgentOutput output, EndpointEvent happened)
    {
        switch (happened)
        {
            case EndpointEvent.ConsentRequested e:
                Consent(output, "consent-requested", e.User, e.At, "asks to be allowed to write ('consent grant' allows it)");
                break;
            case EndpointEvent.ConsentGranted e:
                Consent(output, "consent-granted", e.User, e.At, "allows you to write");
                break;
            case EndpointEvent.ConsentRevoked e:
                Consent(output, "consent-revoked", e.User, e.At, "does not allow you to write (any more)");
                break;
            case EndpointEvent.ConsentCancelled e:
                Consent(output, "consent-cancelled", e.User, e.At, "took the request back");
                break;
            case EndpointEvent.ConsentAnswered { Refusal: { } refusal } e:
                output.Result(
                    new JsonObject { ["event"] = "consent-refused", ["user"] = e.User.Value, ["rule"] = refusal.RuleId, ["reason"] = refusal.Reason, ["at"] = output.Stamp(e.At) },
                    $"{output.Time(e.At)}  consent with {e.User.Value} refused: {refusal.RuleId}: {refusal.Reason}");
                break;
            case EndpointEvent.RoomReady e:
                Consent(output, "room", e.Peer, e.At, "is connected, end-to-end encrypted");
                break;
            case EndpointEvent.RoomDelayed e:
                output.Result(
                    new JsonObject { ["event"] = "room-delayed", ["user"] = e.Peer.Value, ["rule"] = e.Refusal.RuleId, ["reason"] = e.Refusal.Reason, ["retryAfterSeconds"] = e.Refusal.RetryAfter?.TotalSeconds, ["at"] = output.Stamp(e.At) },
                    FormattableString.Invariant($"{output.Time(e.At)}  {e.Peer.Value} cannot be connected yet, tried again in {e.Refusal.RetryAfter?.TotalSeconds:0} s: {e.Refusal.RuleId}: {e.Refusal.Reason}"));
                break;
            case EndpointEvent.MessageChanged { Message: { } message } e when message.State > MessageState.Queued:
                output.Result(output.Message("delivery", message), $"{output.Time(e.At)}  to {message.Peer.Value}: {AgentOutput.StateName(message.State)}{(message.RuleId is null ? "" : $" ({message.RuleId}: {message.Reason})")}");
                break;
            case EndpointEvent.KeyChanged e:
                Consent(output, "key-changed", e.User, e.At, "IS SHOWN WITH ANOTHER IDENTITY, or with device lists that contradict each other. Sending is blocked: compare 'safety' over another way, then 'safety --confirm DIGITS'");
                break;
            case EndpointEvent.DevicesChanged e:
                Consent(output, "devices-changed", e.User, e.At, "has other devices now, under the same identity");
                break;
            case EndpointEvent.UnconfirmedMessage e:
                Consent(output, "unconfirmed-message", e.Peer, e.At, "sent something under a key that nobody confirmed; it is set apart ('messages --unconfirmed' shows it)");
                break;
            case EndpointEvent.RoomStandsStill e:
                output.Result(
                    new JsonObject { ["event"] = "room-stands-still", ["user"] = e.Peer.Value, ["rule"] = e.RuleId, ["at"] = output.Stamp(e.At) },
                    $"{output.Time(e.At)}  SOMEBODY WHO IS NO DEVICE OF EITHER OF YOU was put into the room with {e.Peer.Value} ({e.RuleId}). Nothing more is sent there; 'contacts renew' makes a new room");
                break;
            case EndpointEvent.OwnDevicesChanged e:
                output.Result(
                    new JsonObject { ["event"] = "own-devices-changed", ["thisDevice"] = e.ThisDevice, ["at"] = output.Stamp(e.At) },
                    $"{output.Time(e.At)}  your devices have changed ('device list' shows them){(e.ThisDevice ? "" : "; THIS ONE IS NO LONGER ONE OF THEM and can send nothing")}");
                break;
            case EndpointEvent.IdentityConflict e:
                output.Result(
                    new JsonObject { ["event"] = "identity-conflict", ["at"] = output.Stamp(e.At) },
                    $"{output.Time(e.At)}  SOMEBODY SHOWS ANOTHER IDENTITY OF YOURS, or devices under yours that this one does not know. Nothing under it is used. If it was not you, use the recovery phrase ('identity recover')");
                break;
            case EndpointEvent.IdentityObjected e:
                Consent(output, "identity-objected", e.User, e.At, "was known by an identity that says: the other one that was shown is not mine");
                break;
            case EndpointEvent.DeviceListPublished { Refusal: { } refusal } e:
                output.Result(
                    new JsonObject { ["event"] = "device-list-refused", ["rule"] = refusal.RuleId, ["reason"] = refusal.Reason, ["retryAfterSeconds"] = refusal.RetryAfter?.TotalSeconds, ["at"] = output.Stamp(e.At) },
                    $"{output.Time(e.At)}  the list of your devices was refused: {refusal.RuleId}: {refusal.Reason}");
                break;
            case EndpointEvent.KeysPublished { Refusal: { } refusal } e:
                output.Result(
                    new JsonObject { ["event"] = "keys-refused", ["rule"] = refusal.RuleId, ["reason"] = refusal.Reason, ["at"] = output.Stamp(e.At) },
                    $"{output.Time(e.At)}  key packages refused: {refusal.RuleId}: {refusal.Reason}");
                break;
            case EndpointEvent.FrameRejected e:
                output.Result(
                    new JsonObject { ["event"] = "rejected", ["rule"] = e.RuleId, ["reason"] = e.Reason, ["at"] = output.Stamp(e.At) },
                    $"{output.Time(e.At)}  something invalid was dropped: {e.RuleId}: {e.Reason}");
                break;
            case EndpointEvent.GapSkipped e:
                output.Result(
                    new JsonObject { ["event"] = "gap", ["missing"] = e.Missing, ["at"] = output.Stamp(e.At) },
                    $"{output.Time(e.At)}  {e.Missing} earlier message(s) did not come yet");
                break;
            case EndpointEvent.ConnectionChanged e:
                output.Result(
                    new JsonObject { ["event"] = "connection", ["state"] = e.Status.State.ToString().ToLowerInvariant(), ["rule"] = e.Status.Why?.RuleId, ["reason"] = e.Status.Why?.Reason, ["at"] = output.Stamp(e.At) },
                    $"{output.Time(e.At)}  {e.Status.State.ToString().ToLowerInvariant()}{(e.Status.Why is { } why ? $": {why.Reason}" : "")}");
                break;
            case EndpointEvent.SendDelayed e:
                output.Note($"{output.Time(e.At)}  {e.Why.RuleId}: {e.Why.Reason}");
                break;
            default:
                break;
        }
    }

    private static void Consent(AgentOutput output, string name, UserUri user, DateTimeOffset at, string text) => output.Result(
        new JsonObject { ["event"] = name, ["user"] = user.Value, ["at"] = output.Stamp(at) }, $"{output.Time(at)}  {user.Value} {text}");
}
