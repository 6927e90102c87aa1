using System.Text.Json.Nodes;
using Interconnect.Endpoint;
using Interconnect.Federation;

namespace Interconnect.Agent.Commands;

/// <summary>Prints what happens, for <c>listen</c> and <c>chat</c>.</summary>
internal static class EventPrinter
{
    public static void Message(AgentOutput output, EndpointMessage message) => output.Result(
        output.Message("message", message), $"{output.Time(message.AcceptedAt ?? message.CreatedAt)}  {message.Peer.Value}: {AgentOutput.Harmless(message.Text ?? $"({message.ContentType})")}");

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
                Consent(output, "key-changed", e.User, e.At, "HAS ANOTHER KEY NOW. Sending is blocked: compare 'safety' over another way, then 'safety --confirm'");
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
