using System.Text.RegularExpressions;
using static Interconnect.Architecture.Tests.Rule;

namespace Interconnect.Architecture.Tests;

/// <summary>Prose that can be wrong is checked: every project is described, and a name in code quotes exists.</summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public void ProductProjects_AreDescribed() => NoticesAndHolds(
        UndescribedProjects,
        Add("src/Interconnect.Other/Interconnect.Other.csproj", "<Project />"));

    [Fact]
    public void NamesInCodeQuotes_ExistInTheSources() => NoticesAndHolds(
        UnknownNames,
        Add("src/Interconnect.Hub/README.md", "Ask the `RoomThatNeverWas`."),
        Add("README.md", "Call `MimiContent.NeverWritten` first."),
        Add("README.md", "See `Interconnect.Nowhere`."));

    [Fact]
    public void NamesInCodeQuotes_ThatExist_AreAllowed()
    {
        var text = "`MimiContent.TryDecode(bytes, out content, out error)`, `Interconnect.Content`, `dotnet test`, `Retry-After`, `src/Interconnect.Content`, `DateTimeOffset`.";

        Assert.DoesNotContain(
            UnknownNames(Codebase.Current.With("deploy/README.md", text)),
            line => line.StartsWith("deploy/README.md", StringComparison.Ordinal));
    }

    private static IEnumerable<string> UndescribedProjects(Codebase codebase) =>
        from project in codebase.ProductProjects
        where !codebase.Contains($"{project.Folder}/README.md") && !codebase["src/README.md"].Contains($"| `{project.Name}` |", StringComparison.Ordinal)
        select $"{project.Name} is described nowhere";

    private static IEnumerable<string> UnknownNames(Codebase codebase)
    {
        var known = codebase.Sources.SelectMany(source => source.Identifiers)
            .Concat(codebase.WithExtension(".proto").SelectMany(path => Word().Matches(codebase[path]).Select(match => match.Value)))
            .Concat(codebase.Projects.SelectMany(project => project.Name.Split('.')))
            .ToHashSet();
        return
            from path in codebase.WithExtension(".md")
            from quote in CodeQuote().Matches(Fence().Replace(codebase[path], ""))
            let name = quote.Groups[1].Value
            from part in name.Split('.')
            where PascalCase().IsMatch(part) && !known.Contains(part)
            select $"{path} names {name}";
    }

    /// <summary>One dotted name in code quotes, perhaps with type arguments or an argument list behind it.</summary>
    [GeneratedRegex(@"`([A-Z][A-Za-z0-9]*(?:\.[A-Z][A-Za-z0-9]*)*)(?:<[^`]*>)?(?:\([^`]*\))?`")]
    private static partial Regex CodeQuote();

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("^[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*$")]
    private static partial Regex PascalCase();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();
}
