using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using Interconnect.Federation;
using Interconnect.Testing;

namespace Interconnect.Endpoint.Tests.Identity.Linking;

/// <summary>Alice adds a device. Mallory is the gateway in between: everything passes through Mallory, but for the code and the digits.</summary>
public sealed class DeviceLinkTests : IDisposable
{
    private const string RequestGolden =
        "00010100156d696d693a2f2f612e746573742f752f616c6963650016746865206e657720646576696365277320656e74727900010203040506070809"
        + "0a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0000019b76e3cfc0ff862bb513e2a03da470359ea94fcfd16cb0151a5e3e22454120be805a0e"
        + "50f0";
    private const string AnswerGolden =
        "000102401704ef64f345aadd2a49d509fd0a0a67e433ab2edb5f34101b77aa0f66706400020000000a6669727374206c6973740000000b7365636f6e"
        + "64206c6973746f5e68edcf435d0ea43e932a2b27db15988b2959132b9b26abc9b940ca9a5997";

    private static readonly UserUri Alice = UserUri.Parse("mimi://a.test/u/alice");
    private static readonly byte[] Entry = "the new device's entry"u8.ToArray();
    private static readonly ReadOnlyMemory<byte>[] Lists = ["first list"u8.ToArray(), "second list"u8.ToArray()];

    private readonly ManualClock clock = new();
    private readonly NewDeviceLink link;
    private readonly LinkCode code;

    public DeviceLinkTests()
    {
        link = NewDeviceLink.Start(Alice, Entry, clock);
        code = LinkCode.FromBytes(link.Code.Span);
    }

    public void Dispose()
    {
        link.Dispose();
        code.Dispose();
    }

    [Fact]
    public void ADevice_IsAddedWithTheCodeAndTheDigitsThatThePersonSawOnIt()
    {
        var approved = Approve();

        Assert.Equal(Entry, approved.Entry.ToArray());
        Assert.True(approved.TryAnswer(Lists, out var answer, out _));
        var added = Assert.IsType<LinkReply.Added>(link.Accept(answer));
        Assert.Equal(Lists.Select(list => list.ToArray()), added.Lists.Select(list => list.ToArray()));
        Assert.False(link.IsOpen);
    }

    [Fact]
    public void Messages_NeverChangeTheirBytes()
    {
        using var known = LinkCode.FromBytes([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        using var golden = NewDeviceLink.Start(Alice, Entry, new ManualClock(), known, [.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
        var check = Check(Read(golden.Request.Span), known, golden.Digits);

        Assert.Equal(RequestGolden, Convert.ToHexStringLower(golden.Request.Span));
        Assert.True(Assert.IsType<LinkCheck.Approved>(check).Link.TryAnswer(Lists, out var answer, out _));
        Assert.Equal(AnswerGolden, Convert.ToHexStringLower(answer));
        Assert.Equal("000100" + "01" + Convert.ToHexStringLower(Read(golden.Request.Span).Hash.Span) + "0000019b76e3cfc0" + "ff", Convert.ToHexStringLower(check.Memory.ToBytes()));
    }

    [Fact]
    public void ThreeWrongCodes_EndTheRequestForTheRightOneToo()
    {
        var request = Read(link.Request.Span);
        using var wrong = LinkCode.Create();
        var memory = LinkMemory.Empty;
        foreach (var left in new[] { "tries left: 2", "tries left: 1", "show a new one" })
            memory = Refused("LNK-015", left, Check(request, wrong, link.Digits, memory));

        Refused("LNK-013", "tried wrongly", Check(request, code, link.Digits, memory));
        Refused("LNK-013", "tried wrongly", Check(request, code, link.Digits, Restart(memory)));
        Assert.IsType<LinkCheck.Approved>(Check(request, code, link.Digits, Refused("LNK-015", "", Check(request, wrong, link.Digits))));
    }

    [Fact]
    public void WrongDigits_AreRefusedAndCountAsTries()
    {
        var request = Read(link.Request.Span);
        var memory = LinkMemory.Empty;
        for (var i = 0; i < 3; i++)
            memory = Refused("LNK-016", "another device is asking", Check(request, code, EntryDigits.Of("another entry"u8), memory));

        Refused("LNK-013", "", Check(request, code, link.Digits, memory));
        Assert.IsType<LinkCheck.Approved>(Check(request, code, link.Digits));
    }

    [Fact]
    public void ACode_IsUsedOnce()
    {
        var request = Read(link.Request.Span);
        var memory = Assert.IsType<LinkCheck.Approved>(Check(request, code, link.Digits)).Memory;

        Refused("LNK-013", "used", Check(request, code, link.Digits, memory));
        Refused("LNK-013", "used", Check(request, code, link.Digits, Restart(memory)));

        var answer = Answer();
        Assert.IsType<LinkReply.Added>(link.Accept(answer));
        Refused("LNK-013", link.Accept(answer));
        Assert.Throws<ObjectDisposedException>(() => link.Code.Reveal());
    }

    [Fact]
    public void ACode_RunsOutAfterTenMinutesAtBothEnds()
    {
        var request = Read(link.Request.Span);
        var answer = Answer();

        clock.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromMilliseconds(1));
        Assert.True(link.IsOpen);
        Assert.IsType<LinkCheck.Approved>(Check(request, code, link.Digits));

        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(link.IsOpen);
        Refused("LNK-010", "run out", Check(request, code, link.Digits));
        Refused("LNK-010", link.Accept(answer));
        Refused("LNK-013", link.Accept(answer));
    }

    [Fact]
    public void AClockSetBack_BringsNoUsedCodeToLife()
    {
        var request = Read(link.Request.Span);
        var memory = Assert.IsType<LinkCheck.Approved>(Check(request, code, link.Digits)).Memory;

        clock.Advance(TimeSpan.FromMinutes(19));
        memory = Refused("LNK-010", "", Check(request, code, link.Digits, memory));
        clock.Advance(TimeSpan.FromMinutes(-12));
        Refused("LNK-013", "", Check(request, code, link.Digits, memory));
    }

    [Fact]
    public void ARequest_ForLongerThanTenMinutesOrForAnother_IsRefused()
    {
        clock.Advance(-TimeSpan.FromMinutes(3));
        Refused("LNK-011", "ten minutes", Check(Read(link.Request.Span), code, link.Digits));
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.IsType<LinkCheck.Approved>(Check(Read(link.Request.Span), code, link.Digits));

        var bob = UserUri.Parse("mimi://a.test/u/bob");
        Refused("LNK-012", "another user", OldDeviceLink.Check(Read(link.Request.Span), bob, code, link.Digits, LinkMemory.Empty, clock.GetUtcNow()));
    }

    [Fact]
    public void Memory_WhenFull_RefusesNewRequestsUntilOldOnesRanOut()
    {
        using var wrong = LinkCode.Create();
        var memory = LinkMemory.Empty;
        for (var i = 0; i < LinkMemory.Capacity; i++)
        {
            using var other = NewDeviceLink.Start(Alice, Entry, clock);
            memory = Refused("LNK-015", "", Check(Read(other.Request.Span), wrong, other.Digits, memory));
        }

        using var late = NewDeviceLink.Start(Alice, Entry, clock);
        Assert.Equal(LinkMemory.Capacity, Refused("LNK-014", "64", Check(Read(late.Request.Span), late.Code, late.Digits, memory)).Count);
        Assert.Equal(memory.ToBytes(), Restart(memory).ToBytes());

        clock.Advance(TimeSpan.FromMinutes(21));
        using var later = NewDeviceLink.Start(Alice, Entry, clock);
        Assert.Equal(1, Assert.IsType<LinkCheck.Approved>(Check(Read(later.Request.Span), later.Code, later.Digits, memory)).Memory.Count);
    }

    [Fact]
    public void Mallory_WithoutTheCode_CannotSwapAnything() => FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(
        Gen.Choose(0, link.Request.Length - 1).SelectMany(at => Gen.Choose(1, 255).Select(change => (at, change))).ToArbitrary(),
        damage =>
        {
            var changed = link.Request.ToArray();
            changed[damage.at] ^= (byte)damage.change;

            // With the digits that the person sees, and with those that would fit the swapped entry.
            return !LinkRequest.TryRead(changed, out var request, out var error)
                ? error.RuleId.Length > 0
                : Check(request, code, link.Digits) is LinkCheck.Refused && Check(request, code, EntryDigits.Of(request.Entry.Span)) is LinkCheck.Refused;
        }));

    [Fact]
    public void Mallory_WithAnEntryAndACodeOfTheirOwn_IsStoppedByTheCode()
    {
        using var theirs = NewDeviceLink.Start(Alice, "an entry of Mallory's"u8, clock);
        var request = Read(theirs.Request.Span);

        Refused("LNK-015", "", Check(request, code, link.Digits));
        Refused("LNK-015", "", Check(request, code, theirs.Digits));

        // Who talks Alice into typing a code of Mallory's fails at the digits that Alice sees on her own device.
        Refused("LNK-016", "stop", Check(request, theirs.Code, link.Digits));
    }

    [Fact]
    public void Mallory_WithoutTheCode_CannotAnswer()
    {
        var answer = Answer();
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(
            Gen.Choose(0, answer.Length - 1).SelectMany(at => Gen.Choose(1, 255).Select(change => (at, change))).ToArbitrary(),
            damage =>
            {
                using var fresh = Again();
                var changed = answer.ToArray();
                changed[damage.at] ^= (byte)damage.change;
                return fresh.Accept(changed) is LinkReply.Refused && fresh.Accept(answer) is LinkReply.Added;
            }));

        for (var i = 0; i < 50; i++)
        {
            using var guess = LinkCode.Create();
            using var fresh = Again();
            Refused("LNK-015", fresh.Accept(LinkAnswer.Write(guess, Read(link.Request.Span).Hash.Span, Lists)!));
        }
    }

    [Fact]
    public void ThreeAnswersUnderOtherCodes_EndTheLink()
    {
        var answer = Answer();
        using var guess = LinkCode.Create();
        var forged = LinkAnswer.Write(guess, Read(link.Request.Span).Hash.Span, Lists)!;

        Refused("LNK-015", link.Accept(forged));
        Refused("LNK-015", link.Accept(forged));
        Assert.True(link.IsOpen);
        Refused("LNK-015", link.Accept(forged));
        Refused("LNK-013", link.Accept(answer));
        Assert.False(link.IsOpen);
    }

    [Fact]
    public void Mallory_WhoRepeats_ReachesNothing()
    {
        var answer = Answer();

        // An answer to an earlier request, even under the same code, and one message as the other.
        using var sameCode = NewDeviceLink.Start(Alice, Entry, clock, LinkCode.FromBytes(code.Span), RandomNumberGenerator.GetBytes(32));
        Refused("LNK-017", sameCode.Accept(answer));
        Refused("LNK-006", sameCode.Accept(sameCode.Request.Span));
        Assert.False(LinkRequest.TryRead(answer, out _, out var error));
        Assert.Equal("LNK-006", error.RuleId);

        // With the direction turned the tag is not one of that direction.
        var turned = answer.ToArray();
        turned[2] = LinkRequest.Direction;
        Assert.True(!LinkRequest.TryRead(turned, out var request, out _) || Check(request, code, link.Digits) is LinkCheck.Refused);
        var body = answer.AsSpan(0, answer.Length - 32);
        Assert.NotEqual(code.Authenticate("interconnect device link 1 request"u8, body), answer[^32..]);
        Assert.Equal(code.Authenticate("interconnect device link 1 answer"u8, body), answer[^32..]);
        Assert.IsType<LinkReply.Added>(link.Accept(answer));
    }

    [Theory]
    [InlineData("LNK-004", 3, new byte[0])]
    [InlineData("LNK-005", 0, new byte[] { 0, 2, 1 })]
    [InlineData("LNK-006", 2, new byte[] { 0, 1, 2 })]
    [InlineData("LNK-007", 3, new byte[] { 0, 1, 1, 0, 0 })]
    [InlineData("LNK-007", 3, new byte[] { 0, 1, 1, 2, 1 })]
    [InlineData("LNK-009", 3, new byte[] { 0, 1, 1, 0, 1, 65 })]
    public void Requests_Wrong_AreRefusedWithThePlace(string ruleId, int offset, byte[] start)
    {
        Assert.False(LinkRequest.TryRead(start.Length == 0 ? link.Request.Span[..3] : start, out _, out var error));
        Assert.Equal((ruleId, offset), (error.RuleId, error.Offset));
    }

    [Fact]
    public void Messages_WithBytesBehindOrCutOff_AreRefusedWithThePlace()
    {
        var answer = Answer();

        Assert.False(LinkRequest.TryRead([.. link.Request.Span, 0], out _, out var behind));
        Assert.Equal(("LNK-008", link.Request.Length), (behind.RuleId, behind.Offset));
        for (var length = 0; length < link.Request.Length; length++)
        {
            Assert.False(LinkRequest.TryRead(link.Request.Span[..length], out _, out var cut));
            Assert.Equal("LNK-004", cut.RuleId);
        }

        for (var length = 0; length < answer.Length; length++)
            Refused("LNK-004", link.Accept(answer.AsSpan(0, length)));

        byte[] late = [.. link.Request.Span];
        late.AsSpan(late.Length - 40, 8).Fill(255);
        Assert.False(LinkRequest.TryRead(late, out _, out var time));
        Assert.Equal(("LNK-009", late.Length - 40), (time.RuleId, time.Offset));

        Refused("LNK-008", link.Accept([.. answer, 0]));
        Refused("LNK-007", link.Accept([.. answer[..35], 0, 0, .. answer[37..]]));
        Refused("LNK-007", link.Accept([.. answer[..35], 0, 201, .. answer[37..]]));
        Refused("LNK-007", link.Accept([.. answer[..37], 0, 1, 0, 1, .. answer[41..]]));
        Refused("LNK-007", link.Accept(new byte[LinkAnswer.MaxBytes + 1]));
    }

    [Fact]
    public void Answers_HoldOneListToTheirBounds()
    {
        using var approved = Approve();
        ReadOnlyMemory<byte> full = new byte[LinkAnswer.MaxListBytes];

        Assert.All(new[] { [], Repeat(new byte[1], 201), [ReadOnlyMemory<byte>.Empty], [new byte[LinkAnswer.MaxListBytes + 1]], Repeat(full, 15) }, lists =>
        {
            Assert.False(approved.TryAnswer(lists, out _, out var error));
            Assert.Equal("LNK-018", error.RuleId);
        });
        Assert.All(new[] { Repeat(new byte[1], 200), Repeat(full, 14) }, lists =>
        {
            using var fresh = Again();
            Assert.True(approved.TryAnswer(lists, out var answer, out _));
            Assert.Equal(lists.Count, Assert.IsType<LinkReply.Added>(fresh.Accept(answer)).Lists.Count);
        });
        Assert.Throws<ArgumentException>(() => NewDeviceLink.Start(Alice, [], clock));
        Assert.Throws<ArgumentException>(() => NewDeviceLink.Start(Alice, new byte[LinkRequest.MaxEntryBytes + 1], clock));
        using var largest = NewDeviceLink.Start(Alice, new byte[LinkRequest.MaxEntryBytes], clock);
        Assert.True(LinkRequest.TryRead(largest.Request.Span, out _, out _));

        static IReadOnlyList<ReadOnlyMemory<byte>> Repeat(ReadOnlyMemory<byte> list, int count) => [.. Enumerable.Repeat(list, count)];
    }

    [Fact]
    public void Memory_Damaged_IsRefusedOrOfOneForm()
    {
        using var wrong = LinkCode.Create();
        var memory = Refused("LNK-015", "", Check(Read(link.Request.Span), wrong, link.Digits));
        using var other = NewDeviceLink.Start(Alice, Entry, clock);
        memory = Check(Read(other.Request.Span), other.Code, other.Digits, memory).Memory;
        var bytes = memory.ToBytes();
        var random = new Random(3);

        Assert.True(LinkMemory.TryRead(LinkMemory.Empty.ToBytes(), out _, out _));
        for (var i = 0; i < 5_000; i++)
        {
            var changed = bytes.ToArray();
            changed[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (LinkMemory.TryRead(changed, out var read, out var error))
                Assert.Equal(changed, read.ToBytes());
            else
                Assert.NotNull(error.Offset);
        }

        // Out of order, too many, a wrong number of tries.
        Assert.False(LinkMemory.TryRead([.. bytes[..4], .. bytes[45..], .. bytes[4..45]], out _, out var order));
        Assert.False(LinkMemory.TryRead([.. bytes[..3], 65, .. bytes[4..]], out _, out var many));
        Assert.False(LinkMemory.TryRead([.. bytes[..^1], 4], out _, out var tries));
        Assert.Equal(("LNK-009", "LNK-007", "LNK-009"), (order.RuleId, many.RuleId, tries.RuleId));
    }

    [Fact]
    public void Nothing_IsPrinted()
    {
        using var approved = Approve();

        Assert.Equal("NewDeviceLink(redacted)", link.ToString());
        Assert.Equal("ApprovedLink(redacted)", approved.ToString());
    }

    private static LinkRequest Read(ReadOnlySpan<byte> bytes)
    {
        Assert.True(LinkRequest.TryRead(bytes, out var request, out var error), error?.ToString());
        return request;
    }

    private static LinkMemory Restart(LinkMemory memory)
    {
        Assert.True(LinkMemory.TryRead(memory.ToBytes(), out var read, out var error), error?.ToString());
        return read;
    }

    private static LinkMemory Refused(string ruleId, string says, LinkCheck check)
    {
        var refused = Assert.IsType<LinkCheck.Refused>(check);
        Assert.Equal(ruleId, refused.Error.RuleId);
        Assert.Contains(says, refused.Error.Reason, StringComparison.Ordinal);
        return refused.Memory;
    }

    private static void Refused(string ruleId, LinkReply reply) => Assert.Equal(ruleId, Assert.IsType<LinkReply.Refused>(reply).Error.RuleId);

    private LinkCheck Check(LinkRequest request, LinkCode typed, EntryDigits digits, LinkMemory? memory = null) =>
        OldDeviceLink.Check(request, Alice, typed, digits, memory ?? LinkMemory.Empty, clock.GetUtcNow());

    private ApprovedLink Approve() => Assert.IsType<LinkCheck.Approved>(Check(Read(link.Request.Span), code, link.Digits)).Link;

    private byte[] Answer()
    {
        using var approved = Approve();
        Assert.True(approved.TryAnswer(Lists, out var answer, out _));
        return answer;
    }

    /// <summary>The same link, as if nothing had been answered yet.</summary>
    private NewDeviceLink Again()
    {
        var nonce = link.Request.Span.Slice(link.Request.Length - 72, 32);
        return NewDeviceLink.Start(Alice, Entry, clock, LinkCode.FromBytes(code.Span), nonce);
    }
}
