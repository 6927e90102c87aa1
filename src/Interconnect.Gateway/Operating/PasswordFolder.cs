using System.Security.Cryptography;

namespace Interconnect.Gateway.Operating;

/// <summary>A folder with a file a user, named <c>user.password</c>; one that is missing is made, at random and for its owner's eyes only.</summary>
internal sealed class PasswordFolder(string path)
{
    private const int MaxBytes = 1_024;

    /// <summary>The user's password.</summary>
    /// <exception cref="IOException">It cannot be read or made.</exception>
    public string Of(string user)
    {
        var file = Path.Combine(path, user + ".password");
        if (!File.Exists(file))
        {
            Make(file);
        }

        var password = new FileInfo(file).Length <= MaxBytes ? File.ReadAllText(file).Trim() : "";
        return password.Length >= 16 ? password : throw new IOException($"The password of {user} is shorter than 16 characters or no line of text.");
    }

    private void Make(string file)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var writer = new StreamWriter(new FileStream(file, options));
        writer.WriteLine(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24)));
    }
}
