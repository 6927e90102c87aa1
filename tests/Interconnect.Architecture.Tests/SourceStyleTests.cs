using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Interconnect.Architecture.Tests.Rule;

namespace Interconnect.Architecture.Tests;

/// <summary>What no source of the product may hold: vague names, stubs, swallowed exceptions, notes to self, files nobody explains.</summary>
public sealed partial class SourceStyleTests
{
    private const int LongFile = 500;
    private const int HeaderLines = 20;

    [Fact]
    public void TypeNames_SayWhatTheTypeIs() => NoticesAndHolds(
        VagueNames,
        Add("src/Interconnect.Hub/Broken.cs", "class Hub;"),
        Add("src/Interconnect.Hub/Broken.cs", "interface IRoomManager;"),
        Add("src/Interconnect.Hub/Broken.cs", "static class RoomHelpers;"),
        Add("src/Interconnect.Hub/Broken.cs", "record struct RoomUtils;"));

    [Fact]
    public void Stubs_InTheProduct_AreNone() => NoticesAndHolds(
        Stubs,
        Add("src/Interconnect.Hub/Broken.cs", "class Broken { int P => throw new NotImplementedException(); }"),
        Add("src/Interconnect.Hub/Broken.cs", "class Broken { int P => throw new System.NotImplementedException(\"later\"); }"),
        Add("src/Interconnect.Hub/Broken.cs", "class Broken { int P => throw new NotSupportedException(); }"));

    [Fact]
    public void Stubs_AnOverrideThatTheBaseTypeAllowsToRefuse_IsNone()
    {
        var text = "class Fine : Stream { public override long Length => throw new NotSupportedException(); }";

        Assert.DoesNotContain(
            Stubs(Codebase.Current.With("src/Interconnect.Hub/Fine.cs", text)),
            line => line.Contains("Fine.cs", StringComparison.Ordinal));
    }

    [Fact]
    public void Notes_ToSelf_AreNone() => NoticesAndHolds(
        NotesToSelf,
        Add("src/Interconnect.Hub/Broken.cs", "// " + "TODO: finish\nclass Broken;"),
        Add("src/Interconnect.Hub/Broken.cs", "/// <summary>" + "FIXME</summary>\nclass Broken;"),
        Add("src/Interconnect.Hub/Broken.cs", "class Broken { /* good enough for " + "now */ }"));

    [Fact]
    public void Exceptions_AreNotSwallowed() => NoticesAndHolds(
        SwallowedExceptions,
        Add("src/Interconnect.Hub/Broken.cs", "class Broken { void M() { try { } catch { } } }"),
        Add("src/Interconnect.Hub/Broken.cs", "class Broken { void M() { try { } catch (Exception) { /* whatever */ } } }"),
        Add("src/Interconnect.Hub/Broken.cs", "class Broken { void M() { try { } catch (IOException) { } } }"));

    [Fact]
    public void Exceptions_OfOneKindLeftWithAReason_AreAllowed()
    {
        var text = "class Fine { void M() { try { } catch (IOException) { /* the peer is gone, which is what we wanted */ } } }";

        Assert.DoesNotContain(
            SwallowedExceptions(Codebase.Current.With("src/Interconnect.Hub/Fine.cs", text)),
            line => line.Contains("Fine.cs", StringComparison.Ordinal));
    }

    [Fact]
    public void Regions_AreNone() => NoticesAndHolds(
        Regions,
        Add("src/Interconnect.Hub/Broken.cs", "class Broken\n{\n#region Fields\n#endregion\n}"));

    [Fact]
    public void LongFiles_SayWhyInTheirHeader() => NoticesAndHolds(
        UnexplainedLongFiles,
        Add("src/Interconnect.Hub/Broken.cs", "// A table.\nclass Broken\n{" + new string('\n', LongFile) + "// one file because lines\n}"));

    [Fact]
    public void LongFiles_WithAReason_AreAllowed()
    {
        var text = "// In one file because the table is generated from the registry.\nclass Fine\n{" + new string('\n', LongFile) + "}";

        Assert.DoesNotContain(
            UnexplainedLongFiles(Codebase.Current.With("src/Interconnect.Hub/Fine.cs", text)),
            line => line.Contains("Fine.cs", StringComparison.Ordinal));
    }

    [Fact]
    public void Namespaces_AreFileScoped() => NoticesAndHolds(
        BlockNamespaces,
        Add("src/Interconnect.Hub/Broken.cs", "namespace Interconnect.Hub { class Broken; }"));

    [Fact]
    public void PathsOfOneMachine_AreNowhere() => NoticesAndHolds(
        MachinePaths,
        Add("src/Interconnect.Hub/Broken.cs", "class Broken { string p = \"/tm" + "p/w/hub\"; }"),
        Add("deploy/dev/broken.sh", "cd /wor" + "k/shared"));

    private static IEnumerable<string> VagueNames(Codebase codebase) =>
        from source in codebase.ProductSources
        from name in source.DeclaredTypes
        where name == "Hub" || VagueName().IsMatch(name)
        select $"{source.Path} declares {name}";

    private static IEnumerable<string> Stubs(Codebase codebase) =>
        from source in codebase.ProductSources
        from creation in source.Nodes.OfType<ObjectCreationExpressionSyntax>()
        let type = creation.Type.ToString().Split('.')[^1]
        where type == "NotImplementedException" || (type == "NotSupportedException" && creation.ArgumentList?.Arguments.Count == 0 && !IsInOverride(creation))
        select $"{source.Path}:{LineOf(creation.SpanStart, source)} throws {type}";

    private static IEnumerable<string> NotesToSelf(Codebase codebase) =>
        from source in codebase.ProductSources
        from comment in source.Comments
        where NoteToSelf().IsMatch(comment)
        select $"{source.Path} has a note to self: {comment.Trim()}";

    private static IEnumerable<string> SwallowedExceptions(Codebase codebase) =>
        from source in codebase.ProductSources
        from clause in source.Nodes.OfType<CatchClauseSyntax>()
        where clause.Block.Statements.Count == 0
        let everything = clause.Declaration is null || clause.Declaration.Type.ToString() is "Exception" or "System.Exception"
        let silent = !clause.Block.DescendantTrivia().Any(trivia => trivia.Kind() is SyntaxKind.SingleLineCommentTrivia or SyntaxKind.MultiLineCommentTrivia)
        where silent || (everything && clause.Filter is null)
        select $"{source.Path}:{LineOf(clause.SpanStart, source)} swallows an exception";

    private static IEnumerable<string> Regions(Codebase codebase) =>
        from source in codebase.ProductSources
        where source.Trivia.Any(trivia => trivia.IsKind(SyntaxKind.RegionDirectiveTrivia))
        select $"{source.Path} has a region";

    private static IEnumerable<string> UnexplainedLongFiles(Codebase codebase) =>
        from source in codebase.ProductSources
        where source.LineCount > LongFile
        let header = string.Join('\n', source.Text.Split('\n').Take(HeaderLines).Where(line => line.TrimStart().StartsWith("//", StringComparison.Ordinal)))
        where !ReasonForLength().IsMatch(header)
        select $"{source.Path} has {source.LineCount} lines and does not say why";

    private static IEnumerable<string> BlockNamespaces(Codebase codebase) =>
        from source in codebase.Sources
        where source.Nodes.OfType<NamespaceDeclarationSyntax>().Any()
        select $"{source.Path} has a namespace in braces";

    private static IEnumerable<string> MachinePaths(Codebase codebase) =>
        from path in codebase.Paths
        where MachinePath().IsMatch(codebase[path])
        select $"{path} names a path of one machine";

    /// <summary>A stream that cannot seek has to refuse so.</summary>
    private static bool IsInOverride(SyntaxNode node) =>
        node.FirstAncestorOrSelf<MemberDeclarationSyntax>()?.Modifiers.Any(SyntaxKind.OverrideKeyword) == true;

    private static int LineOf(int position, SourceFile source) => source.Root.SyntaxTree.GetLineSpan(new(position, 0)).StartLinePosition.Line + 1;

    [GeneratedRegex("(Manager|Helpers?|Utils?|Utilities|Utility)$")]
    private static partial Regex VagueName();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|\bfor now\b")]
    private static partial Regex NoteToSelf();

    [GeneratedRegex(@"\b(one file|one place|lines|long)\b", RegexOptions.IgnoreCase)]
    private static partial Regex ReasonForLength();

    [GeneratedRegex("/tmp/[w]/|/[w]ork/")]
    private static partial Regex MachinePath();
}
