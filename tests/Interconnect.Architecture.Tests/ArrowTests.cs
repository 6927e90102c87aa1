using System.Text.RegularExpressions;
using static Interconnect.Architecture.Tests.Rule;

namespace Interconnect.Architecture.Tests;

/// <summary>Which project may use which: the table of src/README.md, the project files and the namespaces in the sources agree.</summary>
public sealed partial class ArrowTests
{
    private const string Adapters = "Interconnect.Adapters", Agent = "Interconnect.Agent", Bus = "Interconnect.Bus",
        Content = "Interconnect.Content", Endpoint = "Interconnect.Endpoint", Federation = "Interconnect.Federation",
        Gateway = "Interconnect.Gateway", Hub = "Interconnect.Hub", Mls = "Interconnect.Mls", Sandbox = "Interconnect.Sandbox",
        Storage = "Interconnect.Storage";

    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        [Federation] = [],
        [Mls] = [],
        [Content] = [],
        [Storage] = [],
        [Bus] = [Federation],
        [Sandbox] = [Federation],
        [Hub] = [Federation, Mls, Storage],
        [Adapters] = [Federation, Storage],
        [Endpoint] = [Mls, Content, Federation],
        [Agent] = [Endpoint, Mls, Content, Federation],
        [Gateway] = [Hub, Bus, Adapters, Sandbox, Federation, Storage],
    };

    private static readonly string[] MayReadContent = [Endpoint, Agent, Content + ".Tests", Endpoint + ".Tests", Agent + ".Tests", "Interconnect.Scenarios"];

    [Fact]
    public void ProjectReferences_BeyondTheArrows_AreNone() => NoticesAndHolds(
        ForbiddenReferences,
        Add("src/Interconnect.Hub/Interconnect.Hub.csproj", Project("../Interconnect.Adapters/Interconnect.Adapters.csproj")),
        Add("src/Interconnect.Mls/Interconnect.Mls.csproj", Project("../Interconnect.Federation/Interconnect.Federation.csproj")),
        Add("src/Interconnect.Gateway/Interconnect.Gateway.csproj", Project("../Interconnect.Agent/Interconnect.Agent.csproj")),
        Add("src/Interconnect.Bus/Interconnect.Bus.csproj", Project("../../tests/Interconnect.Testing/Interconnect.Testing.csproj")),
        Add("src/Interconnect.Other/Interconnect.Other.csproj", Project("../Interconnect.Federation/Interconnect.Federation.csproj")));

    [Fact]
    public void ProjectReferences_GatewayToAgentForTheBuildOrder_AreAllowed()
    {
        var reference = "../Interconnect.Agent/Interconnect.Agent.csproj\" ReferenceOutputAssembly=\"false";
        var gateway = Codebase.Current.With("src/Interconnect.Gateway/Interconnect.Gateway.csproj", Project(reference));
        var hub = Codebase.Current.With("src/Interconnect.Hub/Interconnect.Hub.csproj", Project(reference));

        Assert.Contains(ForbiddenReferences(hub), line => line.StartsWith(Hub, StringComparison.Ordinal));
        Assert.DoesNotContain(ForbiddenReferences(gateway), line => line.StartsWith(Gateway, StringComparison.Ordinal));
    }

    [Fact]
    public void Namespaces_BeyondTheArrows_AreUsedNowhere() => NoticesAndHolds(
        ForbiddenNamespaces,
        Add("src/Interconnect.Hub/Broken.cs", "using Interconnect.Adapters.Matrix;"),
        Add("src/Interconnect.Gateway/Broken.cs", "using C = Interconnect.Content.MimiContent;"),
        Add("src/Interconnect.Adapters/Broken.cs", "class Broken { global::Interconnect.Hub.Routing.Router? router; }"),
        Add("src/Interconnect.Federation/Broken.cs", "class Broken { object o = typeof(Interconnect.Mls.MlsGroup); }"));

    [Fact]
    public void ReferencesThatTheGatewayBrings_NeverReachContent() => NoticesAndHolds(
        ContentReachedByServers,
        Add("src/Interconnect.Sandbox/Interconnect.Sandbox.csproj", Project("../Interconnect.Endpoint/Interconnect.Endpoint.csproj")),
        Add("src/Interconnect.Federation/Interconnect.Federation.csproj", Project("../Interconnect.Content/Interconnect.Content.csproj")));

    [Fact]
    public void Content_OutsideEndpointsAndTheirTests_IsNotReferenced() => NoticesAndHolds(
        ContentReferences,
        Add("tests/Interconnect.Hub.Tests/Interconnect.Hub.Tests.csproj", Project("../../src/Interconnect.Content/Interconnect.Content.csproj")),
        Add("tests/Interconnect.Benchmarks/Interconnect.Benchmarks.csproj", Project("../../src/Interconnect.Content/Interconnect.Content.csproj")));

    [Fact]
    public void Map_InSrcReadme_SaysWhatIsAllowed() => NoticesAndHolds(
        MapDifferences,
        Change("src/README.md", "| Federation, Storage |", "| Federation, Hub, Storage |"),
        Change("src/README.md", "| `Interconnect.Sandbox` |", "| `Interconnect.Sandpit` |"));

    private static IEnumerable<string> ForbiddenReferences(Codebase codebase) =>
        from project in codebase.ProductProjects
        from reference in project.References
        where !Allowed.TryGetValue(project.Name, out var allowed) || !allowed.Contains(reference.Name)
        where !(project.Name == Gateway && reference is { Name: Agent, BuildOrderOnly: true })
        select $"{project.Name} refers to {reference.Name}";

    private static IEnumerable<string> ForbiddenNamespaces(Codebase codebase) =>
        from source in codebase.ProductSources
        from name in source.NamesFrom("Interconnect", 2).Distinct()
        where name != source.Project && name != "Interconnect"
        where !Allowed.TryGetValue(source.Project, out var allowed) || !allowed.Contains(name)
        select $"{source.Path} uses {name}";

    private static IEnumerable<string> ContentReachedByServers(Codebase codebase)
    {
        var references = codebase.ProductProjects.ToDictionary(
            project => project.Name, project => project.References.Where(reference => !reference.BuildOrderOnly).Select(reference => reference.Name).ToList());
        var reached = new HashSet<string>();
        var open = new Stack<string>([Gateway]);
        while (open.TryPop(out var project))
        {
            foreach (var next in references.GetValueOrDefault(project, []).Where(reached.Add))
                open.Push(next);
        }

        return reached.Where(project => project is Content or Endpoint or Agent).Select(project => $"{Gateway} reaches {project}");
    }

    private static IEnumerable<string> ContentReferences(Codebase codebase) =>
        from project in codebase.Projects
        where project.References.Any(reference => reference is { Name: Content, BuildOrderOnly: false })
        where !MayReadContent.Contains(project.Name)
        select $"{project.Name} refers to {Content}";

    private static IEnumerable<string> MapDifferences(Codebase codebase)
    {
        var rows = MapRow().Matches(codebase["src/README.md"])
            .ToDictionary(row => row.Groups[1].Value, row => ProjectName().Matches(row.Groups[2].Value).Select(match => "Interconnect." + match.Value).ToHashSet());
        foreach (var project in rows.Keys.Union(Allowed.Keys).Union(codebase.ProductProjects.Select(project => project.Name)))
        {
            var said = rows.GetValueOrDefault(project);
            var allowed = Allowed.GetValueOrDefault(project);
            if (said is null || allowed is null || !codebase.Contains($"src/{project}/{project}.csproj"))
                yield return $"{project} is not in the map, the rule and src alike";
            else if (!said.SetEquals(project == Agent ? [Endpoint] : allowed))
                yield return $"{project}: the map says {string.Join(", ", said)}";
        }
    }

    private static string Project(string reference) =>
        $"<Project Sdk=\"Microsoft.NET.Sdk\"><ItemGroup><ProjectReference Include=\"{reference}\" /></ItemGroup></Project>";

    [GeneratedRegex(@"^\| `(Interconnect\.\w+)` \|.*\| ([^|]*) \|$", RegexOptions.Multiline)]
    private static partial Regex MapRow();

    [GeneratedRegex(@"\b(Federation|Mls|Content|Storage|Bus|Hub|Adapters|Sandbox|Endpoint|Gateway|Agent)\b")]
    private static partial Regex ProjectName();
}
