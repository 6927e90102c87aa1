using System.Text.Json;

namespace Interconnect.Testing;

/// <summary>
/// Finds the official vectors, genuine payloads and cases from the field that lie beside the repository. They are never part of it, and a
/// machine may lack them: a test that reads them is a <see cref="SharedFactAttribute"/> or <see cref="SharedTheoryAttribute"/>, which skips
/// it there. tests/vectors.md says where each set is had.
/// </summary>
public static class SharedFiles
{
    /// <summary>
    /// Names the folder that holds vectors/, fixtures/ and cases/, from the repository's root. A folder of MLS vectors alone stands in for
    /// those alone.
    /// </summary>
    public const string Variable = "INTERCONNECT_VECTORS";

    private const string Index = "index.json";

    /// <summary>The repository's root: the first folder upwards that holds Interconnect.sln.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>The folder that holds vectors/, fixtures/ and cases/: the one that is named, or ../shared. It may be absent.</summary>
    public static string Root { get; } = RootFor(Environment.GetEnvironmentVariable(Variable));

    /// <summary>A folder with other MLS vectors than those of <see cref="Root"/>; null when none is named.</summary>
    public static string? OtherMlsVectors { get; } =
        Named(Environment.GetEnvironmentVariable(Variable)) is { } named && named != Root ? named : null;

    /// <summary>A path below <see cref="Root"/>, as in `PathOf("cases/matrix-redacted/redacted.json")`.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>
    /// Why a test that reads these cannot run here, or null when it can. Each is a set (`vectors/mls`) or a file of one
    /// (`vectors/mls/treekem.json`).
    /// </summary>
    public static string? WhyNot(params string[] names) => WhyNot(Root, names);

    /// <summary>The same for another folder than <see cref="Root"/>.</summary>
    public static string? WhyNot(string root, string[] names) => names.Length == 0
        ? "The test names no set that it reads."
        : names.Select(name => Lack(root, name)).FirstOrDefault(lack => lack is not null);

    /// <summary>The root for a value of <see cref="Variable"/>: the usual one for nothing and for a folder of MLS vectors alone.</summary>
    public static string RootFor(string? value)
    {
        var usual = Path.GetFullPath(Path.Combine(RepositoryRoot, "..", "shared"));
        return Named(value) is not { } named || (!HoldsSets(named) && HoldsVectors(named)) ? usual : named;
    }

    private static string? Named(string? value) => string.IsNullOrEmpty(value) ? null : Path.GetFullPath(value, RepositoryRoot);

    private static bool HoldsSets(string folder) =>
        new[] { "vectors", "fixtures", "cases" }.Any(name => Directory.Exists(Path.Combine(folder, name)));

    private static bool HoldsVectors(string folder) =>
        Directory.Exists(folder) && Directory.EnumerateFiles(folder, "*.json", SearchOption.AllDirectories).Any();

    private static string? Lack(string root, string name)
    {
        if (SharedSet.Of(name) is not { } set)
        {
            return $"{name} is of no set that {nameof(SharedSet)} lists.";
        }

        var (missing, what) = !Directory.Exists(Path.Combine(root, set.Folder))
            ? (set.Folder, "missing")
            : LackOf(root, name == set.Folder ? FilesOf(set) : [name]);
        return missing is null
            ? null
            : $"{missing} is {what} in {root}. Source: {set.Source} (tests/vectors.md). {Variable} may name another folder than ../shared.";
    }

    private static (string? Missing, string What) LackOf(string root, IEnumerable<string> files)
    {
        foreach (var file in files)
        {
            if (!File.Exists(Path.Combine(root, file)))
            {
                return (file, "missing");
            }

            if (Path.GetFileName(file) == Index)
            {
                if (Listed(root, file) is not { } listed)
                {
                    return (file, "not a list of files");
                }

                if (listed.FirstOrDefault(name => !File.Exists(Path.Combine(root, name))) is { } absent)
                {
                    return (absent, "missing");
                }
            }
        }

        return default;
    }

    // A file index.json stands for all that it lists, too. Runs while tests are discovered, where an exception would make them vanish.
    private static List<string>? Listed(string root, string index)
    {
        try
        {
            var folder = Path.GetDirectoryName(index)!;
            using var parsed = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(root, index)));
            var names = parsed.RootElement.EnumerateArray().Select(entry => entry.GetProperty("file").GetString() ?? "");
            return names.Select(name => Path.Combine(folder, name)).ToList();
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static IEnumerable<string> FilesOf(SharedSet set) => set.Files.Select(file => $"{set.Folder}/{file}");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Interconnect.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The tests run from inside the repository; no Interconnect.sln was found above " + AppContext.BaseDirectory);
    }
}
