namespace Interconnect.Testing;

/// <summary>The third-party clients of tests/interop; installed on first use.</summary>
public static class InteropClients
{
    private static readonly Lazy<Task> Installed = new(RunInstallAsync);

    /// <summary>The folder with their scripts.</summary>
    public static string Folder { get; } = Path.Combine(SharedFiles.RepositoryRoot, "tests", "interop");

    /// <summary>The Node.js that is installed with them.</summary>
    public static string Node { get; } = Path.Combine(Folder, "node_modules", ".bin", "node");

    /// <summary>Does nothing when they are there. Throws when they cannot be installed.</summary>
    public static Task InstallAsync() => Installed.Value;

    private static async Task RunInstallAsync()
    {
        await using var child = ChildProcess.Start(Path.Combine(Folder, "install"), []);
        var code = await child.WaitForExitAsync(TimeSpan.FromMinutes(4));
        if (code != 0)
        {
            throw new InvalidOperationException($"tests/interop/install ended with {code}: {string.Join('\n', child.Errors.TakeLast(20))}");
        }
    }
}
