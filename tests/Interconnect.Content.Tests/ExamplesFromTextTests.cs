namespace Interconnect.Content.Tests;

/// <summary>Two examples of draft-ietf-mimi-content-08 that the shared vectors leave out, rebuilt from the values the draft prints.</summary>
public sealed class ExamplesFromTextTests
{
    private const string Room = "mimi://example.com/r/engineering_team";

    [Fact]
    public void Attachment_Section5Point9_HasThePublishedId()
    {
        var part = new ExternalPart(
            Disposition.Attachment,
            "en",
            "video/mp4",
            "https://example.com/storage/8ksB4bSrrRE.mp4",
            0,
            708234961,
            1,
            Bytes("21399320958a6f4c745dde670d95e0d8"),
            Bytes("c86cf2c33f21527d1dd76f5b"),
            Octets.Empty,
            1,
            Bytes("9ab17a8cf0890baaae7ee016c7312fcc080ba46498389458ee44f0276e783163"),
            "2 hours of key signing video",
            "bigfile.mp4");

        var id = IdOf("mimi://example.com/u/bob-jones", "18fac6371e4e53f1aeaf8a013155c166", part);

        Assert.NotEqual(id, IdOf("mimi://example.com/u/bob-jones", "18fac6371e4e53f1aeaf8a013155c166", part with { Size = 1 }));
        Assert.Equal("0176180c7d19a925021fe446d241134d05c38e0d999cdc0f39c391d2377ed9d1", id.ToString());
    }

    [Fact]
    public void MultipartWithFourLevels_AppendixB3_HasThePublishedId()
    {
        var body = Multi(
            PartSemantics.ChooseOne,
            Multi(
                PartSemantics.ProcessAll,
                Multi(PartSemantics.ChooseOne, Html("en", "Welcome!", 5, "Welcome image"), Html("fr", "Bienvenue!", 5, "Image bienvenue")),
                new SinglePart(Disposition.Inline, "", "image/gif", Bytes("dc861ebaa718fd7c3ca159f71a2001a7"))),
            Multi(
                PartSemantics.ProcessAll,
                Multi(PartSemantics.ChooseOne, Html("en", "Welcome!", 10, "Welcome image"), Html("fr", "Bienvenue!", 10, "Image bienvenue")),
                new SinglePart(Disposition.Inline, "", "image/png", Bytes("fa444237451a05a72bb0f67037cc1669"))));

        Assert.Equal("image/png", ((SinglePart)body.SelfAndNested().ElementAt(10)).ContentType);
        Assert.Equal(
            "01cfebeadbdb83c1eefb6403ba4852daf8bbbf9cd53bf5035a74d5d741950c9f",
            IdOf("mimi://example.com/u/alice-smith", "b8362793168d18c049b882d4642a2274", body).ToString());
    }

    private static MessageId IdOf(string sender, string salt, Part body)
    {
        var content = new MimiContent
        {
            Salt = Salt.FromBytes(Convert.FromHexString(salt)),
            Extensions = ContentExtensions.For(new ContentOrigin(sender, Room)),
            NestedPart = body,
        };
        return MessageId.Compute(sender, Room, content.Encode());
    }

    private static MultiPart Multi(PartSemantics semantics, params Part[] parts) => new(Disposition.Render, "", semantics, parts);

    private static SinglePart Html(string language, string title, int image, string alternative)
    {
        var html = $"<html><body><h1>{title}</h1>\n<img src=\"cid:{image}@local.invalid\" alt=\"{alternative}\"/>\n</body></html>";
        return new(Disposition.Render, language, "text/html;charset=utf-8", Octets.Copy(System.Text.Encoding.UTF8.GetBytes(html)));
    }

    private static Octets Bytes(string hex) => Octets.Copy(Convert.FromHexString(hex));
}
