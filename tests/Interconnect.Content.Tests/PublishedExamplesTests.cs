using System.Text.RegularExpressions;
using Interconnect.Testing;

namespace Interconnect.Content.Tests;

/// <summary>The examples of draft-ietf-mimi-content and draft-mahy-mimi-message-status, from ../shared/vectors.</summary>
public sealed partial class PublishedExamplesTests
{
    private const string Examples = "vectors/mimi-content", Status = "vectors/mimi-message-status";

    private static string Folder => SharedFiles.PathOf(Examples);

    public static TheoryData<string> Messages =>
    [
        "conferencing", "delete", "edit", "expiring", "mention", "multipart-1", "multipart-2", "original", "reaction", "reply", "unlike",
    ];

    [SharedFact(Examples)]
    public void Folder_HoldsNoExampleThatIsNotTested()
    {
        var files = Directory.EnumerateFiles(Folder, "*.cbor").Select(Path.GetFileNameWithoutExtension).Order();

        Assert.Equal(Messages.Cast<object[]>().Select(row => (string?)row[0]).Append("implied-original").Order(), files);
    }

    [SharedTheory(Examples)]
    [MemberData(nameof(Messages))]
    public void Message_DecodedAndEncoded_IsTheSameBytesWithThePublishedId(string name)
    {
        var encoded = File.ReadAllBytes(Path.Combine(Folder, name + ".cbor"));

        Assert.True(MimiContent.TryDecode(encoded, out var content, out var error), error?.ToString());
        Assert.Equal(encoded, content.Encode());
        var id = MessageId.Compute(content.Extensions.SenderUri!, content.Extensions.RoomUri!, encoded);
        Assert.Equal(PublishedId(name), id.ToString());
    }

    [SharedTheory(Examples)]
    [MemberData(nameof(Messages))]
    public void Message_WithAnySingleByteMissing_IsRefusedOrDiffers(string name)
    {
        var encoded = File.ReadAllBytes(Path.Combine(Folder, name + ".cbor"));
        Assert.True(MimiContent.TryDecode(encoded, out var original, out _));

        for (var i = 0; i < encoded.Length; i++)
        {
            byte[] shorter = [.. encoded[..i], .. encoded[(i + 1)..]];
            Assert.False(MimiContent.TryDecode(shorter, out var content, out _) && content == original, $"byte {i}");
        }
    }

    [SharedFact(Examples)]
    public void Original_Decoded_HasItsFields()
    {
        var content = Decode("original");

        Assert.Null(content.Replaces);
        Assert.Null(content.InReplyTo);
        Assert.Null(content.Expires);
        Assert.Equal(0, content.TopicId.Length);
        Assert.Equal("mimi://example.com/u/alice-smith", content.Extensions.SenderUri);
        Assert.Equal("mimi://example.com/r/engineering_team", content.Extensions.RoomUri);
        var body = Assert.IsType<SinglePart>(content.NestedPart);
        Assert.Equal(ContentMediaTypes.Markdown, body.ContentType);
        Assert.True(body.TryGetText(out var text));
        Assert.Equal("Hi everyone, we just shipped release 2.0. __Good  work__!", text);
    }

    [SharedTheory(Examples)]
    [InlineData("original", ContentIntent.Message)]
    [InlineData("reply", ContentIntent.Reply)]
    [InlineData("mention", ContentIntent.Reply)]
    [InlineData("reaction", ContentIntent.Reaction)]
    [InlineData("unlike", ContentIntent.WithdrawReaction)]
    [InlineData("edit", ContentIntent.Edit)]
    [InlineData("delete", ContentIntent.Delete)]
    [InlineData("conferencing", ContentIntent.Message)]
    public void Intent_OfAnExample_IsItsTitle(string name, ContentIntent intent) => Assert.Equal(intent, Decode(name).Intent);

    [SharedFact(Examples)]
    public void References_BetweenExamples_AreTheIdsOfTheExamples()
    {
        Assert.Equal(PublishedId("original"), Decode("reply").InReplyTo.ToString());
        Assert.Equal(PublishedId("reply"), Decode("edit").Replaces.ToString());
        Assert.Equal(PublishedId("reaction"), Decode("unlike").Replaces.ToString());
    }

    [SharedFact(Examples)]
    public void Expiring_Decoded_HasAnAbsoluteTime()
    {
        var content = Decode("expiring");

        Assert.Equal(new Expiration(false, 1644390004), content.Expires);
        Assert.Null(content.CheckExpiry(DateTimeOffset.FromUnixTimeMilliseconds(1644389403227)));
    }

    [SharedFact(Examples)]
    public void Conferencing_Decoded_IsAnExternalPartWithoutEncryption()
    {
        var content = Decode("conferencing");

        Assert.Equal("Foo 118"u8.ToArray(), content.TopicId.Span.ToArray());
        var part = Assert.IsType<ExternalPart>(content.NestedPart);
        Assert.Equal(Disposition.Session, part.Disposition);
        Assert.Equal("https://example.com/join/12345", part.Url);
        Assert.Equal("Join the Foo 118 conference", part.Description);
        Assert.Equal(0, part.EncryptionAlgorithm);
    }

    [SharedFact(Examples)]
    public void Multipart_Decoded_HasItsPartsInOrder()
    {
        var choice = Assert.IsType<MultiPart>(Decode("multipart-1").NestedPart);
        Assert.Equal(PartSemantics.ChooseOne, choice.Semantics);
        Assert.Equal("application/vnd.examplevendor-fancy-im-message", Assert.IsType<SinglePart>(choice.SelfAndNested().ElementAt(2)).ContentType);

        var hearts = Assert.IsType<MultiPart>(Decode("multipart-2").NestedPart);
        Assert.Equal(PartSemantics.ProcessAll, hearts.Semantics);
        Assert.Equal(["❤", "🥳", "🤞"], hearts.Parts.Select(part => ((SinglePart)part).TryGetText(out var text) ? text : null));
    }

    [SharedFact(Examples)]
    public void DerivedValues_AreNotAMessage()
    {
        Assert.False(MimiContent.TryDecode(File.ReadAllBytes(Path.Combine(Folder, "implied-original.cbor")), out _, out var error));
        Assert.Equal(ContentReason.SaltSize, error.Reason);
        Assert.True(MimiContent.TryDecode(File.ReadAllBytes(Path.Combine(Folder, "original.cbor")), out _, out _));
    }

    [SharedFact(Status, Examples)]
    public void StatusReport_DecodedAndEncoded_IsTheSameBytes()
    {
        var encoded = File.ReadAllBytes(SharedFiles.PathOf(Status, "status.cbor"));

        Assert.True(MessageStatusReport.TryDecode(encoded, out var report, out var error), error?.ToString());
        Assert.Equal(encoded, report.Encode());
        Assert.Equal(
            [MessageStatusKind.Read, MessageStatusKind.Read, MessageStatusKind.Unread, MessageStatusKind.Expired],
            report.Statuses.Select(status => status.Kind));
        Assert.Equal(
            new[] { "original", "reply", "mention", "expiring" }.Select(PublishedId),
            report.Statuses.Select(status => status.MessageId.ToString()));
    }

    private static MimiContent Decode(string name) =>
        MimiContent.TryDecode(File.ReadAllBytes(Path.Combine(Folder, name + ".cbor")), out var content, out var error)
            ? content
            : throw new InvalidOperationException(error.ToString());

    /// <summary>The id in the header comment of the .edn file, two lines of hexadecimal.</summary>
    private static string PublishedId(string name)
    {
        var match = PublishedIdPattern().Match(File.ReadAllText(Path.Combine(Folder, name + ".edn")));
        return match.Groups[1].Value + match.Groups[2].Value;
    }

    [GeneratedRegex(@"message ID = h'([0-9a-f]{32})\s*#\s*([0-9a-f]{32})'")]
    private static partial Regex PublishedIdPattern();
}
