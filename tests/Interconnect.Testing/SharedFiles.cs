namespace Interconnect.Testing;

/// <summary>Finds the official vectors and genuine payloads that lie beside the repository.</summary>
public static class SharedFiles
{
    /// <summary>The repository's root: the first folder upwards that holds Interconnect.sln.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>The folder beside the repository that holds vectors and fixtures; may be absent on a bare machine.</summary>
    public static string Root { get; } =
        Environment.GetEnvironmentVariable("INTERCONNECT_SHARED") ?? Path.GetFullPath(Path.Combine(RepositoryRoot, "..", "shared"));

    /// <summary>The official MLS vectors; `INTERCONNECT_VECTORS` points elsewhere.</summary>
    public static string MlsVectors { get; } = Environment.GetEnvironmentVariable("INTERCONNECT_VECTORS") ?? Path.Combine(Root, "vectors", "mls");

    /// <summary>A path below <see cref="Root"/>.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

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
