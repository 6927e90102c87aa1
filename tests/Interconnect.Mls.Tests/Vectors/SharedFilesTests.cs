using Interconnect.Testing;

namespace Interconnect.Mls.Tests.Vectors;

/// <summary>What is skipped where the files beside the repository are missing, and what is said then.</summary>
public sealed class SharedFilesTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("interconnect-shared-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void WhyNot_NothingThere_NamesTheSetItsSourceAndTheVariable()
    {
        var reason = SharedFiles.WhyNot(root, ["vectors/hpke"]);

        AssertStarts("vectors/hpke is missing", reason);
        Assert.Contains("https://github.com/cfrg/draft-irtf-cfrg-hpke", reason, StringComparison.Ordinal);
        Assert.Contains("INTERCONNECT_VECTORS", reason, StringComparison.Ordinal);
        Write("vectors/hpke/rfc9180-base-mode.json");
        Assert.Null(SharedFiles.WhyNot(root, ["vectors/hpke"]));
    }

    [Fact]
    public void WhyNot_OneFileOfASetMissing_NamesTheFile()
    {
        Write("vectors/hpke/other.json");

        AssertStarts("vectors/hpke/rfc9180-base-mode.json is missing", SharedFiles.WhyNot(root, ["vectors/hpke"]));
        AssertStarts("vectors/hpke/more.json is missing", SharedFiles.WhyNot(root, ["vectors/hpke/more.json"]));
        Assert.Null(SharedFiles.WhyNot(root, ["vectors/hpke/other.json"]));
    }

    [Fact]
    public void WhyNot_OneOfSeveralMissing_NamesThatOne()
    {
        Write("vectors/hpke/rfc9180-base-mode.json");

        AssertStarts("cases/matrix-redacted is missing", SharedFiles.WhyNot(root, ["vectors/hpke", "cases/matrix-redacted"]));
    }

    [Theory]
    [InlineData("""[{"file":"a.xml"},{"file":"b.xml"}]""", "fixtures/xmpp/b.xml is missing")]
    [InlineData("""[{"file":"a.xml"},{"name":"b.xml"}]""", "fixtures/xmpp/index.json is not a list of files")]
    [InlineData("""[{"file":"a.xml"},null]""", "fixtures/xmpp/index.json is not a list of files")]
    [InlineData("""{"file":"a.xml"}""", "fixtures/xmpp/index.json is not a list of files")]
    [InlineData("[", "fixtures/xmpp/index.json is not a list of files")]
    public void WhyNot_IndexedFileMissing_NamesIt(string index, string expected)
    {
        Write("fixtures/xmpp/index.json", index);
        Write("fixtures/xmpp/a.xml");

        AssertStarts(expected, SharedFiles.WhyNot(root, ["fixtures/xmpp"]));
        Write("fixtures/xmpp/index.json", """[{"file":"a.xml"}]""");
        Assert.Null(SharedFiles.WhyNot(root, ["fixtures/xmpp"]));
    }

    [Fact]
    public void WhyNot_NoSetOrAnUnknownOne_SaysSo()
    {
        Write("vectors/hpke2/a.json");

        Assert.Equal("The test names no set that it reads.", SharedFiles.WhyNot(root, []));
        AssertStarts("vectors/hpke2/a.json is of no set", SharedFiles.WhyNot(root, ["vectors/hpke2/a.json"]));
        AssertStarts("../outside is of no set", SharedFiles.WhyNot(root, ["../outside"]));
    }

    [Fact]
    public void RootFor_WhatTheVariableNames_IsTheRootUnlessItHoldsMlsVectorsAlone()
    {
        var usual = Path.GetFullPath(Path.Combine(SharedFiles.RepositoryRoot, "..", "shared"));

        Assert.Equal(usual, SharedFiles.RootFor(null));
        Assert.Equal(usual, SharedFiles.RootFor(""));
        Assert.Equal(usual, SharedFiles.RootFor("../shared"));
        Assert.Equal(root, SharedFiles.RootFor(root));
        Assert.Equal(root + "/none", SharedFiles.RootFor(root + "/none"));
        Write("treekem.json");
        Assert.Equal(usual, SharedFiles.RootFor(root));
        Write("vectors/mls/treekem.json");
        Assert.Equal(root, SharedFiles.RootFor(root));
    }

    private static void AssertStarts(string expected, string? reason) => Assert.StartsWith(expected, reason, StringComparison.Ordinal);

    private void Write(string file, string text = "[]")
    {
        var path = Path.Combine(root, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
