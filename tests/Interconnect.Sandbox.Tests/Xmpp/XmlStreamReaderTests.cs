using System.Text;
using System.Xml.Linq;
using FsCheck;
using FsCheck.Fluent;

namespace Interconnect.Sandbox.Tests.Xmpp;

public sealed class XmlStreamReaderTests
{
    private const string Header = "<?xml version='1.0'?><stream:stream to='a.test' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

    [Theory]
    [InlineData("<!DOCTYPE x [<!ENTITY a 'b'>]><x/>", "restricted-xml")]
    [InlineData("<!-- no --><message/>", "restricted-xml")]
    [InlineData("<message><!-- no --></message>", "restricted-xml")]
    [InlineData("<?php no ?><message/>", "restricted-xml")]
    [InlineData("<message>&undefined;</message>", "not-well-formed")]
    [InlineData("<message><body></message>", "not-well-formed")]
    [InlineData("<message a='1' a='2'/>", "not-well-formed")]
    [InlineData("text<message/>", "bad-format")]
    public async Task ReadElement_ForbiddenXml_EndsTheStreamWithItsCondition(string text, string condition)
    {
        using var reader = Over(Header + text);
        await reader.ReadHeaderAsync();

        var failure = await Assert.ThrowsAsync<XmppStreamException>(reader.ReadElementAsync);

        Assert.Contains(failure.Condition, new[] { condition, "restricted-xml", "not-well-formed" });
        using var good = Over(Header + "<message><body>a</body></message>");
        await good.ReadHeaderAsync();
        Assert.Equal("a", (await good.ReadElementAsync())!.Value);
    }

    [Fact]
    public async Task ReadElement_TooLargeOrTooDeep_IsAPolicyViolation()
    {
        using var large = Over(Header + "<message>" + new string('x', 30_000) + "</message>");
        await large.ReadHeaderAsync();
        Assert.Equal("policy-violation", (await Assert.ThrowsAsync<XmppStreamException>(large.ReadElementAsync)).Condition);

        using var deep = Over(Header + string.Concat(Enumerable.Repeat("<a>", 17)) + string.Concat(Enumerable.Repeat("</a>", 17)));
        await deep.ReadHeaderAsync();
        Assert.Equal("policy-violation", (await Assert.ThrowsAsync<XmppStreamException>(deep.ReadElementAsync)).Condition);

        using var fits = Over(Header + string.Concat(Enumerable.Repeat("<a>", 16)) + new string('x', 10_000) + string.Concat(Enumerable.Repeat("</a>", 16)));
        await fits.ReadHeaderAsync();
        Assert.Equal(10_000, (await fits.ReadElementAsync())!.Value.Length);
    }

    [Fact]
    public async Task ReadElement_ManyStanzas_EachHasTheWholeBound()
    {
        using var reader = Over(Header + string.Concat(Enumerable.Repeat("<message>" + new string('x', 19_000) + "</message> ", 50)) + "</stream:stream>");
        await reader.ReadHeaderAsync();

        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(19_000, (await reader.ReadElementAsync())!.Value.Length);
        }

        Assert.Null(await reader.ReadElementAsync());
    }

    [Theory]
    [InlineData("<stream xmlns='jabber:client'>", "invalid-namespace")]
    [InlineData("<message/>", "bad-format")]
    [InlineData("garbage", "not-well-formed")]
    public async Task ReadHeader_NotAStream_EndsTheStream(string text, string condition)
    {
        using var reader = Over(text);

        Assert.Equal(condition, (await Assert.ThrowsAsync<XmppStreamException>(reader.ReadHeaderAsync)).Condition);

        using var good = Over(Header);
        Assert.Equal("a.test", (await good.ReadHeaderAsync()).To);
    }

    [Fact]
    public async Task ReadElement_ByteByByte_GivesTheElementBeforeTheNextByteComes()
    {
        var bytes = Encoding.UTF8.GetBytes(Header + "<message to='b'><body>\u00e9\U0001F600 &lt;&amp;</body><x xmlns='urn:x' a='1'/></message>");
        using var reader = new XmlStreamReader(new DrippingStream(bytes), 20_000, 16, CancellationToken.None);
        await reader.ReadHeaderAsync();

        var message = await reader.ReadElementAsync();

        Assert.Equal("\u00e9\U0001F600 <&", message!.Element(XmppNames.Client + "body")!.Value);
        Assert.Equal("1", message.Element(XName.Get("x", "urn:x"))!.Attribute("a")!.Value);
    }

    [Fact]
    public void ReadElement_AnyBytes_GiveElementsOrTheTypedFailure()
    {
        var seeds = new[] { Header + "<message><body>a</body></message>", Header + "<iq type='get'/><presence/>" }.Select(Encoding.UTF8.GetBytes).ToArray();
        Prop.ForAll(
            (from seed in Gen.Elements(seeds) from cut in Gen.Choose(0, seed.Length) from at in Gen.Choose(0, seed.Length - 1) from value in Gen.Choose(0, 255) select (seed, cut, at, value)).ToArbitrary(),
            mutation =>
            {
                var bytes = mutation.seed.ToArray();
                bytes[mutation.at] = (byte)mutation.value;
                return ReadsOrFails(bytes[..Math.Max(mutation.cut, mutation.at)]);
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));
    }

    [Fact]
    public async Task ReadElement_TextThatIsNoUtf8AndBreaksOff_IsTheTypedFailure()
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes(Header + "<message><body>a"), 0xef, .. "/bod"u8];
        using var reader = new XmlStreamReader(new MemoryStream(bytes), 20_000, 16, CancellationToken.None);
        await reader.ReadHeaderAsync();

        var failure = await Record.ExceptionAsync(reader.ReadElementAsync);

        Assert.True(failure is XmppStreamException or EndOfStreamException, failure?.GetType().Name);
    }

    private static bool ReadsOrFails(byte[] bytes)
    {
        using var reader = new XmlStreamReader(new MemoryStream(bytes), 20_000, 16, CancellationToken.None);
        try
        {
            reader.ReadHeaderAsync().GetAwaiter().GetResult();
            while (reader.ReadElementAsync().GetAwaiter().GetResult() is not null)
            {
            }
        }
        catch (Exception e) when (e is XmppStreamException or EndOfStreamException)
        {
        }

        return true;
    }

    private static XmlStreamReader Over(string text) => new(new MemoryStream(Encoding.UTF8.GetBytes(text)), 20_000, 16, CancellationToken.None);

    /// <summary>Gives one byte at a time and then nothing, for ever.</summary>
    private sealed class DrippingStream(byte[] bytes) : MemoryStream
    {
        private int next;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (next == bytes.Length)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            await Task.Yield();
            buffer.Span[0] = bytes[next++];
            return 1;
        }
    }
}
