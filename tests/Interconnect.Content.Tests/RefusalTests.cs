namespace Interconnect.Content.Tests;

public sealed class RefusalTests
{
    /// <summary>Rules that need to know more than the bytes; their tests are in <see cref="OriginAndExpiryTests"/>.</summary>
    private static readonly ContentReason[] OutsideTheBytes = [ContentReason.SenderMismatch, ContentReason.RoomMismatch];

    public static TheoryData<string> Names => [.. RefusalCases.All.Select(refusal => refusal.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void TryDecode_BrokenRule_IsRefusedAndItsNeighbourAccepted(string name)
    {
        var refusal = RefusalCases.All.Single(candidate => candidate.Name == name);

        Assert.False(MimiContent.TryDecode(refusal.Refused, out var refused, out var error));
        Assert.Null(refused);
        Assert.Equal(new ContentError(refusal.Reason, refusal.Offset, refusal.Field), error);

        Assert.True(MimiContent.TryDecode(refusal.Accepted, out var accepted, out var none), none?.ToString());
        Assert.Null(none);
        Assert.Equal(refusal.Accepted, accepted.Encode());
    }

    [Fact]
    public void Rules_All_HaveARefusingAndAnAcceptingCase()
    {
        var covered = RefusalCases.All.Select(refusal => refusal.Reason).Concat(OutsideTheBytes).Distinct().Order();

        Assert.Equal(Enum.GetValues<ContentReason>().Order(), covered);
    }

    [Fact]
    public void TryDecode_EveryPrefixOfAMessage_IsTruncatedAndTheWholeIsNot()
    {
        var whole = Wire.Message(replaces: Wire.Id, expires: "82 f4 1a 62036674", extensions: "a1 03 82 01 61 61", body: Wire.External());

        for (var length = 0; length < whole.Length; length++)
        {
            Assert.False(MimiContent.TryDecode(whole.AsMemory(0, length), out _, out var error));
            Assert.True(error.Reason is ContentReason.Truncated or ContentReason.CountBeyondInput, $"{length}: {error}");
        }

        Assert.True(MimiContent.TryDecode(whole, out _, out _));
    }

    [Fact]
    public void TryDecode_TighterLimits_AreObeyed()
    {
        var encoded = Wire.Message(topicId: "42 0000");

        Assert.False(MimiContent.TryDecode(encoded, new ContentLimits { MaxTopicIdBytes = 1 }, out _, out var topic));
        Assert.Equal("CNT-024", topic.RuleId);
        Assert.False(MimiContent.TryDecode(encoded, new ContentLimits { MaxBytes = encoded.Length - 1 }, out _, out var size));
        Assert.Equal("CNT-001", size.RuleId);
        Assert.True(MimiContent.TryDecode(encoded, new ContentLimits { MaxTopicIdBytes = 2, MaxBytes = encoded.Length }, out _, out _));
    }

    [Fact]
    public void TryDecode_ClaimOfFourBillionItems_AllocatesLittle()
    {
        var claim = Wire.Message(body: "85 01 60 03 00 9b 0000000100000000");
        Assert.False(MimiContent.TryDecode(claim, out _, out _));

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.False(MimiContent.TryDecode(claim, out _, out _));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096);
    }

    [Fact]
    public void TryDecode_UnknownDisposition_IsKeptAndMeansRender()
    {
        Assert.True(MimiContent.TryDecode(Wire.Message(body: "83 18 c8 60 00"), out var unknown, out _));
        Assert.Equal(200, unknown.NestedPart.Disposition.Value);
        Assert.Equal(DispositionKind.Render, unknown.NestedPart.Disposition.Kind);
        Assert.Equal(200, unknown.Encode()[24 + 1]);

        Assert.True(MimiContent.TryDecode(Wire.Message(body: "83 06 60 00"), out var known, out _));
        Assert.Equal(DispositionKind.Attachment, known.NestedPart.Disposition.Kind);
    }

    [Fact]
    public void TryDecode_DraftsExampleOfExtensionDepth_IsAccepted()
    {
        // Section 6.3: an array in an array holding a tagged URI, which is at level 4.
        const string value = "82 82 42 1234 d8 20 72 687474703a2f2f6578616d706c652e636f6d 82 42 3456 19 168b";

        Assert.False(MimiContent.TryDecode(Wire.Message(extensions: $"a1 19 0100 81 {value}"), out _, out var deeper));
        Assert.Equal(ContentReason.ExtensionTooDeep, deeper.Reason);
        Assert.True(MimiContent.TryDecode(Wire.Message(extensions: $"a1 19 0100 {value}"), out var content, out _));
        Assert.True(content.Extensions.TryGet(ExtensionKey.Of(256), out var kept));
        Assert.Equal(Wire.Hex(value), kept.Span.ToArray());
    }
}
