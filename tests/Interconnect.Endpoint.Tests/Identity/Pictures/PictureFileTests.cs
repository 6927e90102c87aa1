using System.Text;
using Interconnect.Endpoint.Tests.Fakes;

namespace Interconnect.Endpoint.Tests.Identity.Pictures;

/// <summary>Pictures of every kind are read alike; what promises too much or is damaged is refused before memory is taken.</summary>
public sealed class PictureFileTests : IDisposable
{
    private const int Width = 19, Height = 12;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>Colour type and depth; channels; the samples of one black, one white and one middle pixel.</summary>
    [Theory]
    [InlineData(0, 1, new[] { 0 }, new[] { 1 }, new[] { 1 })]
    [InlineData(0, 2, new[] { 0 }, new[] { 3 }, new[] { 2 })]
    [InlineData(0, 4, new[] { 0 }, new[] { 15 }, new[] { 7 })]
    [InlineData(0, 8, new[] { 0 }, new[] { 255 }, new[] { 128 })]
    [InlineData(0, 16, new[] { 0 }, new[] { 255 }, new[] { 128 })]
    [InlineData(2, 8, new[] { 0, 0, 0 }, new[] { 255, 255, 255 }, new[] { 255, 80, 40 })]
    [InlineData(2, 16, new[] { 0, 0, 0 }, new[] { 255, 255, 255 }, new[] { 255, 80, 40 })]
    [InlineData(3, 1, new[] { 0 }, new[] { 1 }, new[] { 1 })]
    [InlineData(3, 2, new[] { 0 }, new[] { 1 }, new[] { 2 })]
    [InlineData(3, 4, new[] { 0 }, new[] { 1 }, new[] { 2 })]
    [InlineData(3, 8, new[] { 0 }, new[] { 1 }, new[] { 2 })]
    [InlineData(4, 8, new[] { 0, 255 }, new[] { 0, 0 }, new[] { 0, 127 })]
    [InlineData(4, 16, new[] { 0, 255 }, new[] { 0, 0 }, new[] { 0, 127 })]
    [InlineData(6, 8, new[] { 0, 0, 0, 255 }, new[] { 9, 8, 7, 0 }, new[] { 0, 0, 0, 127 })]
    [InlineData(6, 16, new[] { 0, 0, 0, 255 }, new[] { 9, 8, 7, 0 }, new[] { 0, 0, 0, 127 })]
    public void Png_OfEveryColourAndDepth_IsReadInGray(int colour, int depth, int[] black, int[] white, int[] middle)
    {
        var rows = Enumerable.Range(0, Height).Select(y => Pack(Enumerable.Range(0, Width).SelectMany(x => Pick(x, y, black, white, middle)), depth)).ToArray();
        (string, byte[])[] palette = colour == 3 ? [("PLTE", [0, 0, 0, 255, 255, 255, 0, 0, 0]), ("tRNS", [255, 255, 127])] : [];
        var png = PngWriter.Write(Width, Height, depth, colour, PngWriter.Filter(rows, Math.Max(1, black.Length * depth / 8)), more: [("tEXt", [1, 2]), .. palette]);

        Assert.True(PictureFile.TryDecode(png, out var picture, out var error), error?.ToString());
        Assert.Equal((Width, Height), (picture.Width, picture.Height));
        for (var i = 0; i < picture.Pixels.Length; i++)
        {
            var expected = Pick(i % Width, i / Width, "b", "w", "m");
            Assert.True(expected == "b" ? picture.Pixels[i] == 0 : expected == "w" ? picture.Pixels[i] == 255 : picture.Pixels[i] is > 90, $"{i}: {picture.Pixels[i]}");
            if (expected == "m" && !middle.SequenceEqual(white))
                Assert.InRange(picture.Pixels[i], 91, 200);
        }
    }

    [Theory]
    [InlineData("P1 # a comment\n3 2\n0 1 0\n101")]
    [InlineData("P4\n3 2\n\u0040\u00a0")]
    [InlineData("P5\n3 # width\n2 100\nd\0d\0d\0")]
    [InlineData("P6 3 2 1\n\u0001\u0001\u0001\0\0\0\u0001\u0001\u0001\0\0\0\u0001\u0001\u0001\0\0\0")]
    public void Netpbm_OfEveryKind_IsReadInGray(string text)
    {
        Assert.True(PictureFile.TryDecode(Encoding.Latin1.GetBytes(text), out var picture, out var error), error?.ToString());
        Assert.Equal([255, 0, 255, 0, 255, 0], picture.Pixels);
    }

    [Theory]
    [InlineData("SAF-014", "P5\n3 2 100\nd\0d\0d")]
    [InlineData("SAF-014", "P4\n9 2\nabc")]
    [InlineData("SAF-014", "P1\n2 2\n0 1 2 0")]
    [InlineData("SAF-014", "P5\n3 2 256\n")]
    [InlineData("SAF-014", "P5\n3 2 0\n")]
    [InlineData("SAF-014", "P5\n3 x")]
    [InlineData("SAF-013", "P4\n8193 1\n")]
    [InlineData("SAF-013", "P4\n8000 8000\n")]
    [InlineData("SAF-013", "P4\n0 8\n")]
    [InlineData("SAF-012", "GIF89a")]
    [InlineData("SAF-012", "P3\n1 1 1\n0 0 0")]
    [InlineData("SAF-012", "")]
    public void Files_ThatAreNoPicture_AreRefused(string ruleId, string text) => Refused(ruleId, Encoding.Latin1.GetBytes(text));

    [Fact]
    public void Png_Wrong_IsRefusedWithTheReason()
    {
        byte[] rows = [0, 1, 2, 0, 3, 4];
        var good = PngWriter.Write(2, 2, 8, 0, rows);
        var broken = good.ToArray();
        broken[20] ^= 1;

        Refused("SAF-014", broken, "checksum");
        Refused("SAF-014", good[..^5], "cut off");
        Refused("SAF-014", [.. good[..8], .. PngWriter.Chunk("IEND", [])], "begin with a header");
        Refused("SAF-014", PngWriter.Write(2, 2, 8, 0, rows[..^1]), "unpacked");
        Refused("SAF-014", PngWriter.Write(2, 2, 8, 0, [5, 1, 2, 0, 3, 4]), "unpacked");
        Refused("SAF-014", PngWriter.Write(2, 2, 8, 3, rows), "unpacked");
        Refused("SAF-014", PngWriter.Write(2, 2, 3, 0, rows), "header");
        Refused("SAF-014", PngWriter.Write(2, 2, 8, 1, rows), "header");
        Refused("SAF-014", PngWriter.Write(2, 2, 8, 0, rows, more: ("XYZW", [])), "not known");
        Refused("SAF-015", PngWriter.Write(2, 2, 8, 0, rows, interlace: 1), "interlaced");
        Refused("SAF-013", PngWriter.Write(5_000, 5_000, 8, 0, rows), "pixels");
        Refused("SAF-013", PngWriter.Write(uint.MaxValue, 1, 8, 0, rows), "pixels");
        Refused("SAF-013", PngWriter.Write(0, 1, 8, 0, rows), "pixels");
        Assert.True(PictureFile.TryDecode(good, out _, out _));
    }

    [Fact]
    public void Files_MissingOrTooLarge_AreRefused()
    {
        Directory.CreateDirectory(folder.Path);
        var large = folder.File("large.png");
        using (var file = File.Create(large))
            file.SetLength(PictureFile.MaxBytes + 1L);

        Assert.Equal("SAF-010", Read(folder.File("missing.png")));
        Assert.Equal("SAF-010", Read(folder.Path));
        Assert.Equal("SAF-010", Read(""));
        Assert.Equal("SAF-011", Read(large));
        if (File.Exists("/dev/zero"))
            Assert.Equal("SAF-011", Read("/dev/zero"));

        static string Read(string path) => Assert.IsType<QrPictureReading.Refused>(QrPicture.Read(path)).Error.RuleId;
    }

    [Fact]
    public void Files_DamagedAtRandom_AreReadOrRefused()
    {
        var random = new Random(11);
        var png = QrPicture.ToPng("interconnect", 2);
        var pbm = Encoding.Latin1.GetBytes("P5\n3 2 100\nd\0d\0d\0");
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = (i % 2 == 0 ? png : pbm).ToArray();
            for (var n = random.Next(1, 6); n > 0; n--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);

            Assert.Equal(PictureFile.TryDecode(bytes[..random.Next(bytes.Length / 2, bytes.Length + 1)], out var picture, out var error), error is null);
            Assert.Equal(picture is null, error is not null);
        }
    }

    private static T Pick<T>(int x, int y, T black, T white, T middle) => (((x * 7) + (y * 5)) % 3) switch { 0 => black, 1 => white, _ => middle };

    private static byte[] Pack(IEnumerable<int> samples, int depth)
    {
        if (depth >= 8)
            return [.. samples.SelectMany(sample => depth == 8 ? new[] { (byte)sample } : [(byte)sample, 0x55])];

        var bits = samples.SelectMany(sample => Enumerable.Range(0, depth).Select(i => sample >> (depth - 1 - i) & 1));
        return [.. bits.Chunk(8).Select(chunk => (byte)chunk.Select((bit, i) => bit << (7 - i)).Sum())];
    }

    private static void Refused(string ruleId, byte[] bytes, string says = "")
    {
        Assert.False(PictureFile.TryDecode(bytes, out var picture, out var error));
        Assert.Null(picture);
        Assert.Equal(ruleId, error.RuleId);
        Assert.Contains(says, error.ToString(), StringComparison.Ordinal);
    }
}
