using System.IO.Compression;
using System.Xml.Linq;
using Interconnect.Testing;

namespace Interconnect.Mls.Tests.Packaging;

/// <summary>The NuGet package, made and used as somebody outside the repository would: from a folder source, in a new console project, with the README's example.</summary>
public sealed class PackageTests : IDisposable
{
    private const string Name = "Interconnect.Mls";
    private static readonly string Project = Path.Combine(SharedFiles.RepositoryRoot, "src", Name);
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("interconnect-package-");

    [Fact]
    public async Task Package_InANewProject_RunsTheReadmesExample()
    {
        var packages = folder.CreateSubdirectory("packages").FullName;
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        await DotnetAsync(SharedFiles.RepositoryRoot, "pack", Project, "--no-build", "--configuration", configuration, "--output", packages);
        var package = Assert.Single(Directory.GetFiles(packages, "*.nupkg"));
        var version = Contents(package);

        var user = folder.CreateSubdirectory("user").FullName;
        await File.WriteAllTextAsync(Path.Combine(user, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{Path.Combine(folder.FullName, "cache")}" /></config>
              <packageSources><clear /><add key="local" value="{packages}" /></packageSources>
            </configuration>
            """);
        await File.WriteAllTextAsync(Path.Combine(user, "user.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <UseAppHost>false</UseAppHost>
              </PropertyGroup>
              <ItemGroup><PackageReference Include="{Name}" Version="{version}" /></ItemGroup>
            </Project>
            """);
        await File.WriteAllTextAsync(Path.Combine(user, "Program.cs"), $"using {Name};\n{Example()}\nConsole.WriteLine($\"heard: {{heard}}\");\n");

        Assert.Equal("heard: hello Bob", (await DotnetAsync(user, "run"))[^1]);
    }

    public void Dispose() => folder.Delete(recursive: true);

    // Returns the version.
    private static string Contents(string package)
    {
        using var archive = ZipFile.OpenRead(package);
        var files = archive.Entries.Select(entry => entry.FullName).ToList();
        Assert.Contains($"lib/net10.0/{Name}.dll", files);
        Assert.Contains($"lib/net10.0/{Name}.xml", files);
        Assert.Equal(File.ReadAllText(Path.Combine(Project, "README.md")), Text(archive, "README.md"));
        Assert.Contains("M:Interconnect.Mls.MlsClient.Join", Text(archive, $"lib/net10.0/{Name}.xml"), StringComparison.Ordinal);
        var metadata = XDocument.Parse(Text(archive, Name + ".nuspec")).Root!.Elements().Single();
        string? Field(string name) => metadata.Elements().SingleOrDefault(element => element.Name.LocalName == name)?.Value;
        Assert.Equal((Name, "README.md"), (Field("id"), Field("readme")));
        Assert.False(string.IsNullOrEmpty(Field("description")));
        Assert.DoesNotContain(metadata.Descendants(), element => element.Name.LocalName == "dependency");
        return Field("version")!;
    }

    private static string Text(ZipArchive archive, string file)
    {
        using var reader = new StreamReader(archive.GetEntry(file)!.Open());
        return reader.ReadToEnd();
    }

    private static string Example()
    {
        const string Begin = "```csharp\n";
        var readme = File.ReadAllText(Path.Combine(Project, "README.md"));
        var start = readme.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        return readme[start..readme.IndexOf("```", start, StringComparison.Ordinal)];
    }

    private static async Task<IReadOnlyList<string>> DotnetAsync(string workingFolder, params string[] arguments)
    {
        var environment = new Dictionary<string, string?>
        {
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1", ["DOTNET_NOLOGO"] = "1", ["DOTNET_CLI_UI_LANGUAGE"] = "en",
            ["MSBUILDDISABLENODEREUSE"] = "1", ["UseSharedCompilation"] = "false",
        };
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        await using var child = ChildProcess.Start(dotnet, arguments, environment, workingFolder);
        var code = await child.WaitForExitAsync(TimeSpan.FromMinutes(5));
        Assert.True(code == 0, $"dotnet {arguments[0]} ended with {code}: {child.Tail()}");
        return child.Output;
    }
}
