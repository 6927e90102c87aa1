using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using static Interconnect.Architecture.Tests.Rule;

namespace Interconnect.Architecture.Tests;

/// <summary>Dependencies and knowledge that stay in one place: the broker, the database drivers, group secrets, a network's own folder.</summary>
public sealed class QuarantineTests
{
    private const string Hub = "Interconnect.Hub", Mls = "Interconnect.Mls", AdaptersFolder = "src/Interconnect.Adapters/", Hosting = "Hosting";

    /// <summary>Which projects may have a package whose name starts so. The test kit makes databases for tests and looks into them from outside.</summary>
    private static readonly Dictionary<string, string[]> PackageOwners = new()
    {
        ["MassTransit"] = ["Interconnect.Bus"],
        ["RabbitMQ"] = ["Interconnect.Bus", "Interconnect.Bus.Tests", "Interconnect.Benchmarks"],
        ["Npgsql"] = ["Interconnect.Storage", "Interconnect.Testing"],
        ["Microsoft.Data.Sqlite"] = ["Interconnect.Storage", "Interconnect.Endpoint"],
        ["ZXing"] = ["Interconnect.Endpoint"],
    };

    /// <summary>What of the namespace Interconnect.Mls a server needs: suites, signatures, what it verifies, and how that is refused.</summary>
    private static readonly string[] MlsTypesForServers =
    [
        "CipherSuite", "SignatureKeyPair", "SignatureVerifier", "KeyPackages", "VerifiedKeyPackage", "Member", "MemberCredential", "Extension", "Capabilities",
        "IAuthenticationService", "MlsOptions", "MlsError", "MlsResult", "MlsRules",
    ];

    [Fact]
    public void BrokerAndDatabasePackages_OutsideTheirProjects_AreNotReferenced() => NoticesAndHolds(
        MisplacedPackages,
        Add("src/Interconnect.Hub/Interconnect.Hub.csproj", Package("MassTransit.Abstractions")),
        Add("tests/Interconnect.Hub.Tests/Interconnect.Hub.Tests.csproj", Package("RabbitMQ.Client")),
        Add("src/Interconnect.Hub/Interconnect.Hub.csproj", Package("Npgsql")),
        Add("src/Interconnect.Adapters/Interconnect.Adapters.csproj", Package("Microsoft.Data.Sqlite")),
        Add("src/Interconnect.Agent/Interconnect.Agent.csproj", Package("Npgsql.DependencyInjection")),
        Add("src/Interconnect.Agent/Interconnect.Agent.csproj", Package("ZXing.Net")));

    [Fact]
    public void BrokerWords_OutsideBus_AreNotInTheCode() => NoticesAndHolds(
        BrokerWords,
        Add("src/Interconnect.Gateway/Broken.cs", "using MassTransit;"),
        Add("src/Interconnect.Hub/Broken.cs", "class Broken { RabbitMQ.Client.IChannel? channel; }"),
        Add("src/Interconnect.Gateway/Broken.cs", "class Broken { string category = \"MassTransit.Transports\"; }"),
        Add("src/Interconnect.Gateway/Broken.cs", "class Broken { string category(int i) => $\"MassTransit.{i}\"; }"));

    [Fact]
    public void DatabaseDrivers_OutsideStorageAndEndpoint_AreNotUsed() => NoticesAndHolds(
        DatabaseDrivers,
        Add("src/Interconnect.Hub/Broken.cs", "using Npgsql;"),
        Add("src/Interconnect.Endpoint/Broken.cs", "using Npgsql;"),
        Add("src/Interconnect.Adapters/Broken.cs", "class Broken { Microsoft.Data.Sqlite.SqliteConnection? c; }"));

    [Fact]
    public void Hub_OfMls_UsesOnlyWhatNeedsNoSecret() => NoticesAndHolds(
        MlsSecretsInHub,
        Add("src/Interconnect.Hub/Broken.cs", "using Interconnect.Mls.Schedule;"),
        Add("src/Interconnect.Hub/Broken.cs", "class Broken { Interconnect.Mls.Groups.Anything? group; }"),
        Add("src/Interconnect.Hub/Broken.cs", "using Interconnect.Mls; class Broken { MlsGroup? group; }"));

    [Fact]
    public void Hub_OfMls_MayUsePublicGroups()
    {
        var allowed = Codebase.Current.With("src/Interconnect.Hub/Fine.cs", "using Interconnect.Mls; using Interconnect.Mls.PublicGroups; class Fine { MlsError? e; }");

        Assert.DoesNotContain(MlsSecretsInHub(allowed), line => line.Contains("Fine.cs", StringComparison.Ordinal));
    }

    [Fact]
    public void Internals_OfAProject_AreForItsTestsOnly() => NoticesAndHolds(
        OpenedInternals,
        Add("src/Interconnect.Mls/Interconnect.Mls.csproj", "<Project><ItemGroup><InternalsVisibleTo Include=\"Interconnect.Hub\" /></ItemGroup></Project>"),
        Add("src/Interconnect.Mls/Broken.cs", "[assembly: System.Runtime.CompilerServices.InternalsVisibleTo(\"Interconnect.Hub\")]"));

    [Fact]
    public void Adapters_OfOneNetwork_DoNotKnowAnother() => NoticesAndHolds(
        AdaptersThatMeet,
        codebase => codebase.With(AdaptersFolder + "Aaa/X.cs", "namespace Interconnect.Adapters.Aaa; using Interconnect.Adapters.Bbb;")
            .With(AdaptersFolder + "Bbb/Y.cs", "namespace Interconnect.Adapters.Bbb;"),
        codebase => codebase.With(AdaptersFolder + "Aaa/X.cs", "namespace Interconnect.Adapters.Aaa; class X { Bbb.Y? y; }")
            .With(AdaptersFolder + "Bbb/Y.cs", "namespace Interconnect.Adapters.Bbb; class Y;"));

    [Fact]
    public void Adapters_InTheirFolder_HaveItsNamespace() => NoticesAndHolds(
        AdaptersInAnotherNamespace,
        Add(AdaptersFolder + "Aaa/X.cs", "namespace Interconnect.Adapters; class X;"));

    [Fact]
    public void VendorTelemetry_OfTheBus_IsOff() => NoticesAndHolds(
        VendorTelemetry,
        codebase => codebase.Sources.Where(source => source.Project == "Interconnect.Bus")
            .Aggregate(codebase, (all, source) => all.With(source.Path, source.Text.Replace("DisableUsageTelemetry", "EnableIt", StringComparison.Ordinal)))
            .With("src/Interconnect.Bus/Broken.cs", "using MassTransit;"));

    private static IEnumerable<string> MisplacedPackages(Codebase codebase) =>
        from project in codebase.Projects
        from package in project.Packages
        from owners in PackageOwners
        where package.Name.StartsWith(owners.Key, StringComparison.OrdinalIgnoreCase) && !owners.Value.Contains(project.Name)
        select $"{project.Name} has package {package.Name}";

    private static IEnumerable<string> BrokerWords(Codebase codebase) =>
        from source in codebase.ProductSources
        where source.Project != "Interconnect.Bus"
        from token in source.Tokens
        where token.IsKind(SyntaxKind.IdentifierToken)
            ? token.ValueText is "MassTransit" or "RabbitMQ"
            : token.Text.Contains("MassTransit", StringComparison.Ordinal)
        select $"{source.Path} says {token.ValueText}";

    private static IEnumerable<string> DatabaseDrivers(Codebase codebase) =>
        from source in codebase.ProductSources
        where source.Project != "Interconnect.Storage"
        from name in source.NamesFrom("Npgsql", 1).Concat(source.NamesFrom("Microsoft", 3)).Distinct()
        where name == "Npgsql" || (name == "Microsoft.Data.Sqlite" && source.Project != "Interconnect.Endpoint")
        select $"{source.Path} uses {name}";

    private static IEnumerable<string> MlsSecretsInHub(Codebase codebase)
    {
        var sources = codebase.ProductSources.ToList();
        var kept = sources.Where(source => source.Project == Mls).SelectMany(source => source.PublicTypesIn(Mls)).Except(MlsTypesForServers).ToHashSet();
        foreach (var source in sources.Where(source => source.Project == Hub))
        {
            foreach (var name in source.NamesFrom("Interconnect", 3).Where(name => name.StartsWith(Mls + ".", StringComparison.Ordinal)))
            {
                var last = name[(Mls.Length + 1)..];
                if (last != "PublicGroups" && !MlsTypesForServers.Contains(last))
                    yield return $"{source.Path} uses {name}";
            }

            if (source.NamesFrom("Interconnect", 2).Contains(Mls))
            {
                foreach (var name in source.Identifiers.Where(kept.Contains))
                    yield return $"{source.Path} uses {name}";
            }
        }
    }

    private static IEnumerable<string> OpenedInternals(Codebase codebase) =>
        (from project in codebase.ProductProjects
         from friend in project.Xml.Descendants("InternalsVisibleTo").Select(element => element.Attribute("Include")?.Value ?? "")
         where codebase.Projects.Any(other => other.IsProduct && other.Name == friend)
         select $"{project.Name} opens its internals to {friend}")
        .Concat(
            from source in codebase.ProductSources
            where source.Identifiers.Contains("InternalsVisibleTo")
            select $"{source.Path} opens internals past the project file");

    private static IEnumerable<string> AdaptersThatMeet(Codebase codebase)
    {
        var networks = codebase.Sources.Select(NetworkOf).OfType<string>().Where(network => network != Hosting).ToHashSet();
        return
            from source in codebase.Sources
            let own = NetworkOf(source)
            where own is not null && own != Hosting
            from other in networks
            where other != own
            where source.NamesFrom("Interconnect", 3).Contains($"Interconnect.Adapters.{other}") || source.NamesFrom(other, 2).Any(name => name.Contains('.', StringComparison.Ordinal))
            select $"{source.Path} uses {other}";
    }

    private static IEnumerable<string> AdaptersInAnotherNamespace(Codebase codebase) =>
        from source in codebase.Sources
        let network = NetworkOf(source)
        where network is not null && !source.NamesFrom("Interconnect", 3).Contains($"Interconnect.Adapters.{network}")
        select $"{source.Path} is not in the namespace of its folder";

    private static IEnumerable<string> VendorTelemetry(Codebase codebase)
    {
        var bus = codebase.ProductSources.Where(source => source.Project == "Interconnect.Bus").ToList();
        return bus.Any(source => source.Identifiers.Contains("MassTransit")) && !bus.Any(source => source.Identifiers.Contains("DisableUsageTelemetry"))
            ? ["Interconnect.Bus uses MassTransit and does not call DisableUsageTelemetry"]
            : [];
    }

    /// <summary>The network's folder below Adapters; null for files beside the folders and for other projects.</summary>
    private static string? NetworkOf(SourceFile source)
    {
        var below = source.Path.StartsWith(AdaptersFolder, StringComparison.Ordinal) ? source.Path[AdaptersFolder.Length..].Split('/') : [];
        return below.Length > 1 ? below[0] : null;
    }

    private static string Package(string name) => $"<Project><ItemGroup><PackageReference Include=\"{name}\" /></ItemGroup></Project>";
}
