using System.Xml.Linq;

namespace Interconnect.Architecture.Tests;

/// <summary>A csproj: what it refers to.</summary>
internal sealed record ProjectFile(
    string Path, string Name, IReadOnlyList<ProjectReference> References, IReadOnlyList<PackageReference> Packages, XDocument Xml)
{
    public bool IsProduct => Path.StartsWith("src/", StringComparison.Ordinal);

    public string Folder => Path[..Path.LastIndexOf('/')];

    public static ProjectFile Parse(string path, string text)
    {
        var xml = XDocument.Parse(text);
        return new(
            path,
            System.IO.Path.GetFileNameWithoutExtension(path),
            [.. xml.Descendants("ProjectReference").Select(ToProjectReference)],
            [.. xml.Descendants("PackageReference").Select(ToPackageReference)],
            xml);
    }

    private static ProjectReference ToProjectReference(XElement element) => new(
        System.IO.Path.GetFileNameWithoutExtension(Include(element).Replace('\\', '/')),
        BuildOrderOnly: string.Equals(Value(element, "ReferenceOutputAssembly"), "false", StringComparison.OrdinalIgnoreCase));

    private static PackageReference ToPackageReference(XElement element) =>
        new(Include(element), Value(element, "Version") ?? Value(element, "VersionOverride"));

    private static string Include(XElement element) => element.Attribute("Include")?.Value ?? element.Attribute("Update")?.Value ?? "";

    private static string? Value(XElement element, string name) => element.Attribute(name)?.Value ?? element.Element(name)?.Value;
}

/// <summary>A reference to a project; one for the build order only brings no assembly.</summary>
internal sealed record ProjectReference(string Name, bool BuildOrderOnly);

/// <summary>A reference to a package; the version is null when it is left to the central list.</summary>
internal sealed record PackageReference(string Name, string? Version);
