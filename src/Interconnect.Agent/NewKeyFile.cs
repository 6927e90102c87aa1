using System.Security.Cryptography;
using Interconnect.Endpoint;

namespace Interconnect.Agent;

/// <summary>A key file made by this command. It goes again when it is disposed before a store needs it, so that the same command can be given once more.</summary>
internal sealed class NewKeyFile : IDisposable
{
    private readonly string path;
    private bool kept;

    private NewKeyFile(string path, StoreKey key) => (this.path, Key) = (path, key);

    /// <summary>What the file holds; disposed with this.</summary>
    public StoreKey Key { get; }

    /// <summary>Writes a file that did not exist, mode 0600, on stable storage.</summary>
    /// <exception cref="AgentFailure">It exists, or cannot be written; nothing of ours is left.</exception>
    public static NewKeyFile Create(string path)
    {
        var bytes = StoreKey.NewKeyFile();
        var ours = false;
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

            using (var file = new FileStream(path, options))
            {
                ours = true;
                file.Write(bytes);
                file.Flush(flushToDisk: true);
            }

            return new NewKeyFile(path, StoreKey.FromKeyFile(bytes));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Half a key, of a full disk for example, would be in the way of the next attempt.
            if (ours)
                TryDelete(path);

            throw new AgentFailure(
                ExitCode.Store, "STO-010", "The key file cannot be written, or exists already", "Choose another path; give a key file that exists with --key-file, if no other store needs it");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>A store needs it from now on.</summary>
    public void Keep() => kept = true;

    /// <summary>The store is gone again.</summary>
    public void Drop() => kept = false;

    public void Dispose()
    {
        Key.Dispose();
        if (!kept)
            TryDelete(path);
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The folder was taken away meanwhile; the failure that led here is the one to tell.
        }
    }
}
