using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interconnect.Endpoint;

namespace Interconnect.Agent;

/// <summary>
/// Writes results: lines for people, or one JSON object a line. Received text is made harmless for a terminal: control characters are shown, not sent.
/// </summary>
internal sealed class AgentOutput(AgentIo io, bool json)
{
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.Create(System.Text.Unicode.UnicodeRanges.All) };
    private readonly Lock gate = new();

    public bool IsJson => json;

    /// <summary>A result, in the form that was asked for.</summary>
    public void Result(JsonObject fields, string text)
    {
        lock (gate)
        {
            io.Out.WriteLine(json ? fields.ToJsonString(Options) : text);
            io.Out.Flush();
        }
    }

    /// <summary>A remark that is no result: on standard error, and not at all with --json.</summary>
    public void Note(string text)
    {
        if (json)
            return;

        lock (gate)
            io.Error.WriteLine(text);
    }

    public void Failure(AgentFailure failure)
    {
        lock (gate)
        {
            if (json)
            {
                io.Out.WriteLine(new JsonObject { ["event"] = "error", ["rule"] = failure.RuleId, ["reason"] = failure.Reason, ["advice"] = failure.Advice, ["exitCode"] = failure.ExitCode }.ToJsonString(Options));
                io.Out.Flush();
            }
            else
            {
                io.Error.WriteLine($"{failure.RuleId}: {failure.Reason}. {failure.Advice}.");
            }
        }
    }

    /// <summary>Local time with its zone.</summary>
    public string Time(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, io.Clock.LocalTimeZone).ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);

    /// <summary>The same for a machine, with milliseconds.</summary>
    public string? Stamp(DateTimeOffset? at) => at is { } time ? TimeZoneInfo.ConvertTime(time, io.Clock.LocalTimeZone).ToString("yyyy-MM-dd'T'HH:mm:ss.fffzzz", CultureInfo.InvariantCulture) : null;

    public JsonObject Message(string name, EndpointMessage message) => new()
    {
        ["event"] = name,
        ["id"] = message.Id,
        ["messageId"] = message.MessageId,
        [message.Incoming ? "from" : "to"] = message.Peer.Value,
        ["state"] = StateName(message.State),
        ["text"] = message.Text,
        ["contentType"] = message.ContentType,
        ["inReplyTo"] = message.InReplyTo,
        ["sequence"] = message.Sequence,
        ["createdAt"] = Stamp(message.CreatedAt),
        ["acceptedAt"] = Stamp(message.AcceptedAt),
        ["handedOverAt"] = Stamp(message.HandedOverAt),
        ["deliveredAt"] = Stamp(message.DeliveredAt),
        ["rule"] = message.RuleId,
        ["reason"] = message.Reason,
        ["trust"] = TrustName(message.Trust),
    };

    public static string StateName(MessageState state) => state switch
    {
        MessageState.Waiting => "waiting",
        MessageState.Queued => "queued",
        MessageState.Accepted => "accepted",
        MessageState.HandedOver => "handed-over",
        MessageState.ReachedNetwork => "reached",
        MessageState.Delivered => "delivered",
        MessageState.Refused => "refused",
        MessageState.Bounced => "bounced",
        MessageState.Expired => "expired",
        MessageState.Received => "received",
    };

    public static string? TrustName(KeyTrust? trust) => trust switch
    {
        KeyTrust.Verified => "verified",
        KeyTrust.Pinned => "pinned",
        KeyTrust.Unconfirmed => "unconfirmed",
        null => null,
    };

    public static string ConsentName(ConsentState state) => state switch
    {
        ConsentState.None => "none",
        ConsentState.Requested => "requested",
        ConsentState.Granted => "granted",
        ConsentState.Revoked => "revoked",
    };

    /// <summary>Control characters as pictures, line breaks kept and indented.</summary>
    public static string Harmless(string? text) => text is null
        ? "(no text)"
        : string.Concat(text.Select(c => c switch
        {
            '\n' => "\n    ",
            '\t' => "\t",
            '\u007f' => "\u2421",
            < ' ' => ((char)(0x2400 + c)).ToString(),
            >= '\u0080' and < '\u00a0' => "\ufffd",
            '\u202a' or '\u202b' or '\u202c' or '\u202d' or '\u202e' or '\u2066' or '\u2067' or '\u2068' or '\u2069' => "\ufffd",
            _ => c.ToString(),
        }));
}
