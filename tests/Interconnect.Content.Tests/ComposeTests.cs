namespace Interconnect.Content.Tests;

public sealed class ComposeTests
{
    private static readonly ContentOrigin Alice = new("mimi://a.example/u/alice", "mimi://hub.example/r/club");
    private static readonly MessageId Other = MessageId.FromBytes(Convert.FromHexString("01" + new string('7', 62)));

    [Fact]
    public void Text_Twice_HasDifferentSaltsAndIds()
    {
        var first = Compose.Text(Alice, "hello");
        var second = Compose.Text(Alice, "hello");

        Assert.NotEqual(first.Salt, second.Salt);
        Assert.NotEqual(IdOf(first), IdOf(second));
        Assert.Equal(first, first with { });
        Assert.Equal("hello", TextOf(first));
        Assert.Equal(ContentIntent.Message, first.Intent);
    }

    [Fact]
    public void Reply_And_Reaction_NameTheirMessage()
    {
        var reply = Compose.Reply(Alice, Other, "yes", ContentMediaTypes.Markdown);
        var reaction = Compose.Reaction(Alice, Other, "❤");

        Assert.Equal((Other, ContentIntent.Reply), (reply.InReplyTo, reply.Intent));
        Assert.Equal(ContentMediaTypes.Markdown, Assert.IsType<SinglePart>(reply.NestedPart).ContentType);
        Assert.Equal((Other, ContentIntent.Reaction), (reaction.InReplyTo, reaction.Intent));
    }

    [Fact]
    public void WithdrawReaction_ReplacesTheReaction()
    {
        var reaction = IdOf(Compose.Reaction(Alice, Other, "❤"));
        var withdrawn = Compose.WithdrawReaction(Alice, reaction, Other);

        Assert.Equal((reaction, Other, ContentIntent.WithdrawReaction), (withdrawn.Replaces, withdrawn.InReplyTo, withdrawn.Intent));
    }

    [Fact]
    public void EditAndDelete_KeepTopicReplyAndExpiryOfTheOriginal()
    {
        var original = Compose.Reply(Alice, Other, "helo") with
        {
            TopicId = Octets.Copy("pizza"u8),
            Expires = Expiration.AfterReading(TimeSpan.FromMinutes(5)),
        };
        var edited = Compose.Edit(Alice, IdOf(original), original, "hello");
        var deleted = Compose.Delete(Alice, IdOf(original), original);

        Assert.All([edited, deleted], content =>
        {
            Assert.Equal(IdOf(original), content.Replaces);
            Assert.Equal(original.TopicId, content.TopicId);
            Assert.Equal(original.Expires, content.Expires);
            Assert.Equal(Other, content.InReplyTo);
        });
        Assert.Equal((ContentIntent.Edit, ContentIntent.Delete), (edited.Intent, deleted.Intent));
        Assert.Equal("hello", TextOf(edited));
        Assert.IsType<NullPart>(deleted.NestedPart);
    }

    [Fact]
    public void Text_WithHalfASurrogatePair_IsEncodedWithTheReplacementCharacter() =>
        Assert.Equal("a\ufffdb", TextOf(Compose.Text(Alice, "a\ud800b")));

    [Fact]
    public void Encode_MessageThatBreaksARule_IsOurDefectAndSaysNothingOfTheContent()
    {
        var valid = Compose.Text(Alice, "secret");
        (MimiContent Content, string Rule)[] broken =
        [
            (valid with { TopicId = Octets.Copy(new byte[4097]) }, "CNT-024"),
            (valid with { Replaces = default(MessageId) }, "CNT-023"),
            (valid with { NestedPart = new MultiPart(Disposition.Render, "", PartSemantics.ChooseOne, [valid.NestedPart]) }, "CNT-029"),
            (valid with { NestedPart = new NullPart(Disposition.Render, "\ud800") }, "CNT-007"),
            (valid with { Extensions = ContentExtensions.Empty.With(ExtensionKey.Of(7), [0x18, 0x01]) }, "CNT-005"),
            (valid with { Extensions = ContentExtensions.Empty.With(ExtensionKey.Of(7), [0x82, 0x01]) }, "CNT-007"),
            (valid with { Extensions = ContentExtensions.Empty.With(ExtensionKey.Of(7), []) }, "CNT-007"),
            (valid with { Extensions = ContentExtensions.Empty.With(ExtensionKey.Of(7), [0x01, 0x08, 0x01]) }, "CNT-007"),
        ];

        Assert.All(broken, pair =>
        {
            var exception = Assert.Throws<ContentException>(pair.Content.Encode);
            Assert.Equal(pair.Rule, exception.Error.RuleId);
            Assert.DoesNotContain("secret", exception.ToString(), StringComparison.Ordinal);
        });
        Assert.True(MimiContent.TryDecode(valid.Encode(), out _, out _));
    }

    [Fact]
    public void Match_EveryKind_CallsItsFunction()
    {
        Part[] parts =
        [
            new NullPart(Disposition.Render),
            new SinglePart(Disposition.Render, "", "", Octets.Empty),
            new ExternalPart(Disposition.Render, "", "", "", 0, 0, 0, Octets.Empty, Octets.Empty, Octets.Empty, 0, Octets.Empty, "", ""),
            new MultiPart(Disposition.Render, "", PartSemantics.ChooseOne, []),
        ];

        Assert.Equal([0, 1, 2, 3], parts.Select(part => part.Match(_ => 0, _ => 1, _ => 2, _ => 3)));
    }

    [Fact]
    public void TryGetText_NotTextOrNotUtf8_IsFalse()
    {
        var text = new SinglePart(Disposition.Render, "", "TEXT/plain", Octets.Copy("hi"u8));

        Assert.False((text with { ContentType = "image/png" }).TryGetText(out _));
        Assert.False((text with { Content = Octets.Copy([0xff]) }).TryGetText(out _));
        Assert.True(text.TryGetText(out var read));
        Assert.Equal("hi", read);
    }

    private static MessageId IdOf(MimiContent content) => MessageId.Compute(Alice.SenderUri, Alice.RoomUri, content.Encode());

    private static string? TextOf(MimiContent content) => content.NestedPart is SinglePart part && part.TryGetText(out var text) ? text : null;
}
