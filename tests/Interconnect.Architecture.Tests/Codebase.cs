using System.Collections.Concurrent;
using System.Xml.Linq;

namespace Interconnect.Architecture.Tests;

/// <summary>The repository's text files by path, `/` between folders. A test adds a broken file to it and looks whether the rule notices.</summary>
internal sealed class Codebase
{
    private static readonly string[] SkippedFolders = ["bin", "obj", ".git", ".state", ".vs", ".idea", "artifacts", "node_modules", "TestResults"];
    private static readonly string[] TextExtensions = [".cs", ".csproj", ".props", ".targets", ".json", ".md", ".proto", ".sln", ".sql", ".txt", ".sh", ".razor", ""];
    private static readonly ConcurrentDictionary<(string Path, string Text), SourceFile> Parsed = new();

    private readonly Dictionary<string, string> files;

    private Codebase(Dictionary<string, string> files) => this.files = files;

    /// <summary>What is on disk.</summary>
    public static Codebase Current { get; } = Load(FindRoot());

    public IEnumerable<string> Paths => files.Keys;

    public string this[string path] => files[path];

    public IEnumerable<SourceFile> Sources => WithExtension(".cs").Select(path => Parsed.GetOrAdd((path, files[path]), key => SourceFile.Parse(key.Path, key.Text)));

    /// <summary>The sources of the product, without those of its tests.</summary>
    public IEnumerable<SourceFile> ProductSources => Sources.Where(source => source.Path.StartsWith("src/", StringComparison.Ordinal));

    public IEnumerable<ProjectFile> Projects => WithExtension(".csproj").Select(path => ProjectFile.Parse(path, files[path]));

    public IEnumerable<ProjectFile> ProductProjects => Projects.Where(project => project.IsProduct);

    public IEnumerable<string> WithExtension(string extension) =>
        files.Keys.Where(path => path.EndsWith(extension, StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    public bool Contains(string path) => files.ContainsKey(path);

    public XDocument Xml(string path) => XDocument.Parse(files[path]);

    /// <summary>The same with one file added or replaced.</summary>
    public Codebase With(string path, string text) => new(new Dictionary<string, string>(files) { [path] = text });

    /// <summary>The same with one file changed.</summary>
    public Codebase With(string path, Func<string, string> change) => With(path, change(files[path]));

    /// <summary>The same without one file.</summary>
    public Codebase Without(string path) => new(files.Where(file => file.Key != path).ToDictionary());

    private static Codebase Load(string root)
    {
        var files = new Dictionary<string, string>();
        var folders = new Stack<string>([root]);
        while (folders.TryPop(out var folder))
        {
            foreach (var inner in Directory.EnumerateDirectories(folder).Where(inner => !SkippedFolders.Contains(Path.GetFileName(inner))))
                folders.Push(inner);

            foreach (var file in Directory.EnumerateFiles(folder).Where(file => TextExtensions.Contains(Path.GetExtension(file))))
                files[Path.GetRelativePath(root, file).Replace('\\', '/')] = File.ReadAllText(file);
        }

        return new Codebase(files);
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Interconnect.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException("No Interconnect.sln above " + AppContext.BaseDirectory);
    }
}
