using Interconnect.Bus.Tests;

namespace Interconnect.Gateway.Tests.Configuration;

/// <summary>A folder with a configuration, removed afterwards.</summary>
internal sealed class ConfigurationFolder : IDisposable
{
    public const string Xmpp = """{"xmpp":{"component":"gw.a.test","provider":"a.test","secret":"s"}}""";
    public const string Matrix = """{"matrix":{"homeserver":"http://127.0.0.1:8008","provider":"hs.test","asToken":"a","hsToken":"h"}}""";
    public const string Peering = """{"id":"p","between":["a.test","hs.test"],"lanes":["mls10"],"minimumSuite":1,"maxMessageBytes":65536}""";
    private readonly string folder = Directory.CreateTempSubdirectory("interconnect-configuration-").FullName;

    /// <summary>A sound configuration of two networks, with some files replaced.</summary>
    public ConfigurationFolder(string? main = null, params (string Name, string Text)[] files)
    {
        Write("interconnect.json", main ?? """{"hub":{"domain":"hub.test"}}""");
        Write("networks/xmpp-a.json", Xmpp);
        Write("networks/matrix-b.json", Matrix);
        Write("peerings/p.json", Peering);
        foreach (var (name, text) in files)
        {
            Write(name, text);
        }
    }

    /// <summary>The same with keys of these roles where <paramref name="main"/> says ROLES.</summary>
    public static ConfigurationFolder WithRoles(string main, params string[] roles)
    {
        var folder = new ConfigurationFolder();
        var made = RoleFolder.Create(System.IO.Path.Combine(folder.Folder, "keys"), roles);
        folder.Write("interconnect.json", main.Replace("ROLES", System.Text.Json.JsonSerializer.Serialize(made), StringComparison.Ordinal));
        return folder;
    }

    public string Path => System.IO.Path.Combine(folder, "interconnect.json");

    public string Folder => folder;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private void Write(string name, string text)
    {
        var path = System.IO.Path.Combine(folder, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
