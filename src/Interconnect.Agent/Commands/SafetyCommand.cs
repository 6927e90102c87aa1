using System.CommandLine;
using System.Text.Json.Nodes;
using Interconnect.Endpoint;

namespace Interconnect.Agent.Commands;

/// <summary>Shows the safety number with a user, as digits or as a picture, and confirms what was compared; works offline.</summary>
internal static class SafetyCommand
{
    private static readonly Argument<string> User = new("user") { Description = "mimi://hs.test/u/bob, bob@hs.test or @bob:hs.test" };
    private static readonly Option<string?> Confirm = new("--confirm") { Description = "The 60 digits that were compared and are the same at both ends: only the identity that they are of is confirmed" };
    private static readonly Option<bool> Qr = new("--qr") { Description = "Show a picture for the other person to scan" };
    private static readonly Option<FileInfo?> Scan = new("--scan") { Description = "A picture (PNG, PBM, PGM or PPM) of what the other person's device shows; the same identities confirm each other" };

    public static Command Create(AgentIo io)
    {
        var command = new Command("safety", "Show the safety number with a user: the same at both ends when nobody sits between (offline).") { User, Confirm, Qr, Scan };
        command.SetAction(AgentCommandLine.Run(io, async (parsed, output, cancellation) =>
        {
            var user = AgentSettings.User(parsed.GetValue(User)!);
            await using var session = AgentSession.Open(parsed, io);
            var numbers = await session.Client.SafetyNumbersAsync(user, cancellation)
                ?? throw new AgentFailure(ExitCode.Blocked, "END-108", "No identity of this user is known yet", "Exchange consents or a message first");
            SafetyNumber? compared = null;
            if (parsed.GetValue(Confirm) is { } digits)
                compared = SafetyNumber.TryParse(digits, out var number, out var error) ? number : throw new AgentFailure(ExitCode.Usage, error.Split(':')[0], error[(error.IndexOf(':', StringComparison.Ordinal) + 2)..], "Write the 60 digits as they were compared");

            if (parsed.GetValue(Scan) is { } picture)
                compared = await ScanAsync(session, user, picture, numbers, cancellation);

            if (compared is not null && await session.Client.ConfirmAsync(user, compared, cancellation) is { } refused)
                throw new AgentFailure(ExitCode.Blocked, refused.RuleId, refused.Reason, refused.Advice);

            Print(output, user.Value, (await session.Client.SafetyNumbersAsync(user, cancellation))!, compared is not null);
            if (parsed.GetValue(Qr))
                await ShowAsync(session, user, output, cancellation);

            return ExitCode.Ok;
        }));
        return command;
    }

    private static async Task<SafetyNumber> ScanAsync(AgentSession session, Federation.UserUri user, FileInfo picture, SafetyNumbers numbers, CancellationToken cancellation)
    {
        var own = await session.Client.SafetyQrAsync(user, cancellation)
            ?? throw new AgentFailure(ExitCode.Blocked, "END-102", "Another identity of this user was shown", "Compare the digits, then confirm them with 'safety --confirm DIGITS'");
        var text = SafetyQr.ReadPicture(picture.FullName) switch
        {
            QrPictureReading.Found found => found.Text,
            QrPictureReading.Refused refused => throw new AgentFailure(ExitCode.Usage, refused.Error.RuleId, refused.Error.Reason, "Give a sharp picture of the code alone"),
            _ => throw new InvalidOperationException("A picture holds a code or is refused."),
        };
        return own.Check(text) switch
        {
            SafetyQrCheck.Match => numbers.Known!,
            SafetyQrCheck.Mismatch mismatch => throw new AgentFailure(ExitCode.Blocked, mismatch.RuleId, mismatch.Reason, "Somebody may sit between you: do not confirm, and tell the other person"),
            SafetyQrCheck.Unreadable unreadable => throw new AgentFailure(ExitCode.Usage, unreadable.RuleId, unreadable.Reason, "Have the other person show 'safety USER --qr'"),
            _ => throw new InvalidOperationException("A code matches, does not, or is another one."),
        };
    }

    private static async Task ShowAsync(AgentSession session, Federation.UserUri user, AgentOutput output, CancellationToken cancellation)
    {
        var own = await session.Client.SafetyQrAsync(user, cancellation)
            ?? throw new AgentFailure(ExitCode.Blocked, "END-102", "Another identity of this user was shown", "Compare the digits, then confirm them with 'safety --confirm DIGITS'");
        output.Result(new JsonObject { ["event"] = "safety-qr", ["user"] = user.Value, ["payload"] = own.Payload }, own.ToTerminal());
    }

    private static void Print(AgentOutput output, string user, SafetyNumbers numbers, bool confirmed)
    {
        var shown = numbers.ToCompare;
        var groups = shown.Groups;
        var lines = Enumerable.Range(0, 3).Select(i => "    " + string.Join(' ', groups.Skip(i * 4).Take(4)));
        var remark = confirmed ? "\nIt was compared: this identity is verified."
            : numbers.Shown is not null ? "\nANOTHER IDENTITY was shown and is not confirmed; this is the number with that one."
            : numbers.Verified ? "\nIt was compared before." : "";
        output.Result(
            new JsonObject
            {
                ["event"] = "safety",
                ["user"] = user,
                ["number"] = shown.Digits,
                ["groups"] = new JsonArray([.. groups.Select(group => (JsonNode)group)]),
                ["known"] = numbers.Known?.Digits,
                ["verified"] = numbers.Verified,
                ["keyChanged"] = numbers.Shown is not null,
                ["confirmed"] = confirmed,
            },
            $"Safety number with {user}; compare it over another way:\n{string.Join('\n', lines)}{remark}");
    }
}
