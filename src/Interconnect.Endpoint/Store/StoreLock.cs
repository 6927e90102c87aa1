using System.Globalization;
using System.Text;

namespace Interconnect.Endpoint;

/// <summary>Holds the store's folder for this process; the operating system lets go when the process ends, however it ends.</summary>
internal sealed class StoreLock : IDisposable
{
    private const string HolderSuffix = ".pid";
    private readonly FileStream file;

    private StoreLock(FileStream file) => this.file = file;

    /// <summary>Takes the lock; null with the holder's words when another has it.</summary>
    public static StoreLock? TryTake(string path, out string holder)
    {
        holder = "";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

            var file = new FileStream(path, options);
            WriteHolder(path + HolderSuffix);
            return new StoreLock(file);
        }
        catch (IOException) when (File.Exists(path))
        {
            holder = ReadHolder(path + HolderSuffix);
            return null;
        }
    }

    public void Dispose() => file.Dispose();

    // Beside the lock, because the lock itself cannot be opened by who has to read this.
    private static void WriteHolder(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

        using var file = new FileStream(path, options);
        file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
    }

    private static string ReadHolder(string path)
    {
        try
        {
            return int.TryParse(File.ReadAllText(path), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? $"process {pid}" : "unknown process";
        }
        catch (IOException)
        {
            return "unknown process";
        }
    }
}
