using System.Reflection;

namespace Interconnect.Content.Tests;

public sealed class RedactionTests
{
    private const string Secret = "canary-9c1f";

    [Fact]
    public void ToString_OfAnythingThatHoldsContent_DoesNotShowIt()
    {
        var origin = new ContentOrigin(Secret, Secret);
        var text = Octets.Copy("canary-9c1f"u8);
        var single = new SinglePart(Disposition.Render, Secret, Secret, text);
        var external = new ExternalPart(
            Disposition.Render, Secret, Secret, Secret, 0, 0, 1, text, text, text, 1, text, Secret, Secret);
        var extensions = ContentExtensions.For(origin).WithText(ExtensionKey.Of(Secret), Secret);
        var content = Compose.Text(origin, Secret) with { TopicId = text, Extensions = extensions };
        object[] holders =
        [
            origin, text, single, external, extensions, content, ExtensionKey.Of(Secret), new NullPart(Disposition.Render, Secret),
            new MultiPart(Disposition.Render, Secret, PartSemantics.ChooseOne, [single, external]), content.Salt,
        ];

        Assert.All(holders, holder => Assert.DoesNotContain(Secret, $"{holder}", StringComparison.Ordinal));
        Assert.Contains(Secret, System.Text.Encoding.UTF8.GetString(content.Encode()), StringComparison.Ordinal);
    }

    [Fact]
    public void ToString_OfEveryPublicRecord_IsOverridden()
    {
        // Records print all their members unless told otherwise; these hold numbers and positions only.
        Type[] printable = [typeof(ContentLimits), typeof(Disposition), typeof(Expiration), typeof(MessageStatus)];
        var generated = typeof(MimiContent).Assembly.GetExportedTypes()
            .Where(type => type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public) is not null)
            .Where(type => type.GetMethod(nameof(ToString), Type.EmptyTypes)!
                .GetCustomAttribute<System.Runtime.CompilerServices.CompilerGeneratedAttribute>() is not null);

        Assert.Equal(printable.Select(type => type.Name).Order(), generated.Select(type => type.Name).Order());
    }

    [Fact]
    public void Error_OfAPrivateTextKey_DoesNotShowIt()
    {
        var key = Wire.Head(3, Secret.Length) + Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(Secret));

        Assert.False(MimiContent.TryDecode(Wire.Message(extensions: $"a1 {key} ff"), out _, out var error));
        Assert.Equal("CNT-007 Malformed at byte 35 in extensions[0]", error.ToString());
        Assert.True(MimiContent.TryDecode(Wire.Message(extensions: $"a1 {key} f6"), out _, out _));
    }
}
