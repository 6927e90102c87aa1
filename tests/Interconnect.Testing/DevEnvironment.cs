namespace Interconnect.Testing;

/// <summary>The env file that `deploy/dev/up` writes: KEY=VALUE lines as a shell reads them, a value possibly in single quotes.</summary>
public sealed class DevEnvironment
{
    /// <summary>The variable that names the file; `tests/run` sets it.</summary>
    public const string FileVariable = "INTERCONNECT_DEV_ENV";

    private readonly string path;
    private readonly IReadOnlyDictionary<string, string> values;

    private DevEnvironment(string path, IReadOnlyDictionary<string, string> values)
    {
        this.path = path;
        this.values = values;
    }

    /// <summary>The value of a key.</summary>
    /// <exception cref="InvalidOperationException">The file has no such key.</exception>
    public string this[string key] =>
        values.TryGetValue(key, out var value) ? value : throw new InvalidOperationException($"{path} has no {key}; run deploy/dev/up again");

    /// <summary>The port number under a key.</summary>
    public int Port(string key) => int.Parse(this[key], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Reads an env file; null: the one named by <see cref="FileVariable"/>.</summary>
    /// <exception cref="InvalidOperationException">The variable or the file is absent; the message says how to start the servers.</exception>
    public static DevEnvironment Load(string? file = null)
    {
        const string How = "start the servers with deploy/dev/up and set " + FileVariable + " to <state>/env (.state/dev/env by default), or run tests/run scenarios";
        var path = file ?? Environment.GetEnvironmentVariable(FileVariable);
        if (string.IsNullOrEmpty(path))
        {
            throw new InvalidOperationException($"{FileVariable} is not set: {How}");
        }

        if (!File.Exists(path))
        {
            throw new InvalidOperationException($"{path} does not exist: {How}");
        }

        return new DevEnvironment(path, Parse(File.ReadLines(path)));
    }

    internal static IReadOnlyDictionary<string, string> Parse(IEnumerable<string> lines)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            if (line.Length == 0 || line[0] == '#')
                continue;

            var equals = line.IndexOf('=');
            if (equals < 1)
            {
                throw new FormatException("An env file holds KEY=VALUE lines");
            }

            values[line[..equals]] = Unquote(line[(equals + 1)..]);
        }

        return values;
    }

    private static string Unquote(string value) =>
        value.Length >= 2 && value[0] == '\'' && value[^1] == '\'' ? value[1..^1].Replace(@"'\''", "'", StringComparison.Ordinal) : value;
}
