using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Interconnect.Architecture.Tests.Rule;

namespace Interconnect.Architecture.Tests;

/// <summary>
/// The files beside the repository: what tests read, they name, so that they are skipped where it is missing; and the list of sets in the
/// test kit, the tests, and tests/vectors.md say the same.
/// </summary>
public sealed class SharedSetTests
{
    private const string Sets = "tests/Interconnect.Testing/SharedSet.cs", Kit = "Interconnect.Testing", Document = "tests/vectors.md";
    private const string Broken = "tests/Interconnect.Hub.Tests/Broken.cs", None = "none yet";

    private static readonly string[] PlainTests = ["Fact", "Theory"], SharedTests = ["SharedFact", "SharedTheory"];

    [Fact]
    public void Document_ListsTheSetsWithTheirSourcesAndReaders() => NoticesAndHolds(
        Differences,
        Change(Document, "| `vectors/hpke` | https://github.com/cfrg/draft-irtf-cfrg-hpke | `CryptoVectors` |\n", ""),
        Change(Document, "| `vectors/hpke` | https://github.com/cfrg/", "| `vectors/hpke` | https://github.com/other/"),
        Change(Document, "| `vectors/hpke` |", "| `vectors/hpke2` |"),
        Change(Document, "hpke | `CryptoVectors` |", "hpke | `CryptoVectors`, `TreeVectors` |"),
        Change(Document, "hpke | `CryptoVectors` |", $"hpke | {None} |"),
        Change(Sets, "\"vectors/hpke\"", "\"vectors/other\""),
        Add(Broken, "class Broken { [SharedFact(\"vectors/hpke\")] public void M() { } }"),
        Add(Broken, "class Broken { const string F = \"vectors\"; [SharedTheory(F + \"/hpke/a.json\")] public void M() { } }"));

    [Fact]
    public void Tests_NameListedSetsOnly() => NoticesAndHolds(
        UnlistedNames,
        Add(Broken, "class Broken { [SharedFact(\"vectors/unlisted\")] public void M() { } }"),
        Add(Broken, "class Broken { [SharedTheory(\"vectors/hpke\", \"vectors/hpke2/a.json\")] public void M() { } }"),
        Add(Broken, "class Broken { [SharedFact] public void M() { } }"),
        Add(Broken, "class Broken { [SharedFact(Elsewhere.Name)] public void M() { } }"));

    [Fact]
    public void Tests_NameWhatTheyRead() => NoticesAndHolds(
        UnnamedReads,
        Add(Broken, "class Broken { [Fact] public void M() => File.ReadAllText(SharedFiles.PathOf(\"vectors/hpke/a.json\")); }"),
        Add(Broken, "class Broken { [SharedFact(\"vectors/mls\")] public void M() => SharedFiles.PathOf(\"vectors/hpke/a.json\"); }"),
        Add(Broken, "class Broken { [Fact] public void M() => P(); string P() => SharedFiles.PathOf(\"vectors\", \"hpke\"); }"),
        Add(Broken, "class Broken { [SharedFact(\"vectors/hpke\")] public void M() => SharedFiles.PathOf(name); }"),
        Add(Broken, "class Broken { [SharedFact(\"vectors/hpke\")] public void M() => Path.Combine(SharedFiles.Root, \"vectors\"); }"),
        Add(Broken, "class Broken { string P() => SharedFiles.PathOf(\"vectors/hpke\"); }"),
        Add(Broken, "class Broken { [SharedFact(\"vectors/hpke\")] public void M() { } [Fact] public void N() => SharedFiles.PathOf(\"vectors/hpke\"); }"));

    [Fact]
    public void Tests_ThatNameWhatTheyRead_AreAllowed()
    {
        var text = "class Fine { const string F = \"vectors/hpke\"; [SharedFact(F)] public void M() => SharedFiles.PathOf(F, \"a.json\"); }";
        var codebase = Codebase.Current.With("tests/Interconnect.Hub.Tests/Fine.cs", text);

        Assert.DoesNotContain(
            UnlistedNames(codebase).Concat(UnnamedReads(codebase)), line => line.Contains("Fine.cs", StringComparison.Ordinal));
    }

    private static IEnumerable<string> Differences(Codebase codebase)
    {
        var listed = Listed(codebase);
        var readers = (
            from source in TestSources(codebase)
            from use in Uses(source)
            from name in use.Names
            where name is not null
            select (Set: SetOf(listed.Keys, name), Reader: $"`{use.Type}`")).ToLookup(pair => pair.Set, pair => pair.Reader);
        var expected = listed.Select(set =>
            $"| `{set.Key}` | {set.Value} | {(readers.Contains(set.Key) ? string.Join(", ", readers[set.Key].Distinct().Order(StringComparer.Ordinal)) : None)} |").ToList();
        var rows = codebase[Document].Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).ToList();
        return
        [
            .. from row in expected where !rows.Any(line => line.StartsWith(row, StringComparison.Ordinal)) select $"{Document} lacks the row {row}",
            .. from line in rows where !expected.Any(row => line.StartsWith(row, StringComparison.Ordinal)) select $"{Document} has the row {line}",
        ];
    }

    private static IEnumerable<string> UnlistedNames(Codebase codebase)
    {
        var sets = Listed(codebase).Keys;
        return
            from source in TestSources(codebase)
            from use in Uses(source)
            from name in use.Names.DefaultIfEmpty()
            where name is null || SetOf(sets, name) is null
            select $"{source.Path}: {use.Type} names {name ?? "nothing, or something that is neither a literal nor a constant of its file"}";
    }

    private static IEnumerable<string> UnnamedReads(Codebase codebase)
    {
        var sets = Listed(codebase).Keys;
        foreach (var source in TestSources(codebase))
        {
            foreach (var read in source.Nodes.OfType<MemberAccessExpressionSyntax>().Where(IsRead))
            {
                var arguments = (read.Parent as InvocationExpressionSyntax)?.ArgumentList.Arguments;
                var name = arguments is { Count: > 0 } ? ReadName(source, arguments.Value) : null;
                var set = name is null ? null : SetOf(sets, name);
                var isPlain = read.FirstAncestorOrSelf<MethodDeclarationSyntax>() is { } method && HasAttribute(method, PlainTests);
                if (set is null || isPlain || !MayRead(codebase, source).Any(named => SetOf(sets, named) == set))
                    yield return $"{source.Path} reads {name ?? read.ToString()} in tests that do not name it";
            }
        }
    }

    // In a file of tests, one of them names the set; what other files read for the tests is named in their project.
    private static IEnumerable<string> MayRead(Codebase codebase, SourceFile source)
    {
        var isOfTests = source.Nodes.OfType<MethodDeclarationSyntax>().Any(method => HasAttribute(method, [.. PlainTests, .. SharedTests]));
        return TestSources(codebase).Where(other => isOfTests ? other.Path == source.Path : other.Project == source.Project)
            .SelectMany(Uses).SelectMany(use => use.Names).OfType<string>();
    }

    private static IEnumerable<SourceFile> TestSources(Codebase codebase) =>
        codebase.Sources.Where(source => source.Path.StartsWith("tests/", StringComparison.Ordinal) && source.Project != Kit);

    /// <summary>Folder and source of each set that the test kit lists.</summary>
    private static Dictionary<string, string> Listed(Codebase codebase)
    {
        var source = codebase.Sources.Single(source => source.Path == Sets);
        return source.Nodes.OfType<ImplicitObjectCreationExpressionSyntax>()
            .ToDictionary(set => Value(source, set.ArgumentList.Arguments[0].Expression)!, set => Value(source, set.ArgumentList.Arguments[1].Expression)!);
    }

    private static string? SetOf(IEnumerable<string> sets, string name) =>
        sets.FirstOrDefault(set => name == set || name.StartsWith(set + "/", StringComparison.Ordinal));

    /// <summary>What the tests of a file name: a null for what cannot be told from the file.</summary>
    private static IEnumerable<(string Type, IReadOnlyList<string?> Names)> Uses(SourceFile source) =>
        from attribute in source.Nodes.OfType<AttributeSyntax>()
        let name = attribute.Name.ToString()
        where SharedTests.Contains(name) || name == "VectorFiles"
        let type = attribute.FirstAncestorOrSelf<TypeDeclarationSyntax>()!.Identifier.Text
        let arguments = attribute.ArgumentList?.Arguments.Where(argument => argument.NameEquals is null) ?? []
        select (type, (IReadOnlyList<string?>)(SharedTests.Contains(name) ? [.. arguments.Select(argument => Value(source, argument.Expression))] : ["vectors/mls"]));

    private static bool HasAttribute(MethodDeclarationSyntax method, string[] names) =>
        method.AttributeLists.SelectMany(list => list.Attributes).Any(attribute => names.Contains(attribute.Name.ToString()));

    private static bool IsRead(MemberAccessExpressionSyntax access) =>
        access.Expression.ToString().Split('.')[^1] == "SharedFiles" && access.Name.Identifier.Text is "PathOf" or "Root";

    // The first parts of a path, as far as the file tells them, name the set.
    private static string? ReadName(SourceFile source, SeparatedSyntaxList<ArgumentSyntax> parts)
    {
        var told = parts.Select(part => Value(source, part.Expression)).TakeWhile(part => part is not null).ToList();
        return told.Count == 0 ? null : string.Join('/', told);
    }

    /// <summary>The value of a literal, of a constant of the same file, or of several joined with a plus; else null.</summary>
    private static string? Value(SourceFile source, ExpressionSyntax expression) => expression switch
    {
        LiteralExpressionSyntax literal when literal.IsKind(SyntaxKind.StringLiteralExpression) => literal.Token.ValueText,
        IdentifierNameSyntax name => Constant(source, name.Identifier.Text),
        BinaryExpressionSyntax sum when sum.IsKind(SyntaxKind.AddExpression) =>
            Value(source, sum.Left) is { } left && Value(source, sum.Right) is { } right ? left + right : null,
        _ => null,
    };

    private static string? Constant(SourceFile source, string name) =>
        source.Nodes.OfType<FieldDeclarationSyntax>().Where(field => field.Modifiers.Any(SyntaxKind.ConstKeyword))
            .SelectMany(field => field.Declaration.Variables).FirstOrDefault(variable => variable.Identifier.Text == name)?.Initializer is { } given
            ? Value(source, given.Value)
            : null;
}
