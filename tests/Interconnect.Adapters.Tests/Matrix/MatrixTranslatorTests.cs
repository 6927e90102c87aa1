using System.Buffers;
using System.Text;
using System.Text.Json;
using Interconnect.Adapters.Matrix;
using Interconnect.Federation;
using Interconnect.Testing;
using Interconnect.Testing.Conformance;

namespace Interconnect.Adapters.Tests.Matrix;

/// <summary>Bytes to meaning and back.</summary>
public sealed class MatrixTranslatorTests
{
    private const string Common = "\"room_id\":\"!r:hs.test\",\"event_id\":\"$e1\",\"sender\":\"@bob:hs.test\"";
    private static readonly UserUri Bob = UserUri.Parse("mimi://hs.test/u/bob");
    private static readonly UserUri Alice = UserUri.Parse("mimi://a.test/u/alice");
    private static readonly MatrixOptions Options = new() { Homeserver = "http://127.0.0.1:1", Provider = "hs.test", AsToken = "a", HsToken = "h" };
    private static readonly MatrixIdentifiers Identifiers = new(ProviderDomain.Parse("hs.test"), "gwbot", "gw_");

    public static TheoryData<string> Ignored =>
    [
        "1", "null", "[]", "{}",
        "{\"type\":\"m.room.message\",\"event_id\":\"$e1\",\"sender\":\"@bob:hs.test\",\"content\":{\"body\":\"x\"}}",
        $"{{\"type\":\"m.room.message\",{Common}}}",
        $"{{\"type\":\"m.room.message\",{Common},\"content\":3}}",
        $"{{\"type\":\"m.room.message\",{Common},\"content\":{{\"msgtype\":\"m.notice\",\"body\":\"x\"}}}}",
        $"{{\"type\":\"m.room.message\",{Common},\"state_key\":\"\",\"content\":{{\"body\":\"x\"}}}}",
        $"{{\"type\":\"m.reaction\",{Common},\"content\":{{}}}}",
        "{\"type\":\"m.room.message\",\"room_id\":\"!r:hs.test\",\"event_id\":\"$e1\",\"sender\":\"@gw_alice=40a.test:hs.test\",\"content\":{\"body\":\"x\"}}",
        "{\"type\":\"m.room.message\",\"room_id\":\"!r:hs.test\",\"event_id\":\"$e1\",\"sender\":\"@gwbot:hs.test\",\"content\":{\"body\":\"x\"}}",
        "{\"type\":\"m.room.message\",\"room_id\":\"!r:hs.test\",\"event_id\":\"$e1\",\"sender\":\"@mallory:evil.test\",\"content\":{\"body\":\"x\"}}",
        "{\"type\":\"m.room.message\",\"room_id\":\"!r\\n:hs.test\",\"event_id\":\"$e1\",\"sender\":\"@bob:hs.test\",\"content\":{\"body\":\"x\"}}",
        "{\"type\":\"m.room.message\",\"room_id\":\"!r:hs.test\",\"event_id\":\"\\ud800\",\"sender\":\"@bob:hs.test\",\"content\":{\"body\":\"x\"}}",
    ];

    /// <summary>Content; the rule of the Unreadable.</summary>
    public static TheoryData<string, string> BadFrames => new()
    {
        { "{\"org.interconnect.frame\":\"***\"}", "MTX-013" },
        { "{\"org.interconnect.frame\":\"\"}", "MTX-013" },
        { "{\"org.interconnect.frame\":7}", "MTX-013" },
        { "{\"org.interconnect.frame\":\"AB==\"}", "MTX-013" },
        { "{\"org.interconnect.frame\":\"/////w==\"}", "FED-001" },
        { "{\"org.interconnect.frame\":\"CAI=\"}", "FED-003" },
        { "{\"org.interconnect.frame\":\"AAAA\",\"org.interconnect.chunk\":\"x\"}", "MTX-014" },
        { "{\"org.interconnect.chunk\":\"IC2.x\"}", "FED-020" },
        { "{\"org.interconnect.chunk\":{}}", "FED-020" },
    };

    [Theory]
    [MemberData(nameof(Ignored))]
    public void TranslateIn_OfNoUse_IsIgnoredAndTheRestIsRead(string entry)
    {
        var entries = Read($"{{\"events\":[{entry},{{\"type\":\"m.sticker\",{Common},\"content\":{{}}}}]}}");

        Assert.IsType<MatrixInbound.Uncovered>(Assert.Single(entries!, e => e is not MatrixInbound.Ignored));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"events\":[]} x")]
    [InlineData("\"x\"")]
    public void TranslateIn_NoTransaction_IsNull(string body)
    {
        Assert.Null(Read(body));
        Assert.Empty(Read("{}")!);
        Assert.Empty(Read("{\"events\":3,\"ephemeral\":{}}")!);
        Assert.Null(Read("{\"\\ud800\":1"));
    }

    [Fact]
    public void TranslateIn_EventAsDeepAsAnEventCanBe_DoesNotHideTheOthers()
    {
        var deep = new string('[', 32_000) + new string(']', 32_000);

        var entries = Read($"{{\"events\":[{{\"type\":\"m.reaction\",{Common},\"content\":{{\"x\":{deep}}}}},{{\"type\":\"m.sticker\",{Common},\"content\":{{}}}}]}}");

        Assert.IsType<MatrixInbound.Uncovered>(Assert.Single(entries!, e => e is not MatrixInbound.Ignored));
    }

    [Theory]
    [MemberData(nameof(BadFrames))]
    public void TranslateIn_BadFrame_IsUnreadableUnderItsRule(string content, string rule)
    {
        var submit = Assert.IsType<MatrixInbound.Submit>(Assert.Single(Read(Message(content))!));

        Assert.Equal(rule, Assert.IsType<Unreadable>(submit.Event.Event).RuleId);
        Assert.Equal((Bob, InnerEncryption.None), (submit.Event.Sender, submit.Event.Labels.Inner));
        Assert.True(EventAddress.TryRead(submit.Event.NativeReference!, out var reference));
        Assert.Equal(("!r:hs.test", "$e1"), (reference.Room, reference.EventId));
    }

    [Fact]
    public void TranslateIn_Frame_IsItsEvent()
    {
        var request = Samples.Request(Bob);

        var submit = Assert.IsType<MatrixInbound.Submit>(Assert.Single(Read(Message($"{{\"org.interconnect.frame\":\"{Convert.ToBase64String(FrameCodec.Encode(request))}\"}}"))!));

        Assert.Equal(["$e1"], submit.Event.DedupeKey);
        Assert.Equal(request.EncodedEvent.ToArray(), submit.Event.EncodedEvent!.Value.ToArray());
        Assert.Equal(new EncryptionLabels(OuterEncryption.Tls, InnerEncryption.Mls10), submit.Event.Labels);
        Assert.Null(submit.Event.NativeReference);
    }

    [Fact]
    public void TranslateIn_FrameOfADelivery_IsUnreadable()
    {
        var delivery = Convert.ToBase64String(FrameCodec.Encode(new EndpointFrame.Delivery(Samples.Envelope(Bob))));

        var submit = Assert.IsType<MatrixInbound.Submit>(Assert.Single(Read(Message($"{{\"org.interconnect.frame\":\"{delivery}\"}}"))!));

        Assert.Equal("FED-007", Assert.IsType<Unreadable>(submit.Event.Event).RuleId);
    }

    [SharedTheory("fixtures/matrix")]
    [InlineData("m.room.message--m.text.json")]
    [InlineData("m.room.message--m.audio.json")]
    [InlineData("m.room.message--m.file.json")]
    public void TranslateIn_GenuineMessage_IsUncovered(string file)
    {
        var uncovered = Assert.IsType<MatrixInbound.Uncovered>(Assert.Single(Read(Genuine(file), "example.org")!));

        Assert.Equal("mimi://example.org/u/example", uncovered.Sender.Value);
        Assert.DoesNotContain("example.org/", uncovered.Address.ToReference(), StringComparison.Ordinal);
    }

    [SharedTheory("fixtures/matrix")]
    [InlineData("m.room.encrypted--megolm.json")]
    [InlineData("m.room.encrypted--olm.json")]
    public void TranslateIn_GenuineMatrixEncryption_IsUnreadable(string file)
    {
        var submit = Assert.IsType<MatrixInbound.Submit>(Assert.Single(Read(Genuine(file), "example.org")!));

        Assert.Equal("MTX-012", Assert.IsType<Unreadable>(submit.Event.Event).RuleId);
    }

    [Fact]
    public void Plain_KnownGhost_KeepsNothingOfTheContent()
    {
        var uncovered = Assert.IsType<MatrixInbound.Uncovered>(Assert.Single(Read(Message("{\"msgtype\":\"m.text\",\"body\":\"canary\"}"))!));

        var plain = Translator().Plain(Bob, uncovered.Address with { Ghost = "@gw_alice=40a.test:hs.test" });

        var message = Assert.IsType<EncryptedMessage>(plain.Event);
        Assert.Equal((Alice, 0, InnerEncryption.None), (message.Recipient, message.Message.Length, plain.Labels.Inner));
        Assert.DoesNotContain("canary", uncovered + plain.ToString() + plain.NativeReference, StringComparison.Ordinal);
        Assert.Equal("MTX-011", Assert.IsType<Unreadable>(Translator().Plain(Bob, uncovered.Address with { Ghost = "@gwbot:hs.test" }).Event).RuleId);
        Assert.Equal("MTX-017", Assert.IsType<Unreadable>(Translator().Plain(Bob, uncovered.Address).Event).RuleId);
    }

    [Theory]
    [InlineData("@gw_alice=40a.test:hs.test", "@bob:hs.test", true)]
    [InlineData("@gwbot:hs.test", "@bob:hs.test", true)]
    [InlineData("@gw_nonsense:hs.test", "@bob:hs.test", false)]
    [InlineData("@gw_alice=40a.test:hs.test", "@mallory:evil.test", false)]
    public void TranslateIn_Invitation_IsWelcomeFromOwnUsersToRealGhosts(string ghost, string by, bool welcome)
    {
        var invited = Assert.IsType<MatrixInbound.Invited>(Assert.Single(Read(Member(ghost, by, "invite"))!));

        Assert.Equal((ghost, by, welcome), (invited.Ghost, invited.By, invited.Welcome));
    }

    [Theory]
    [InlineData("m.room.message", "\"redacted_because\":{\"type\":\"m.room.redaction\"}", true)]
    [InlineData("m.room.encrypted", "\"redacted_because\":{\"type\":\"m.room.redaction\"}", true)]
    [InlineData("m.sticker", "\"redacted_by\":\"$x\"", true)]
    [InlineData("m.room.message", "\"redacted_because\":null", false)]
    [InlineData("m.room.encrypted", "\"age\":7", false)]
    [InlineData("m.sticker", "\"redacted_by\":7", false)]
    public void TranslateIn_TakenBack_IsIgnored(string type, string added, bool ignored)
    {
        var read = Assert.Single(Read($"{{\"events\":[{{\"type\":\"{type}\",{Common},\"content\":{{}},\"unsigned\":{{{added}}}}}]}}")!);

        Assert.Equal(ignored, read is MatrixInbound.Ignored);
    }

    [Fact]
    public void TranslateIn_Fingerprint_IsOfTheEventsAndNotOfTheirAge()
    {
        string Body(string id, int age) => $"{{\"events\":[{{\"type\":\"m.sticker\",\"room_id\":\"!r:hs.test\",\"event_id\":\"{id}\",\"sender\":\"@bob:hs.test\",\"content\":{{}},\"unsigned\":{{\"age\":{age}}}}}]}}";
        string Of(string body) => Translator().TranslateIn(Bytes(body))!.Fingerprint;
        const string Receipt = "{\"events\":[],\"ephemeral\":[{\"type\":\"m.receipt\",\"room_id\":\"!r:hs.test\",\"content\":{\"$1\":{}}}]}";

        Assert.Equal(Of(Body("$a", 1)), Of(Body("$a", 2)));
        Assert.NotEqual(Of(Body("$a", 1)), Of(Body("$b", 1)));
        Assert.NotEqual(Of(Receipt), Of(Receipt.Replace("$1", "$2", StringComparison.Ordinal)));
        Assert.NotEqual(Of("{\"events\":[{\"event_id\":7}]}"), Of("{\"events\":[{\"event_id\":8}]}"));
    }

    [Theory]
    [InlineData("m.room.join_rules", true)]
    [InlineData("m.room.history_visibility", true)]
    [InlineData("m.room.power_levels", true)]
    [InlineData("m.room.third_party_invite", true)]
    [InlineData("m.room.tombstone", true)]
    [InlineData("m.room.topic", false)]
    public void TranslateIn_StateThatDecidesWhoseRoomItIs_IsAChange(string type, bool changes)
    {
        var read = Assert.Single(Read($"{{\"events\":[{{\"type\":\"{type}\",\"state_key\":\"\",{Common},\"content\":{{}}}}]}}")!);

        Assert.Equal(changes ? new MatrixInbound.Changed("!r:hs.test") : new MatrixInbound.Ignored(), read);
    }

    [Fact]
    public void TranslateIn_OtherMembership_IsLeavingOrNothing()
    {
        Assert.Equal(new MatrixInbound.Left("!r:hs.test", "@bob:hs.test"), Assert.Single(Read(Member("@bob:hs.test", "@bob:hs.test", "leave"))!));
        Assert.IsType<MatrixInbound.Left>(Assert.Single(Read(Member("@bob:hs.test", "@x:hs.test", "ban"))!));
        Assert.Equal(new MatrixInbound.Entered("!r:hs.test", "@bob:hs.test", false), Assert.Single(Read(Member("@bob:hs.test", "@gw_alice=40a.test:hs.test", "invite"))!));
        Assert.Equal(new MatrixInbound.Entered("!r:hs.test", "@bob:hs.test", true), Assert.Single(Read(Member("@bob:hs.test", "@bob:hs.test", "join"))!));
        Assert.IsType<MatrixInbound.Ignored>(Assert.Single(Read(Member("@bob:hs.test", "@bob:hs.test", "knock"))!));
        Assert.IsType<MatrixInbound.Entered>(Assert.Single(Read(Member("@gw_alice=40a.test:hs.test", "@gw_alice=40a.test:hs.test", "join"))!));
    }

    [Theory]
    [InlineData("ephemeral")]
    [InlineData("de.sorunome.msc2409.ephemeral")]
    public void TranslateIn_ReadReceipt_CountsWhereReadingIsDelivery(string key)
    {
        var body = $"{{\"events\":[],\"{key}\":[{{\"type\":\"m.receipt\",\"room_id\":\"!r:hs.test\",\"content\":{{\"$e9\":{{\"m.read\":{{\"@bob:hs.test\":{{\"ts\":1}},\"@gwbot:hs.test\":{{\"ts\":1}}}}}}}}}},{{\"type\":\"m.typing\"}}]}}";

        Assert.Empty(Read(body)!);
        var read = Assert.IsType<MatrixInbound.Read>(Assert.Single(Translator(Options with { DeliveredMeansRead = true }).TranslateIn(Bytes(body))!.Entries));
        Assert.Equal(("!r:hs.test", "$e9", Bob), (read.Room, read.EventId, read.By));
    }

    [Theory]
    [InlineData("$e\\u0000")]
    [InlineData("e9")]
    [InlineData("$")]
    public void TranslateIn_ReadReceiptOfNoEventId_IsIgnored(string id)
    {
        string Body(string of) => $"{{\"ephemeral\":[{{\"type\":\"m.receipt\",\"room_id\":\"!r:hs.test\",\"content\":{{\"{of}\":{{\"m.read\":{{\"@bob:hs.test\":{{}}}}}}}}}}]}}";

        Assert.Empty(Translator(Options with { DeliveredMeansRead = true }).TranslateIn(Bytes(Body(id)))!.Entries);
        Assert.Single(Translator(Options with { DeliveredMeansRead = true }).TranslateIn(Bytes(Body("$e9")))!.Entries);
    }

    [Fact]
    public void TranslateOut_Message_IsTheEventThatIsAgreed()
    {
        var envelope = Samples.Envelope(Bob, sender: Alice);

        var events = Assert.IsType<MatrixOutbound.Events>(Translator().TranslateOut(new Delivery(envelope, Bob, 1)));

        Assert.Equal(("@gw_alice=40a.test:hs.test", "@bob:hs.test"), (events.Ghost, events.User));
        Assert.Equal(
            $"{{\"msgtype\":\"m.notice\",\"body\":\"This message is end-to-end encrypted; it needs an Interconnect endpoint.\",\"org.interconnect.frame\":\"{Convert.ToBase64String(FrameCodec.Encode(new EndpointFrame.Delivery(envelope)))}\"}}",
            Assert.Single(events.Contents).ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }

    [Fact]
    public void TranslateOut_OfTheRecipientsOwnUser_ComesFromTheService()
    {
        var envelope = Samples.Envelope(Bob, sender: Bob);

        var events = Assert.IsType<MatrixOutbound.Events>(Translator().TranslateOut(new Delivery(envelope, Bob, 1)));

        Assert.Equal(("@gwbot:hs.test", "@bob:hs.test"), (events.Ghost, events.User));
        Assert.Equal(
            $"{{\"msgtype\":\"m.notice\",\"body\":\"This message is end-to-end encrypted; it needs an Interconnect endpoint.\",\"org.interconnect.frame\":\"{Convert.ToBase64String(FrameCodec.Encode(new EndpointFrame.Delivery(envelope)))}\"}}",
            Assert.Single(events.Contents).ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }

    [Fact]
    public void TranslateOut_LargeMessage_IsChunksThatFitInAnEvent()
    {
        var envelope = Samples.Envelope(Bob, 200_000, Alice);

        var events = Assert.IsType<MatrixOutbound.Events>(Translator().TranslateOut(new Delivery(envelope, Bob, 1)));

        Assert.True(events.Contents.Count > 1);
        Assert.All(events.Contents, c => Assert.InRange(c.ToJsonString().Length, 1, 62_000));
    }

    [Fact]
    public void TranslateOut_WhatCannotBeWritten_IsImpossibleUnderItsRule()
    {
        Assert.True(UserUri.TryCreate(ProviderDomain.Parse("a.test"), new string('A', 200), out var longName));

        Assert.Equal("MTX-006", Assert.IsType<MatrixOutbound.Impossible>(Translator().TranslateOut(new Delivery(Samples.Envelope(Bob, sender: longName), Bob, 1))).RuleId);
        var odd = UserUri.Parse("mimi://hs.test/u/b%20b");
        Assert.Equal("MTX-006", Assert.IsType<MatrixOutbound.Impossible>(Translator().TranslateOut(new Delivery(Samples.Envelope(odd), odd, 1))).RuleId);
        Assert.Equal("MTX-007", Assert.IsType<MatrixOutbound.Impossible>(Translator(Options with { MaxChunks = 2 }).TranslateOut(new Delivery(Samples.Envelope(Bob, 200_000), Bob, 1))).RuleId);
        Assert.IsType<MatrixOutbound.Events>(Translator().TranslateOut(new Delivery(Samples.Envelope(Bob, 200_000), Bob, 1)));
    }

    [Fact]
    public void Problems_EveryMistake_IsListed()
    {
        var bad = new MatrixOptions { Homeserver = "http://hs.example", Provider = "", Listen = "http://0.0.0.0:1", AsToken = "a", AsTokenFile = "b", ServiceLocalpart = "G", GhostPrefix = "", MaxTransactionBytes = 1, MaxFrameCharacters = 1, MaxChunks = 0, KeepAlive = TimeSpan.Zero };

        Assert.Equal(11, bad.Problems().Count());
        Assert.Empty(Options.Problems());
        Assert.DoesNotContain("hunter2", (Options with { AsToken = "hunter2", HsToken = "hunter2" }).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void TranslateIn_DamagedTransactions_NeverThrow()
    {
        var random = new Seeded(11);
        var seed = Encoding.UTF8.GetBytes(
            Message($"{{\"msgtype\":\"m.notice\",\"org.interconnect.frame\":\"{Convert.ToBase64String(FrameCodec.Encode(Samples.Request(Bob, 20)))}\"}}").Replace("]}", "],\"ephemeral\":[{\"type\":\"m.receipt\",\"room_id\":\"!r:hs.test\",\"content\":{\"$e\":{\"m.read\":{\"@bob:hs.test\":{}}}}}]}", StringComparison.Ordinal));
        var read = 0;
        for (var run = 0; run < 20_000; run++)
        {
            read += Translator(Options with { DeliveredMeansRead = true }).TranslateIn(new ReadOnlySequence<byte>(random.Damage(seed, "{}[]\",:\\u0d8!$@0"u8))) is null ? 0 : 1;
        }

        Assert.True(read > 1_000, "nothing got past the parser");
    }

    private static string Message(string content) => $"{{\"events\":[{{\"type\":\"m.room.message\",{Common},\"content\":{content}}}]}}";

    private static string Member(string member, string by, string membership) =>
        $"{{\"events\":[{{\"type\":\"m.room.member\",\"room_id\":\"!r:hs.test\",\"event_id\":\"$m\",\"sender\":\"{by}\",\"state_key\":\"{member}\",\"content\":{{\"membership\":\"{membership}\"}}}}]}}";

    private static string Genuine(string file) => $"{{\"events\":[{File.ReadAllText(SharedFiles.PathOf("fixtures/matrix", file))}]}}";

    private static ReadOnlySequence<byte> Bytes(string text) => new(Encoding.UTF8.GetBytes(text));

    private static MatrixTranslator Translator(MatrixOptions? options = null) => new(Identifiers, options ?? Options);

    private static IReadOnlyList<MatrixInbound>? Read(string body, string provider = "hs.test") =>
        new MatrixTranslator(new MatrixIdentifiers(ProviderDomain.Parse(provider), "gwbot", "gw_"), Options).TranslateIn(Bytes(body))?.Entries;
}
