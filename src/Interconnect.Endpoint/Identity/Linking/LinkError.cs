namespace Interconnect.Endpoint;

/// <summary>Why adding a device did not go on. Holds no code, digit, identifier or received byte.</summary>
/// <param name="RuleId">The rule, <c>LNK-001</c> to <c>LNK-019</c>; the README lists them.</param>
/// <param name="Reason">Plain words: what is wrong.</param>
/// <param name="Offset">Bytes from the start of the message where known, else null.</param>
public sealed record LinkError(string RuleId, string Reason, int? Offset = null)
{
    internal static LinkError CodeTooLong => new("LNK-001", $"A code is typed with at most {LinkCode.MaxTextLength} characters");

    internal static LinkError Expired => new("LNK-010", "The code has run out; let the new device show a new one");

    internal static LinkError TooFar => new(
        "LNK-011", "The request is to be good for longer than ten minutes; if it is yours, compare the clocks of both devices");

    internal static LinkError OtherUser => new("LNK-012", "The request is for another user");

    internal static LinkError Ended => new("LNK-013", "This code was used or tried wrongly three times; let the new device show a new one");

    internal static LinkError MemoryFull => new(
        "LNK-014", $"{LinkMemory.Capacity} codes were tried within ten minutes; wait, and find out who is asking");

    internal static LinkError WrongDigits => new(
        "LNK-016",
        "The eight digits are not those of the device that asks; if you copied them rightly from your new device, another device is asking: stop");

    internal static LinkError OtherRequest => new("LNK-017", "The answer is to another request");

    internal static LinkError ListsTooLarge => new(
        "LNK-018",
        $"An answer holds 1 to {LinkAnswer.MaxLists} lists of at most {LinkAnswer.MaxListBytes >> 10} KiB and {LinkAnswer.MaxBytes >> 10} KiB in all");

    internal static LinkError NoDigits => new("LNK-019", $"Type the {EntryDigits.Length} digits that the new device shows");

    internal static LinkError CodeCharacter(int position) => new("LNK-002", $"Character {position} is in no code");

    internal static LinkError CodeLength(int count) => new("LNK-003", $"{count} letters and digits were typed, a code has {LinkCode.Characters}");

    internal static LinkError WrongCode(int triesLeft) => new(
        "LNK-015",
        triesLeft > 0
            ? $"The code is not that of the device that asks, or the message was changed on its way; tries left: {triesLeft}"
            : "The code is not that of the device that asks, or the message was changed on its way; let the new device show a new one");

    internal static LinkError Malformed(string ruleId, string reason, int offset) => new(ruleId, reason, offset);

    /// <summary>One line.</summary>
    public override string ToString() => Offset is { } at ? $"{RuleId}: {Reason} (byte {at})" : $"{RuleId}: {Reason}";
}
