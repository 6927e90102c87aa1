using System.Net;
using System.Text;
using System.Text.Json;
using Interconnect.Gateway.Demo;

namespace Interconnect.Gateway.Tests.Demo;

public sealed class TextSearchTests
{
    private const string Marked = "A marked \"text\" <with> & \u00e9\U0001F600 in it";

    public static TheoryData<string, byte[]> Forms()
    {
        var utf8 = Encoding.UTF8.GetBytes(Marked);
        return new TheoryData<string, byte[]>
        {
            { "utf-8", utf8 },
            { "utf-16", Encoding.Unicode.GetBytes(Marked) },
            { "utf-16, big end first", Encoding.BigEndianUnicode.GetBytes(Marked) },
            { "JSON", JsonSerializer.SerializeToUtf8Bytes(new { body = Marked }) },
            { "JSON, unescaped", JsonSerializer.SerializeToUtf8Bytes(new { body = Marked }, new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) },
            { "XML", Encoding.UTF8.GetBytes(new System.Xml.Linq.XElement("body", Marked).ToString()) },
            { "HTML", Encoding.UTF8.GetBytes(WebUtility.HtmlEncode(Marked)) },
            { "hex", Encoding.ASCII.GetBytes(Convert.ToHexString(utf8)) },
            { "base64", Encoding.ASCII.GetBytes(Convert.ToBase64String(utf8)) },
            { "base64, one off", Encoding.ASCII.GetBytes(Convert.ToBase64String([1, .. utf8, 2])) },
            { "base64, two off", Encoding.ASCII.GetBytes(Convert.ToBase64String([1, 2, .. utf8, 3])) },
            { "base64url", Encoding.ASCII.GetBytes(System.Buffers.Text.Base64Url.EncodeToString([1, .. utf8])) },
            { "UTF-16 inside base64", Encoding.ASCII.GetBytes("x=" + Convert.ToBase64String([9, .. Encoding.Unicode.GetBytes(Marked), 9]) + ";") },
            { "hex inside base64", Encoding.ASCII.GetBytes(Convert.ToBase64String(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(utf8)))) },
        };
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void IsIn_AnyForm_IsFoundAndItsCipherIsNot(string form, byte[] bytes)
    {
        Assert.NotEmpty(form);
        var search = new TextSearch(Marked);

        Assert.False(search.IsIn([.. bytes.Select(b => (byte)(b ^ 0x5a))]));
        Assert.False(search.IsIn(bytes[..(bytes.Length / 2)]));
        Assert.True(search.IsIn(bytes));
        Assert.True(search.IsIn([.. new byte[100], .. bytes, .. new byte[100]]));
    }

    [Fact]
    public void CanFind_ShortText_CannotBeSearchedFor()
    {
        Assert.False(TextSearch.CanFind("hello world"));
        Assert.True(TextSearch.CanFind("hello world!"));
    }
}
