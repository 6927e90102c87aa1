namespace Interconnect.Endpoint.Tests.Fakes;

internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder(string? parent = null) => Path = System.IO.Path.Combine(parent ?? System.IO.Path.GetTempPath(), "interconnect-" + Guid.NewGuid().ToString("N"));

    public string Path { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        if (Directory.Exists(Path))
            Directory.Delete(Path, true);
    }
}
