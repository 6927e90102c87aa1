using System.Text;
using Interconnect.Adapters.Xmpp.Wire;
using Interconnect.Testing;

namespace Interconnect.Adapters.Tests.Xmpp;

/// <summary>The framer and the stanza parser: what is cut how, and what is refused under which rule.</summary>
public sealed class XmlStreamTests
{
    private const string Open = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='s1'>";

    public static TheoryData<string, string> Refused => new()
    {
        { "<!DOCTYPE x [<!ENTITY a 'b'>]><x/>", "XMPP-102" },
        { Open + "<message><!DOCTYPE x></message>", "XMPP-102" },
        { Open + "<message><!-- hidden --></message>", "XMPP-102" },
        { Open + "<!-- hidden -->", "XMPP-102" },
        { Open + "<message><?php x?></message>", "XMPP-102" },
        { Open + "<?xml version='1.0'?>", "XMPP-102" },
        { "<?php x?>" + Open, "XMPP-102" },
        { "<?xml " + new string(' ', 300), "XMPP-101" },
        { Open + "text between stanzas", "XMPP-101" },
        { "text before the stream", "XMPP-101" },
        { Open + "< message/>", "XMPP-101" },
        { Open + "<message a='<'/>", "XMPP-101" },
        { Open + "<message <a/>", "XMPP-101" },
        { Open + "<message></m<essage>", "XMPP-101" },
        { "<stream/>", "XMPP-101" },
        { "</stream>", "XMPP-101" },
    };

    public static TheoryData<string, string> OverBounds => new()
    {
        { string.Concat(Enumerable.Repeat("<a>", 40)) + "<b x='>'/>" + string.Concat(Enumerable.Repeat("</a>", 40)), "XMPP-105" },
        { "<m>" + string.Concat(Enumerable.Repeat("<a/>", 5_000)) + "</m>", "XMPP-106" },
        { "<m " + string.Concat(Enumerable.Range(0, 40).Select(i => $"a{i}='' ")) + "/>", "XMPP-107" },
        { "<m>" + new string('x', 2_000_000) + "<![CDATA[ <m/> ]]></m>", "XMPP-104" },
        { "<m a='" + new string('x', 2_000_000) + "'/>", "XMPP-104" },
        { "<" + new string('m', 2_000_000) + "/>", "XMPP-104" },
    };

    public static TheoryData<string, string> RefusedStanzas => new()
    {
        { "<m></n>", "XMPP-101" },
        { "<m>&unknown;</m>", "XMPP-101" },
        { "<m>&#0;</m>", "XMPP-101" },
        { "<m a='1' a='2'/>", "XMPP-101" },
        { "<p:m/>", "XMPP-101" },
        { "<m>\u0001</m>", "XMPP-101" },
        { "<m xmlns:p=''/>", "XMPP-101" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Feed_ForbiddenOrUnbounded_IsAFaultWithARule(string stream, string rule)
    {
        var framer = new XmlStreamFramer(new XmlLimits { MaxStanzaBytes = 1_000_000 });
        framer.Authenticated();
        var bytes = Encoding.UTF8.GetBytes(stream);

        var fault = framer.Feed(bytes, []);

        Assert.Equal(rule, fault?.RuleId);
        Assert.InRange(fault!.Offset, 0, bytes.Length);
        Assert.DoesNotContain("hidden", fault.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(OverBounds))]
    public void Feed_StanzaOverABound_IsPassedOverAndTheNextIsRead(string stanza, string rule)
    {
        var framer = new XmlStreamFramer(new XmlLimits { MaxStanzaBytes = 1_000_000 });
        framer.Authenticated();
        var tokens = new List<XmlToken>();

        Assert.Null(framer.Feed(Encoding.UTF8.GetBytes(Open + stanza + "<next/>" + stanza + "</stream:stream>"), tokens));

        Assert.Collection(
            tokens,
            t => Assert.IsType<XmlToken.StreamOpen>(t),
            t => Assert.Equal(rule, Assert.IsType<XmlToken.Discarded>(t).Fault.RuleId),
            t => Assert.Equal("<next/>", Encoding.UTF8.GetString(Assert.IsType<XmlToken.Stanza>(t).Bytes)),
            t => Assert.Equal(rule, Assert.IsType<XmlToken.Discarded>(t).Fault.RuleId),
            t => Assert.IsType<XmlToken.StreamClose>(t));
    }

    [Fact]
    public void Feed_OverABoundBeforeTheHandshake_IsAFault()
    {
        var attributes = string.Concat(Enumerable.Range(0, 40).Select(i => $"a{i}='' "));

        Assert.Equal("XMPP-107", new XmlStreamFramer(new XmlLimits()).Feed(Encoding.UTF8.GetBytes(Open + "<m " + attributes + "/>"), [])?.RuleId);
        Assert.Equal("XMPP-105", new XmlStreamFramer(new XmlLimits()).Feed(Encoding.UTF8.GetBytes(Open + string.Concat(Enumerable.Repeat("<a>", 40))), [])?.RuleId);
    }

    [Theory]
    [MemberData(nameof(RefusedStanzas))]
    public void TryParse_NotWellFormed_IsAFault(string stanza, string rule)
    {
        Assert.False(StanzaParser.TryParse(Encoding.UTF8.GetBytes(stanza), false, out _, out var fault));
        Assert.Equal(rule, fault.RuleId);
    }

    [Fact]
    public void TryParse_NotUtf8_IsAFault()
    {
        Assert.False(StanzaParser.TryParse([(byte)'<', (byte)'m', (byte)'>', 0xff, (byte)'<', (byte)'/', (byte)'m', (byte)'>'], false, out _, out var fault));
        Assert.Equal("XMPP-108", fault.RuleId);
        Assert.True(StanzaParser.TryParse("<m>ä</m>"u8, false, out var element, out _));
        Assert.Equal(("ä", "jabber:component:accept"), (element.Value, element.Name.NamespaceName));
    }

    [Fact]
    public void Feed_TooMuchBeforeTheHandshake_IsAFaultAndNotAfter()
    {
        var stream = Encoding.UTF8.GetBytes(Open + string.Concat(Enumerable.Repeat("<m/>", 10_000)));

        Assert.Equal("XMPP-103", new XmlStreamFramer(new XmlLimits()).Feed(stream, [])?.RuleId);

        var framer = new XmlStreamFramer(new XmlLimits());
        framer.Authenticated();
        var tokens = new List<XmlToken>();
        Assert.Null(framer.Feed(stream, tokens));
        Assert.Equal(10_001, tokens.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(10_000)]
    public void Feed_InWhateverPieces_GivesTheSameStanzas(int piece)
    {
        string[] stanzas = ["<a/>", "<b x='>' y=\"'/>\"><c/>text<![CDATA[ <not> ]]]></b>", "<d><e><f g='1'/></e>&lt;</d>"];
        var bytes = Encoding.UTF8.GetBytes(Open + string.Join("\n ", stanzas) + "</stream:stream>");
        var framer = new XmlStreamFramer(new XmlLimits());
        var tokens = new List<XmlToken>();

        for (var i = 0; i < bytes.Length; i += piece)
        {
            Assert.Null(framer.Feed(bytes.AsSpan(i, Math.Min(piece, bytes.Length - i)), tokens));
        }

        Assert.IsType<XmlToken.StreamOpen>(tokens[0]);
        Assert.Equal(stanzas, tokens.OfType<XmlToken.Stanza>().Select(s => Encoding.UTF8.GetString(s.Bytes)));
        Assert.IsType<XmlToken.StreamClose>(tokens[^1]);
        Assert.All(tokens.OfType<XmlToken.Stanza>(), s => Assert.True(StanzaParser.TryParse(s.Bytes, false, out _, out _)));
    }

    [SharedFact("fixtures/xmpp")]
    public void TryParse_GenuineStanzas_AreRead()
    {
        var files = Directory.GetFiles(SharedFiles.PathOf("fixtures/xmpp"), "*.xml");
        Assert.True(files.Length > 50);
        foreach (var file in files)
        {
            if (File.ReadAllText(file).Contains("<!--", StringComparison.Ordinal))
            {
                // The document explains itself in a comment, which a stream may not hold.
                continue;
            }

            var framer = new XmlStreamFramer(new XmlLimits());
            var tokens = new List<XmlToken>();
            Assert.Null(framer.Feed([.. Encoding.UTF8.GetBytes(Open), .. File.ReadAllBytes(file)], tokens));
            Assert.True(StanzaParser.TryParse(((XmlToken.Stanza)tokens[1]).Bytes, false, out var element, out var fault), fault?.ToString());
            Assert.Equal("jabber:component:accept", element.Name.NamespaceName);
        }
    }

    [Fact]
    public void Feed_DamagedStreams_NeverThrowAndStayBounded()
    {
        var random = new Seeded(20_261_121);
        var seed = Encoding.UTF8.GetBytes(Open + "<message from='a@a.test' to='b\\40c@gw.a.test' id='1'><frame xmlns='urn:interconnect:frame:1'>AAAA</frame><![CDATA[x]]></message><iq type='get'/></stream:stream>");
        for (var run = 0; run < 20_000; run++)
        {
            var bytes = random.Damage(seed, "<>/?!'\"=[]-& \0"u8);
            var framer = new XmlStreamFramer(new XmlLimits { MaxStanzaBytes = 4_096 });
            var tokens = new List<XmlToken>();
            framer.Feed(bytes, tokens);
            foreach (var stanza in tokens.OfType<XmlToken.Stanza>())
            {
                Assert.InRange(stanza.Bytes.Length, 1, 4_096);
                StanzaParser.TryParse(stanza.Bytes, false, out _, out _);
            }
        }
    }
}
