using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interconnect.Gateway.Configuration;

/// <summary>
/// Puts the configuration together as one JSON tree: the file, the folder <c>networks</c> beside it, then the environment
/// (<c>INTERCONNECT__A__B</c> sets <c>a:b</c>; an underscore stands for the hyphen or colon of a name that a file has). Mistakes are collected, not thrown.
/// </summary>
internal static class ConfigurationTree
{
    private const string Prefix = "INTERCONNECT__";
    private const int MaxFileBytes = 1 << 20;
    private static readonly JsonDocumentOptions Comments = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 32 };

    /// <summary>The tree; null path means no file, only the environment.</summary>
    public static JsonObject Read(string? path, IEnumerable<KeyValuePair<string, string>> environment, List<string> problems)
    {
        var root = path is null ? [] : ReadFile(path, path, problems) ?? [];
        var folder = path is null ? null : Path.GetDirectoryName(Path.GetFullPath(path))!;
        root["networks"] = Folder(folder, "networks", root, problems);
        foreach (var (name, value) in environment.Where(e => e.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)).OrderBy(e => e.Key, StringComparer.Ordinal))
        {
            Set(root, name[Prefix.Length..].Split("__"), value, name, problems);
        }

        return root;
    }

    private static JsonObject Folder(string? folder, string name, JsonObject root, List<string> problems)
    {
        var found = new JsonObject();
        if (root.ContainsKey(name))
        {
            problems.Add($"{name}: write each in a file of its own in the folder '{name}' beside the configuration file.");
        }

        if (folder is not null && Directory.Exists(Path.Combine(folder, name)))
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(folder, name), "*.json").Order(StringComparer.Ordinal))
            {
                if (ReadFile(file, $"{name}/{Path.GetFileName(file)}", problems) is { } content)
                {
                    found[Path.GetFileNameWithoutExtension(file)] = content;
                }
            }
        }

        return found;
    }

    private static JsonObject? ReadFile(string path, string shown, List<string> problems)
    {
        try
        {
            if (new FileInfo(path).Length > MaxFileBytes)
            {
                problems.Add($"{shown}: larger than {MaxFileBytes} bytes.");
                return null;
            }

            // Text, not bytes: an editor may have put a byte order mark in front.
            var node = JsonNode.Parse(File.ReadAllText(path), null, Comments) as JsonObject;
            if (node is null)
            {
                problems.Add($"{shown}: the file holds no JSON object.");
            }

            // Reading the properties finds names that stand twice.
            node?.GetEnumerator().Dispose();
            return node;
        }
        catch (JsonException e)
        {
            problems.Add($"{shown}: not JSON, line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.");
        }
        catch (ArgumentException)
        {
            problems.Add($"{shown}: a key stands twice.");
        }
        catch (FileNotFoundException)
        {
            problems.Add($"{shown}: no such file.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add($"{shown}: cannot be read ({e.GetType().Name}).");
        }

        return null;
    }

    private static void Set(JsonObject root, string[] path, string value, string variable, List<string> problems)
    {
        JsonNode current = root;
        for (var i = 0; i < path.Length; i++)
        {
            var last = i == path.Length - 1;
            switch (current)
            {
                case JsonObject o:
                    var key = o.Select(p => p.Key).FirstOrDefault(k => Same(k, path[i])) ?? NewKey(path[i]);
                    if (last)
                    {
                        o[key] = value;
                        return;
                    }

                    current = o[key] is { } next and (JsonObject or JsonArray) ? next : o[key] = int.TryParse(path[i + 1], out _) ? new JsonArray() : new JsonObject();
                    break;
                case JsonArray a when int.TryParse(path[i], out var index) && index >= 0 && index <= a.Count:
                    if (index == a.Count)
                    {
                        a.Add(last ? JsonValue.Create(value) : new JsonObject());
                    }
                    else if (last)
                    {
                        a[index] = value;
                    }

                    current = a[index]!;
                    break;
                default:
                    problems.Add($"{variable}: there is no such place; list positions count from 0 without gaps.");
                    return;
            }
        }
    }

    private static bool Same(string key, string part) => string.Equals(key.Replace('-', '_').Replace(':', '_'), part, StringComparison.OrdinalIgnoreCase);

    /// <summary>A key that stands in no file yet, in the spelling that the reader compares without regard to case.</summary>
    private static string NewKey(string part) => part.ToLowerInvariant().Replace('_', '-');
}
