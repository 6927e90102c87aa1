using Interconnect.Federation;

namespace Interconnect.Endpoint.Tests.Identity;

public sealed class SafetyNumberTests
{
    private static readonly UserUri Alice = UserUri.Parse("mimi://a.test/u/alice");
    private static readonly UserUri Bob = UserUri.Parse("mimi://b.test/u/bob");
    private static readonly byte[] KeyOfAlice = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly byte[] KeyOfBob = [.. Enumerable.Range(100, 32).Select(i => (byte)i)];

    [Fact]
    public void Compute_OfIdentities_NeverChanges()
    {
        var number = SafetyNumber.Compute(Alice, KeyOfAlice, Bob, KeyOfBob);

        Assert.Equal("99836 50938 99805 36885 09433 98785 59095 95229 13091 76819 40342 11499", number.ToString());
        Assert.Equal(12, number.Groups.Count);
        Assert.Equal(SafetyNumber.Length, number.Digits.Length);
    }

    [Fact]
    public void Compute_IsTheSameAtBothEndsAndAnotherForEachOtherKeyAndUser()
    {
        var number = SafetyNumber.Compute(Alice, KeyOfAlice, Bob, KeyOfBob);
        var cathy = UserUri.Parse("mimi://b.test/u/cathy");

        Assert.True(number.Matches(SafetyNumber.Compute(Bob, KeyOfBob, Alice, KeyOfAlice)));
        Assert.False(number.Matches(SafetyNumber.Compute(Alice, KeyOfBob, Bob, KeyOfAlice)));
        Assert.False(number.Matches(SafetyNumber.Compute(Alice, KeyOfAlice, cathy, KeyOfBob)));
        for (var bit = 0; bit < 256; bit += 37)
        {
            var changed = KeyOfBob.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(number.Matches(SafetyNumber.Compute(Alice, KeyOfAlice, Bob, changed)));
        }

        Assert.Throws<ArgumentException>(() => SafetyNumber.Compute(Alice, KeyOfAlice.AsSpan(1), Bob, KeyOfBob));
    }

    [Fact]
    public void TryParse_AsPeopleType_IsUnderstood()
    {
        var number = SafetyNumber.Compute(Alice, KeyOfAlice, Bob, KeyOfBob);
        string[] spellings =
        [
            number.Digits, number.ToString(), "  " + string.Join("\r\n", number.Groups) + "\n", string.Join('\t', number.Groups), string.Join('\u00a0', number.Groups),
        ];

        Assert.All(spellings, spelling =>
        {
            Assert.True(SafetyNumber.TryParse(spelling, out var typed, out _));
            Assert.True(typed.Matches(number));
            Assert.Equal(number, typed);
        });
    }

    [Fact]
    public void TryParse_WhatIsNoNumber_SaysWhy()
    {
        var digits = SafetyNumber.Compute(Alice, KeyOfAlice, Bob, KeyOfBob).Digits;

        Refused("SAF-003: 59 digits", digits[1..]);
        Refused("SAF-003: 61 digits", digits + "0");
        Refused("SAF-003: 0 digits", "");
        Refused("SAF-002: Character 6 ", digits[..5] + "-" + digits[5..]);
        Refused("SAF-002: Character 1 ", "٣" + digits[1..]);
        Refused("SAF-001", digits + new string(' ', 500));
        Assert.True(SafetyNumber.TryParse(digits, out _, out _));

        static void Refused(string says, string text)
        {
            Assert.False(SafetyNumber.TryParse(text, out var number, out var error));
            Assert.Null(number);
            Assert.StartsWith(says, error, StringComparison.Ordinal);
        }
    }
}
