using System.Text;
using System.Xml.Linq;
using Interconnect.Adapters.Xmpp;
using Interconnect.Adapters.Xmpp.Wire;
using Interconnect.Federation;
using Interconnect.Testing;
using Interconnect.Testing.Conformance;

namespace Interconnect.Adapters.Tests.Xmpp;

/// <summary>Bytes to meaning and back.</summary>
public sealed class XmppTranslatorTests
{
    private const string Addresses = "from='alice@a.test/phone' to='bob\\40far.example@gw.a.test'";
    private static readonly UserUri Alice = UserUri.Parse("mimi://a.test/u/alice");
    private static readonly XmppOptions Options = new() { Component = "gw.a.test", Provider = "a.test", Secret = "s" };
    private readonly XmppIdentifiers identifiers = new("a.test", "gw.a.test");

    /// <summary>Stanza; the condition and rule it is answered with, or null when nothing is said.</summary>
    public static TheoryData<string, string?, string?> NotForTheHub => new()
    {
        { "<message to='bob\\40far.example@gw.a.test' id='1'><body>x</body></message>", null, "XMPP-001" },
        { "<message from='not an address' to='bob\\40far.example@gw.a.test' id='1'><body>x</body></message>", "jid-malformed", "XMPP-018" },
        { "<message from='not an address' to='bob\\40far.example@gw.a.test' id='1' type='error'><body>x</body></message>", null, "XMPP-018" },
        { "<message from='\u1c92@a.test/x' to='bob\\40far.example@gw.a.test' id='1'><body>x</body></message>", "not-acceptable", "XMPP-018" },
        { "<message from='Alice@a.test/x' to='bob\\40far.example@gw.a.test' id='1'><body>x</body></message>", "not-acceptable", "XMPP-018" },
        { $"<message from='alice@a.test/phone' to='{new string('b', 1_100)}@gw.a.test' id='1'><body>x</body></message>", "item-not-found", "XMPP-004" },
        { "<message from='mallory@evil.test/x' to='bob\\40far.example@gw.a.test' id='1'><body>x</body></message>", "forbidden", "XMPP-003" },
        { "<message from='alice@gw.a.test/x' to='bob\\40far.example@gw.a.test' id='1'><body>x</body></message>", "forbidden", "XMPP-003" },
        { "<message from='a.test' to='bob\\40far.example@gw.a.test' id='1'><body>x</body></message>", "forbidden", "XMPP-003" },
        { "<message from='alice@a.test/phone' to='bob@gw.a.test' id='1'><body>x</body></message>", "item-not-found", "XMPP-004" },
        { "<message from='alice@a.test/phone' to='bob@gw.a.test' id='1' type='error'><body>x</body></message>", null, "XMPP-004" },
        { "<message from='alice@a.test/phone' to='other.test' id='1'><body>x</body></message>", null, "XMPP-002" },
        { "<message from='alice@a.test/phone' id='1'><body>x</body></message>", null, "XMPP-002" },
        { $"<message {Addresses}><body>x</body></message>", "bad-request", "XMPP-005" },
        { $"<message {Addresses} id=''><body>x</body></message>", "bad-request", "XMPP-005" },
        { $"<message {Addresses} id='a&#10;b'><body>x</body></message>", "bad-request", "XMPP-005" },
        { $"<message {Addresses} id='{new string('i', 513)}'><body>x</body></message>", "bad-request", "XMPP-005" },
        { $"<message {Addresses} id='1' type='groupchat'><body>x</body></message>", "not-acceptable", "XMPP-015" },
        { $"<message {Addresses} id='1' type='headline'><body>x</body></message>", null, null },
        { $"<message {Addresses} id='1'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>", null, null },
        { $"<message {Addresses} id='1' type='error'/>", null, null },
        { $"<iq {Addresses} id='1' type='set'><query xmlns='jabber:iq:roster'/></iq>", "service-unavailable", null },
        { $"<iq {Addresses} id='1' type='get'/>", "bad-request", null },
        { $"<iq {Addresses} id='1' type='result'/>", null, null },
        { $"<iq {Addresses} id='1' type='get'><query xmlns='http://jabber.org/protocol/disco#info' node='x'/></iq>", "service-unavailable", null },
        { $"<presence {Addresses}/>", null, null },
        { $"<presence {Addresses} type='error'/>", null, null },
        { $"<unknown {Addresses}/>", null, null },
    };

    /// <summary>Message children; the rule of the Unreadable.</summary>
    public static TheoryData<string, string> BadFrames => new()
    {
        { "<frame xmlns='urn:interconnect:frame:1'>***</frame>", "XMPP-013" },
        { "<frame xmlns='urn:interconnect:frame:1'>AAA</frame>", "XMPP-013" },
        { "<frame xmlns='urn:interconnect:frame:1'>AA AA</frame>", "XMPP-013" },
        { "<frame xmlns='urn:interconnect:frame:1'>AB==</frame>", "XMPP-013" },
        { "<frame xmlns='urn:interconnect:frame:1'>/////w==</frame>", "FED-001" },
        { "<frame xmlns='urn:interconnect:frame:1'>CAI=</frame>", "FED-003" },
        { "<frame xmlns='urn:interconnect:frame:1'>AAAA</frame><frame xmlns='urn:interconnect:frame:1'>AAAA</frame>", "XMPP-014" },
        { "<frame xmlns='urn:interconnect:frame:1'>AAAA</frame><chunk xmlns='urn:interconnect:frame:1'>x</chunk>", "XMPP-014" },
        { "<chunk xmlns='urn:interconnect:frame:1'>IC2.x</chunk>", "FED-020" },
        { "<chunk xmlns='urn:interconnect:frame:1'>IC1.00112233445566778899aabbccddeeff.2/1.AAAA</chunk>", "FED-022" },
        { "<encrypted xmlns='urn:xmpp:omemo:2'/>", "XMPP-012" },
        { "<encrypted xmlns='eu.siacs.conversations.axolotl'/><body>fallback</body>", "XMPP-012" },
    };

    [Theory]
    [MemberData(nameof(NotForTheHub))]
    public void TranslateIn_NotForTheHub_IsAnsweredHereOrNotAtAll(string xml, string? condition, string? rule)
    {
        var meaning = Translator().TranslateIn(Parse(xml));

        if (rule is not null)
        {
            Assert.Equal((rule, condition is null), (Assert.IsType<XmppInbound.Refused>(meaning).RuleId, ((XmppInbound.Refused)meaning).Answer is null));
        }

        if (condition is null)
        {
            Assert.True(rule is not null || meaning is XmppInbound.Ignored);
            return;
        }

        var answer = meaning is XmppInbound.Refused refused ? refused.Answer! : Assert.Single(Assert.IsType<XmppInbound.Reply>(meaning).Stanzas);
        Assert.Equal("error", (string?)answer.Attribute("type"));
        Assert.Equal((string?)Parse(xml).Attribute("to"), (string?)answer.Attribute("from"));
        Assert.Single(answer.Descendants(XmppNames.StanzaErrors + condition));
        Assert.Contains(rule ?? "", answer.Descendants(XmppNames.StanzaErrors + "text").Single().Value, StringComparison.Ordinal);
        Assert.Empty(answer.Descendants(XmppNames.Component + "body"));
    }

    [Theory]
    [MemberData(nameof(BadFrames))]
    public void TranslateIn_BadFrame_IsUnreadableUnderItsRule(string children, string rule)
    {
        var submit = Assert.IsType<XmppInbound.Submit>(Translator().TranslateIn(Parse($"<message {Addresses} id='m1' type='chat'>{children}</message>")));

        Assert.Equal(rule, Assert.IsType<Unreadable>(submit.Event.Event).RuleId);
        Assert.Equal(Alice, submit.Event.Sender);
        Assert.Equal(InnerEncryption.None, submit.Event.Labels.Inner);
        Assert.True(StanzaAddress.TryRead(submit.Event.NativeReference!, out var reference));
        Assert.Equal(("m1", "alice@a.test/phone"), (reference.StanzaId, reference.From.ToString()));
        Assert.DoesNotContain("fallback", submit.Event.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void TranslateIn_FrameOfADelivery_IsUnreadable()
    {
        var delivery = FrameCodec.Encode(new EndpointFrame.Delivery(Samples.Envelope(Alice)));

        var submit = Assert.IsType<XmppInbound.Submit>(Translator().TranslateIn(Parse(Message(delivery))));

        Assert.Equal("FED-007", Assert.IsType<Unreadable>(submit.Event.Event).RuleId);
    }

    [Fact]
    public void TranslateIn_Frame_IsItsEventUnderTheOriginId()
    {
        var request = Samples.Request(Alice);

        var submit = Assert.IsType<XmppInbound.Submit>(Translator().TranslateIn(Parse(Message(FrameCodec.Encode(request)))));

        Assert.Equal(["alice@a.test", "bob\\40far.example@gw.a.test", "o1"], submit.Event.DedupeKey);
        Assert.Equal(request.EncodedEvent.ToArray(), submit.Event.EncodedEvent!.Value.ToArray());
        Assert.Equal(new EncryptionLabels(OuterEncryption.Tls, InnerEncryption.Mls10), submit.Event.Labels);
        Assert.Null(submit.Event.NativeReference);
        Assert.True(submit.Stanza.WantsReceipt);
        Assert.Equal(
            "<message from=\"bob\\40far.example@gw.a.test\" to=\"alice@a.test/phone\" id=\"r-m1\" type=\"chat\" xmlns=\"jabber:component:accept\"><received id=\"m1\" xmlns=\"urn:xmpp:receipts\" /></message>",
            XmppTranslator.ReceiptFor(submit.Stanza).ToString(SaveOptions.DisableFormatting));
    }

    [SharedTheory("cases/xmpp-unusual-localparts")]
    [InlineData("i❤xmpp", "result")]
    [InlineData("☃", "result")]
    [InlineData("col·lega", "result")]
    [InlineData("\u1c92", "result")]
    public void TranslateIn_PingOfAnUnusualName_IsAnswered(string name, string type)
    {
        var ping = File.ReadAllText(SharedFiles.PathOf("cases/xmpp-unusual-localparts/stanzas.xml")).TrimEnd();
        Assert.Contains("i❤xmpp@a.test/r", ping, StringComparison.Ordinal);

        var reply = Assert.IsType<XmppInbound.Reply>(Translator().TranslateIn(Parse(ping.Replace("i❤xmpp@a.test/r", name + "@a.test/\ue000\U0001fae9", StringComparison.Ordinal))));

        var answer = Assert.Single(reply.Stanzas);
        Assert.Equal((type, "p1", "gw.a.test", name + "@a.test/\ue000\U0001fae9"), ((string?)answer.Attribute("type"), (string?)answer.Attribute("id"), (string?)answer.Attribute("from"), (string?)answer.Attribute("to")));
    }

    [Theory]
    [InlineData("i❤xmpp")]
    [InlineData("☃")]
    [InlineData("col·lega")]
    public void TranslateIn_MessageOfAnUnusualNameThatAllServersLeave_IsCarried(string name)
    {
        var frame = Convert.ToBase64String(FrameCodec.Encode(Samples.Request(Alice)));
        var submit = Assert.IsType<XmppInbound.Submit>(Translator().TranslateIn(Parse($"<message from='{name}@a.test/\ue000' to='gw.a.test' id='m1'><frame xmlns='urn:interconnect:frame:1'>{frame}</frame></message>")));

        Assert.Equal(name, submit.Event.Sender.User);
        var stanzas = Assert.IsType<XmppOutbound.Stanzas>(Translator().TranslateOut(new Delivery(Samples.Envelope(submit.Event.Sender), submit.Event.Sender, 1)));
        Assert.Equal(name + "@a.test", (string?)stanzas.Elements[0].Attribute("to"));
    }

    [SharedFact("cases/xmpp-jabber-client-namespace")]
    public void TranslateIn_StanzaNamedAsOnAClientsStream_IsReadAlike()
    {
        var submit = Assert.IsType<XmppInbound.Submit>(Translator().TranslateIn(Parse(File.ReadAllText(SharedFiles.PathOf("cases/xmpp-jabber-client-namespace/message.xml")).TrimEnd())));
        Assert.IsType<EncryptedMessage>(submit.Event.Event);

        var inside = $"<message {Addresses} id='m1'><body xmlns='jabber:client'>x</body></message>";
        Assert.IsType<EncryptedMessage>(Assert.IsType<XmppInbound.Submit>(Translator().TranslateIn(Parse(inside))).Event.Event);
        var bounce = $"<message xmlns='jabber:client' {Addresses} type='error' id='e1'><error type='wait'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>";
        Assert.Equal(("gone", true), (((XmppInbound.Bounce)Translator().TranslateIn(Parse(bounce))).Condition, ((XmppInbound.Bounce)Translator().TranslateIn(Parse(bounce))).Temporary));
        bounce = $"<message {Addresses} type='error' id='e1'><error xmlns='jabber:client' type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>";
        Assert.Equal("gone", Assert.IsType<XmppInbound.Bounce>(Translator().TranslateIn(Parse(bounce))).Condition);
        Assert.IsType<XmppInbound.Ignored>(Translator().TranslateIn(Parse($"<message {Addresses} id='m1'><body xmlns='jabber:server'>x</body></message>")));
    }

    [SharedFact("cases/xmpp-receipt-cut-in-a-pair")]
    public void ReceiptFor_LongIdWithAPairInTheMiddle_IsAReceipt()
    {
        var id = File.ReadAllText(SharedFiles.PathOf("cases/xmpp-receipt-cut-in-a-pair/stanza-id.txt")).TrimEnd();
        Assert.True(char.IsSurrogatePair(id, 127));
        var frame = Convert.ToBase64String(FrameCodec.Encode(Samples.Request(Alice)));
        var submit = Assert.IsType<XmppInbound.Submit>(Translator().TranslateIn(Parse($"<message {Addresses} id='{id}'><frame xmlns='urn:interconnect:frame:1'>{frame}</frame><request xmlns='urn:xmpp:receipts'/></message>")));

        var receipt = XmppTranslator.ReceiptFor(submit.Stanza).ToString(SaveOptions.DisableFormatting);

        Assert.Contains($"<received id=\"{id}\"", receipt, StringComparison.Ordinal);
    }

    [Fact]
    public void Refused_TextThatXmlCannotHold_LosesOnlyThat()
    {
        Assert.True(StanzaAddress.TryRead("x1\nm1\nalice@a.test/x\nbob\\40far.example@gw.a.test", out var address));

        var answer = XmppTranslator.Refused(address, "cancel", "not-acceptable", "a\ufffe\ud83db😀\u0001");

        Assert.EndsWith(">ab😀</text></error></message>", answer.ToString(SaveOptions.DisableFormatting), StringComparison.Ordinal);
    }

    [Fact]
    public void TranslateIn_DomainsInUnicode_AreAnsweredInTheServersSpelling()
    {
        var options = Options with { Component = "gw.bücher.test", Provider = "bücher.test" };
        var translator = new XmppTranslator(new XmppIdentifiers(options.Provider, options.Component), options);

        var reply = Assert.IsType<XmppInbound.Reply>(translator.TranslateIn(Parse("<iq type='get' id='1' from='alice@bücher.test/r' to='bob\\40hs.test@gw.bücher.test'><ping xmlns='urn:xmpp:ping'/></iq>")));

        Assert.Equal(("bob\\40hs.test@gw.bücher.test", "alice@bücher.test/r"), ((string?)reply.Stanzas[0].Attribute("from"), (string?)reply.Stanzas[0].Attribute("to")));
    }

    [SharedFact("cases/xmpp-provider-spelling")]
    public void Problems_DomainsInTwoSpellings_AreRefused()
    {
        var given = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(SharedFiles.PathOf("cases/xmpp-provider-spelling/network.json")).TrimEnd())!["xmpp"]!;
        var options = Options with { Component = (string)given["component"]!, Provider = (string)given["provider"]! };

        Assert.Contains("spelled alike", Assert.Single(options.Problems()), StringComparison.Ordinal);
        Assert.Single((Options with { Component = "gw.xn--bcher-kva.test", Provider = "bücher.test" }).Problems());
        Assert.Single((Options with { Component = "xn--bcher-kva.test", Provider = "bücher.test" }).Problems());
        Assert.Empty((Options with { Component = "gw.bücher.test", Provider = "bücher.test" }).Problems());
        Assert.Empty((Options with { Component = "gw.xn--bcher-kva.test", Provider = "xn--bcher-kva.test" }).Problems());
        Assert.Empty((Options with { Component = "GW.A.Test", Provider = "A.Test" }).Problems());
    }

    [Fact]
    public void TranslateIn_PlainText_KeepsNothingOfIt()
    {
        var submit = Assert.IsType<XmppInbound.Submit>(Translator().TranslateIn(Parse($"<message {Addresses} id='m1'><body>canary</body></message>")));

        var message = Assert.IsType<EncryptedMessage>(submit.Event.Event);
        Assert.Equal((Samples.Bob, 0, InnerEncryption.None), (message.Recipient, message.Message.Length, submit.Event.Labels.Inner));
        Assert.DoesNotContain("canary", submit.ToString() + submit.Event.NativeReference, StringComparison.Ordinal);
    }

    [Fact]
    public void TranslateIn_PlainTextToTheService_IsUnreadable()
    {
        var submit = Assert.IsType<XmppInbound.Submit>(Translator().TranslateIn(Parse("<message from='alice@a.test/p' to='gw.a.test' id='m1'><body>x</body></message>")));

        Assert.Equal("XMPP-011", Assert.IsType<Unreadable>(submit.Event.Event).RuleId);
    }

    [Theory]
    [InlineData("wait", "internal-server-error", true)]
    [InlineData("cancel", "remote-server-timeout", true)]
    [InlineData("cancel", "resource-constraint", true)]
    [InlineData("cancel", "service-unavailable", false)]
    [InlineData("cancel", "item-not-found", false)]
    [InlineData("auth", "forbidden", false)]
    [InlineData("modify", "not-acceptable", false)]
    public void TranslateIn_ErrorStanza_IsABounceByItsKind(string type, string condition, bool temporary)
    {
        var id = EventId.Derive(NetworkId.Parse("x"), "y").Hex;
        var xml = $"<message {Addresses} type='error' id='{id}.3'><error type='{type}'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>";

        var bounce = Assert.IsType<XmppInbound.Bounce>(Translator().TranslateIn(Parse(xml)));

        Assert.Equal((id, Alice, temporary, condition), (bounce.Reference, bounce.From, bounce.Temporary, bounce.Condition));
    }

    [Theory]
    [InlineData("call-me-at-example")]
    [InlineData("Gone")]
    [InlineData("text")]
    public void TranslateIn_ErrorOfAnUnknownCondition_IsUndefined(string condition)
    {
        var xml = $"<message {Addresses} type='error' id='e1'><error type='cancel'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>x</{condition}></error></message>";

        Assert.Equal("undefined-condition", Assert.IsType<XmppInbound.Bounce>(Translator().TranslateIn(Parse(xml))).Condition);
    }

    [Fact]
    public void TranslateIn_GenuineReceipt_NamesTheStanza()
    {
        var receipt = Assert.IsType<XmppInbound.Receipt>(Translator().TranslateIn(Parse($"<message {Addresses} id='bi29sg183b4v'><received xmlns='urn:xmpp:receipts' id='richard2-4.1.247'/></message>")));

        Assert.Equal(("richard2-4.1.247", Alice), (receipt.Reference, receipt.From));
        Assert.IsType<XmppInbound.Ignored>(Translator().TranslateIn(Parse($"<message {Addresses} id='b'><received xmlns='urn:xmpp:receipts'/></message>")));
    }

    [Theory]
    [InlineData("subscribe", "subscribed,")]
    [InlineData("unsubscribe", "unsubscribed,unavailable")]
    [InlineData("probe", "")]
    public void TranslateIn_PresenceToAGhost_IsAnsweredAsSomebodyWhoIsThere(string type, string answers)
    {
        var reply = Assert.IsType<XmppInbound.Reply>(Translator().TranslateIn(Parse($"<presence {Addresses} type='{type}'/>")));

        Assert.Equal(answers, string.Join(',', reply.Stanzas.Select(s => (string?)s.Attribute("type"))));
        Assert.All(reply.Stanzas, s => Assert.Equal("alice@a.test", (string?)s.Attribute("to")));
    }

    [Theory]
    [InlineData("gw.a.test", "gateway")]
    [InlineData("bob\\40far.example@gw.a.test", "account")]
    public void TranslateIn_Disco_ListsWhatIsTrue(string to, string category)
    {
        var reply = Assert.IsType<XmppInbound.Reply>(Translator().TranslateIn(Parse($"<iq from='alice@a.test/p' to='{to}' id='1' type='get'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>")));

        var answer = Assert.Single(reply.Stanzas);
        Assert.Equal(("result", "1"), ((string?)answer.Attribute("type"), (string?)answer.Attribute("id")));
        Assert.Equal(category, (string?)answer.Descendants(XmppNames.DiscoInfo + "identity").Single().Attribute("category"));
        Assert.Equal(
            ["http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items", "urn:xmpp:ping", "urn:xmpp:receipts", "urn:interconnect:frame:1"],
            answer.Descendants(XmppNames.DiscoInfo + "feature").Select(f => (string)f.Attribute("var")!));
    }

    [Fact]
    public void TranslateOut_Message_IsTheStanzaThatIsAgreed()
    {
        var envelope = Samples.Envelope(Alice);
        var id = envelope.Id.Hex;

        var stanzas = Assert.IsType<XmppOutbound.Stanzas>(Translator().TranslateOut(new Delivery(envelope, Alice, 1)));

        var frame = Convert.ToBase64String(FrameCodec.Encode(new EndpointFrame.Delivery(envelope)));
        Assert.Equal(id, stanzas.Reference);
        Assert.Equal(
            $"<message type=\"chat\" from=\"bob\\40far.example@gw.a.test\" to=\"alice@a.test\" id=\"{id}\" xmlns=\"jabber:component:accept\"><frame xmlns=\"urn:interconnect:frame:1\">{frame}</frame>"
            + "<body>This message is end-to-end encrypted; it needs an Interconnect endpoint.</body><store xmlns=\"urn:xmpp:hints\" />"
            + "<encryption namespace=\"urn:interconnect:frame:1\" name=\"Interconnect\" xmlns=\"urn:xmpp:eme:0\" />"
            + $"<origin-id id=\"{id}\" xmlns=\"urn:xmpp:sid:0\" /><request xmlns=\"urn:xmpp:receipts\" /></message>",
            Assert.Single(stanzas.Elements).ToString(SaveOptions.DisableFormatting));
    }

    [Fact]
    public void TranslateOut_OfTheRecipientsOwnUser_ComesFromTheService()
    {
        var envelope = Samples.Envelope(Alice, sender: Alice);
        var id = envelope.Id.Hex;

        var stanzas = Assert.IsType<XmppOutbound.Stanzas>(Translator().TranslateOut(new Delivery(envelope, Alice, 1)));

        var frame = Convert.ToBase64String(FrameCodec.Encode(new EndpointFrame.Delivery(envelope)));
        Assert.Equal(
            $"<message type=\"chat\" from=\"gw.a.test\" to=\"alice@a.test\" id=\"{id}\" xmlns=\"jabber:component:accept\"><frame xmlns=\"urn:interconnect:frame:1\">{frame}</frame>"
            + "<body>This message is end-to-end encrypted; it needs an Interconnect endpoint.</body><store xmlns=\"urn:xmpp:hints\" />"
            + "<encryption namespace=\"urn:interconnect:frame:1\" name=\"Interconnect\" xmlns=\"urn:xmpp:eme:0\" />"
            + $"<origin-id id=\"{id}\" xmlns=\"urn:xmpp:sid:0\" /><request xmlns=\"urn:xmpp:receipts\" /></message>",
            Assert.Single(stanzas.Elements).ToString(SaveOptions.DisableFormatting));
    }

    [Fact]
    public void TranslateOut_LargeMessage_IsChunksOfWhichTheLastAsksForAReceipt()
    {
        var envelope = Samples.Envelope(Alice, 500_000);

        var stanzas = Assert.IsType<XmppOutbound.Stanzas>(Translator().TranslateOut(new Delivery(envelope, Alice, 1)));

        Assert.True(stanzas.Elements.Count > 1);
        Assert.All(stanzas.Elements, s => Assert.InRange(Encoding.UTF8.GetByteCount(s.ToString(SaveOptions.DisableFormatting)), 1, Options.MaxStanzaBytes));
        Assert.Equal([stanzas.Elements[^1]], stanzas.Elements.Where(s => s.Element(XmppNames.Receipts + "request") is not null));
        Assert.Equal(stanzas.Elements.Count, stanzas.Elements.Select(s => (string)s.Attribute("id")!).Distinct().Count());
        Assert.Equal(
            stanzas.Elements.Select(s => s.ToString()),
            Assert.IsType<XmppOutbound.Stanzas>(Translator().TranslateOut(new Delivery(envelope, Alice, 2))).Elements.Select(s => s.ToString()));
    }

    [Fact]
    public void TranslateOut_WhatCannotBeWritten_IsImpossibleUnderItsRule()
    {
        var upper = Samples.Envelope(Alice, sender: UserUri.Parse("mimi://far.example/u/Bob"));
        var odd = UserUri.Parse("mimi://a.test/u/Al%20ice");

        Assert.Equal("XMPP-006", Assert.IsType<XmppOutbound.Impossible>(Translator().TranslateOut(new Delivery(upper, Alice, 1))).RuleId);
        Assert.Equal("XMPP-006", Assert.IsType<XmppOutbound.Impossible>(Translator().TranslateOut(new Delivery(Samples.Envelope(odd), odd, 1))).RuleId);
        Assert.Equal("XMPP-007", Assert.IsType<XmppOutbound.Impossible>(Translator(Options with { MaxChunks = 2 }).TranslateOut(new Delivery(Samples.Envelope(Alice, 800_000), Alice, 1))).RuleId);
        Assert.IsType<XmppOutbound.Stanzas>(Translator().TranslateOut(new Delivery(Samples.Envelope(Alice, 800_000), Alice, 1)));
    }

    [Fact]
    public void Problems_EveryMistake_IsListed()
    {
        var bad = new XmppOptions { Host = "xmpp.example", Port = 0, Component = "a@b", Provider = "", MaxStanzaBytes = 1, MaxChunks = 0, PingTimeout = TimeSpan.Zero, SubmitsInFlight = 0 };

        Assert.Equal(9, bad.Problems().Count());
        Assert.Empty(Options.Problems());
        Assert.DoesNotContain("hunter2", (Options with { Secret = "hunter2" }).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void TranslateIn_DamagedStanzas_NeverThrow()
    {
        var random = new Seeded(5);
        var seed = Encoding.UTF8.GetBytes(Message(FrameCodec.Encode(Samples.Request(Alice, 20))));
        var read = 0;
        for (var run = 0; run < 20_000; run++)
        {
            if (StanzaParser.TryParse(random.Damage(seed, "<>/'=abAB01@. &#\\"u8), false, out var stanza, out _))
            {
                read++;
                Translator().TranslateIn(stanza);
            }
        }

        Assert.True(read > 1_000, "nothing got past the parser");
    }

    private static XElement Parse(string xml) => StanzaParser.TryParse(Encoding.UTF8.GetBytes(xml), false, out var element, out var fault) ? element : throw new FormatException(fault.ToString());

    private static string Message(byte[] frame) =>
        $"<message {Addresses} id='m1' type='chat'><frame xmlns='urn:interconnect:frame:1'>{Convert.ToBase64String(frame)}</frame><origin-id xmlns='urn:xmpp:sid:0' id='o1'/><request xmlns='urn:xmpp:receipts'/></message>";

    private XmppTranslator Translator(XmppOptions? options = null) => new(identifiers, options ?? Options);
}
