using System.Text.Json;
using static Interconnect.Architecture.Tests.Rule;

namespace Interconnect.Architecture.Tests;

/// <summary>How everything is built: one list of versions, one SDK, warnings as errors, no clock but TimeProvider.</summary>
public sealed class BuildSettingsTests
{
    private const string Properties = "Directory.Build.props", Versions = "Directory.Packages.props", Solution = "Interconnect.sln";

    private static readonly string[] Demanded =
        ["<TreatWarningsAsErrors>true</TreatWarningsAsErrors>", "<Nullable>enable</Nullable>", "<ManagePackageVersionsCentrally>true</ManagePackageVersionsCentrally>"];

    private static readonly string[] BannedByName =
    [
        "P:System.DateTime.UtcNow", "P:System.DateTime.Now", "P:System.DateTimeOffset.UtcNow", "M:System.Threading.Thread.Sleep(System.Int32)",
        "M:System.Threading.Tasks.Task.Delay(System.Int32)", "M:System.Threading.Tasks.Task.Delay(System.TimeSpan)", "T:System.Random",
    ];

    [Fact]
    public void PackageVersions_AreInTheCentralListOnly() => NoticesAndHolds(
        VersionsOutsideTheList,
        Add("src/Interconnect.Hub/Interconnect.Hub.csproj", "<Project><ItemGroup><PackageReference Include=\"Dapper\" Version=\"2.1.86\" /></ItemGroup></Project>"),
        Add("src/Interconnect.Hub/Interconnect.Hub.csproj", "<Project><ItemGroup><PackageReference Include=\"Dapper\" VersionOverride=\"2.1.86\" /></ItemGroup></Project>"),
        Add("src/Interconnect.Hub/Interconnect.Hub.csproj", "<Project><ItemGroup><PackageReference Include=\"Dapper\"><Version>2.1.86</Version></PackageReference></ItemGroup></Project>"),
        Add("src/Interconnect.Hub/Interconnect.Hub.csproj", "<Project><ItemGroup><PackageReference Include=\"Unlisted\" /></ItemGroup></Project>"));

    [Fact]
    public void BuildProperties_WarningsAndNull_AreStrictEverywhere() => NoticesAndHolds(
        LaxProperties,
        Change(Properties, Demanded[0], ""),
        Change(Properties, Demanded[1], "<Nullable>annotations</Nullable>"),
        Change(Properties, Demanded[2], ""),
        Add("src/Interconnect.Hub/Interconnect.Hub.csproj", "<Project><PropertyGroup><TreatWarningsAsErrors>false</TreatWarningsAsErrors></PropertyGroup></Project>"),
        Add("src/Interconnect.Hub/Interconnect.Hub.csproj", "<Project><PropertyGroup><Nullable>disable</Nullable></PropertyGroup></Project>"));

    [Fact]
    public void Nullability_InSources_IsNotSwitchedOff() => NoticesAndHolds(
        SwitchedOffInSources,
        Add("src/Interconnect.Hub/Broken.cs", "#nullable disable\nclass Broken;"),
        Add("src/Interconnect.Hub/Broken.cs", "#pragma warning disable RS0030\nclass Broken;"));

    [Fact]
    public void BannedSymbols_ClockSleepAndRandom_AreListedAndInForce() => NoticesAndHolds(
        MissingBans,
        Change("BannedSymbols.txt", "T:System.Random", "T:System.Other"),
        Change(Properties, "Microsoft.CodeAnalysis.BannedApiAnalyzers", "Other"));

    [Fact]
    public void Sdk_IsPinned() => NoticesAndHolds(
        UnpinnedSdk,
        Add("global.json", "{ }"),
        Add("global.json", """{ "sdk": { "version": "10.0.400", "rollForward": "latestMajor" } }"""),
        Add("global.json", """{ "sdk": { "version": "10.0.400", "rollForward": "latestFeature", "allowPrerelease": true } }"""));

    [Fact]
    public void Solution_HoldsEveryProject() => NoticesAndHolds(
        ProjectsOutsideTheSolution,
        Add("src/Interconnect.Other/Interconnect.Other.csproj", "<Project />"));

    [Fact]
    public void ProductProjects_HaveTests() => NoticesAndHolds(
        ProjectsWithoutTests,
        codebase => codebase.Without("tests/Interconnect.Content.Tests/Interconnect.Content.Tests.csproj"));

    [Fact]
    public void Tests_UseFakesAndPlainAsserts() => NoticesAndHolds(
        MockingLibraries,
        Add("tests/Interconnect.Hub.Tests/Interconnect.Hub.Tests.csproj", "<Project><ItemGroup><PackageReference Include=\"Moq\" /></ItemGroup></Project>"));

    [Fact]
    public void MassTransit_StaysBelowTheCommercialLicence() => NoticesAndHolds(
        CommercialVersions,
        Change(Versions, "\"MassTransit.RabbitMQ\" Version=\"[8.", "\"MassTransit.RabbitMQ\" Version=\"[9."));

    private static IEnumerable<string> VersionsOutsideTheList(Codebase codebase)
    {
        var listed = codebase.Xml(Versions).Descendants("PackageVersion").Select(element => element.Attribute("Include")?.Value).ToHashSet();
        return
            from project in codebase.Projects
            from package in project.Packages
            where package.Version is not null || !listed.Contains(package.Name)
            select $"{project.Name}: {package.Name} {package.Version ?? "is not in the list"}";
    }

    private static IEnumerable<string> LaxProperties(Codebase codebase) =>
        Demanded.Where(property => !codebase[Properties].Contains(property, StringComparison.Ordinal)).Select(property => $"{Properties} lacks {property}")
            .Concat(
                from project in codebase.Projects
                from property in project.Xml.Descendants()
                where property.Name.LocalName is "TreatWarningsAsErrors" or "Nullable" or "ManagePackageVersionsCentrally" or "WarningsNotAsErrors"
                select $"{project.Name} sets {property.Name.LocalName}");

    private static IEnumerable<string> SwitchedOffInSources(Codebase codebase) =>
        from source in codebase.ProductSources
        from line in source.Text.Split('\n')
        let text = line.Trim()
        where text.StartsWith("#nullable disable", StringComparison.Ordinal) || (text.StartsWith("#pragma warning disable", StringComparison.Ordinal) && text.Contains("RS0030", StringComparison.Ordinal))
        select $"{source.Path}: {text}";

    private static IEnumerable<string> MissingBans(Codebase codebase)
    {
        var banned = codebase["BannedSymbols.txt"].Split('\n').Select(line => line.Split(';')[0]).ToHashSet();
        foreach (var symbol in BannedByName.Where(symbol => !banned.Contains(symbol)))
            yield return $"BannedSymbols.txt lacks {symbol}";

        if (!codebase[Properties].Contains("Microsoft.CodeAnalysis.BannedApiAnalyzers", StringComparison.Ordinal) || !codebase[Properties].Contains("BannedSymbols.txt", StringComparison.Ordinal))
            yield return $"{Properties} does not put the banned symbols in force";
    }

    private static IEnumerable<string> UnpinnedSdk(Codebase codebase)
    {
        using var document = JsonDocument.Parse(codebase["global.json"]);
        if (!document.RootElement.TryGetProperty("sdk", out var sdk) || !sdk.TryGetProperty("version", out _))
            return ["global.json pins no SDK"];

        var rollForward = sdk.TryGetProperty("rollForward", out var value) ? value.GetString() : null;
        var previews = !sdk.TryGetProperty("allowPrerelease", out var allowed) || allowed.GetBoolean();
        return rollForward is "disable" or "patch" or "latestPatch" or "feature" or "latestFeature" && !previews
            ? []
            : [$"global.json rolls forward to {rollForward}, previews {previews}"];
    }

    private static IEnumerable<string> ProjectsOutsideTheSolution(Codebase codebase)
    {
        var solution = codebase[Solution].Replace('\\', '/');
        return codebase.Projects.Where(project => !solution.Contains($"\"{project.Path}\"", StringComparison.Ordinal))
            .Select(project => $"{project.Path} is not in {Solution}");
    }

    private static IEnumerable<string> ProjectsWithoutTests(Codebase codebase) =>
        from project in codebase.ProductProjects
        where !codebase.Contains($"tests/{project.Name}.Tests/{project.Name}.Tests.csproj")
        select $"{project.Name} has no tests";

    private static IEnumerable<string> MockingLibraries(Codebase codebase) =>
        from project in codebase.Projects
        from package in project.Packages
        where package.Name.Split('.')[0] is "Moq" or "NSubstitute" or "FakeItEasy" or "FluentAssertions" or "Shouldly"
        select $"{project.Name} has package {package.Name}";

    private static IEnumerable<string> CommercialVersions(Codebase codebase) =>
        from package in codebase.Xml(Versions).Descendants("PackageVersion")
        let name = package.Attribute("Include")?.Value ?? ""
        let version = package.Attribute("Version")?.Value ?? ""
        where name.StartsWith("MassTransit", StringComparison.Ordinal) && !version.StartsWith("[8.", StringComparison.Ordinal)
        select $"{name} {version}";
}
