using Interconnect.Federation;
using Interconnect.Gateway.Configuration;
using Interconnect.Testing;
using Microsoft.Extensions.Logging;

namespace Interconnect.Gateway.Tests.Configuration;

public sealed class GatewayConfigurationTests
{
    private const string Hub = """ "hub":{"domain":"hub.test"} """;

    /// <summary>Main file, another file and its text, roles, what the mistake says.</summary>
    public static TheoryData<string?, string?, string?, string?, string> Mistakes() => new()
    {
        { "{", null, null, null, "interconnect.json: not JSON" },
        { "[]", null, null, null, "the file holds no JSON object" },
        { """{"hub":{"domain":"hub.test"},"hub":{}}""", null, null, null, "a key stands twice" },
        { "{" + Hub + ""","datbase":{}}""", null, null, null, "datbase: unknown key. Known here: roles, database" },
        { "{" + Hub + ""","database":{"provder":"x"}}""", null, null, null, "database:provder: unknown key" },
        { "{" + Hub + ""","database":{"provider":"oracle"}}""", null, null, null, "database:provider is 'sqlite' or 'postgres'" },
        { "{" + Hub + ""","database":"x"}""", null, null, null, "database: an object {...} is expected" },
        { "{" + Hub + ""","bus":{"partitions":"many"}}""", null, null, null, "bus:partitions: a whole number is expected" },
        { "{" + Hub + ""","bus":{"partitions":0}}""", null, null, null, "bus:partitions is 0" },
        { "{" + Hub + ""","bus":{"amqp":"not an address"}}""", null, null, null, "bus:amqp: an absolute address" },
        { "{" + Hub + ""","bus":{"amqp":"http://x"},"roles":["hub"]}""", null, null, null, "bus:amqp is not an amqp://" },
        { "{" + Hub + ""","bus":{"amqp":"amqp://u:p@192.0.2.1/"},"roles":["hub"]}""", null, null, null, "bus:amqp is plain text to another host" },
        { "{" + Hub + ""","bus":{"roles":{"console":{}}}}""", null, null, null, "bus:roles:console: a role is 'hub' or 'adapter:'" },
        { "{" + Hub + ""","bus":{"roles":{"hub":{"privateKey":"x"}}}}""", null, null, null, "bus:roles:hub:privateKey: unknown key" },
        { "{" + Hub + ""","bus":{"amqp":"amqp://u:p\n@127.0.0.1:1/"},"roles":["hub"]}""", null, null, null, "bus:amqp: a value without line breaks" },
        { "{" + Hub + ""","database":{"connectionString":"inter\nconnect.db"}}""", null, null, null, "database:connectionString: a value without line breaks" },
        { null, "networks/xmpp-a.json", """{"xmpp":{"component":"gw.a.test","provider":"a.test","secret":"s\ns"}}""", null, "networks:xmpp-a:xmpp:secret: a value without line breaks" },
        { null, "networks/matrix-b.json", """{"matrix":{"homeserver":"http://127.0.0.1:8008","provider":"hs.test","asToken":"a b","hsToken":"h"}}""", null, "networks:matrix-b:matrix:asToken holds a space" },
        { null, "networks/matrix-b.json", """{"matrix":{"homeserver":"http://127.0.0.1:8008","provider":"hs.test","asToken":"a","hsToken":"h\u00e4"}}""", null, "networks:matrix-b:matrix:hsToken holds a space" },
        { "{" + Hub + ""","bus":{"amqp":"amqp://u:p@127.0.0.1:1/"}}""", null, null, null, "roles: with a broker each process is told what it does" },
        { "{" + Hub + ""","bus":{"onParked":1}}""", null, null, null, "bus:onParked: unknown key" },
        { """{"hub":{"domain":"hub.test","partitions":3}}""", null, null, null, "hub:partitions: unknown key" },
        { """{"hub":{"domain":"not a domain"}}""", null, null, null, "hub:domain: a domain such as" },
        { "{}", null, null, null, "hub:domain: the hub provider's own domain is needed" },
        { """{"hub":{"domain":"hub.test","retention":"1.00:00:00"}}""", null, null, null, "hub:retention is at least 7 days" },
        { """{"hub":{"domain":"hub.test","expiry":5}}""", null, null, null, "hub:expiry: a duration" },
        { "{" + Hub + ""","http":{"listen":"everywhere"}}""", null, null, null, "http:listen: an IP address and a port" },
        { "{" + Hub + ""","log":{"format":"xml"}}""", null, null, null, "log:format: one of text, json is expected" },
        { "{" + Hub + ""","log":null}""", null, null, null, "log: null is not a value here" },
        { "{" + Hub + ""","shutdownTimeout":"00:00:00"}""", null, null, null, "shutdownTimeout: between 1 second" },
        { "{" + Hub + ""","networks":{}}""", null, null, null, "networks: write each in a file of its own" },
        { "{" + Hub + ""","roles":"hub"}""", null, null, null, "without a broker all roles run in one process" },
        { null, "networks/xmpp-a.json", "{}", null, "networks:xmpp-a: exactly one of 'xmpp' and 'matrix'" },
        { null, "networks/XMPP.json", ConfigurationFolder.Xmpp, null, "networks:XMPP: the file's name is the network's id" },
        { null, "networks/xmpp-a.json", """{"xmpp":{"component":"gw.a.test","provider":"a.test"}}""", null, "networks:xmpp-a:xmpp:secret or xmpp:secretFile must be given" },
        { null, "networks/xmpp-a.json", """{"xmpp":{"host":"192.0.2.1","component":"gw.a.test","provider":"a.test","secret":"s"}}""", null, "not a loopback address" },
        { null, "networks/xmpp-a.json", """{"xmpp":{"component":"gw.a.test","provider":"a.test","secret":"s","prot":1}}""", null, "networks:xmpp-a:xmpp:prot: unknown key" },
        { null, "networks/xmpp-a.json", """{"host":{"network":"other"},"xmpp":{"component":"gw.a.test","provider":"a.test","secret":"s"}}""", null, "networks:xmpp-a:host:network: unknown key" },
        { """{"hub":{"domain":"hub.test","expiry":"6.00:00:00"}}""", null, null, null, "networks:xmpp-a:host:giveUpAfter: shorter than hub:expiry (6.00:00:00)" },
        { null, "networks/xmpp-a.json", """{"xmpp":{"component":"gw.bücher.test","provider":"xn--bcher-kva.test","secret":"s"}}""", null, "networks:xmpp-a:xmpp:component and xmpp:provider are spelled alike" },
        { null, "networks/second.json", ConfigurationFolder.Xmpp, null, "share the domain a.test" },
        { null, "networks/broken.json", "{", null, "networks/broken.json: not JSON, line 1" },
        { null, "peerings/p.json", """{"id":"p","between":["a.test","c.test"],"lanes":["mls10"],"minimumSuite":1,"maxMessageBytes":65536}""", null, "names c.test, for which no network speaks" },
        { null, "peerings/q.json", """{"id":"q"}""", null, "q.json: between is missing" },
        { null, null, null, "hub,adapter:nowhere", "roles: 'adapter:nowhere' is unknown; choose from hub, adapter:matrix-b, adapter:xmpp-a" },
        { null, null, null, "hub,hub", "roles: 'hub' stands twice" },
        { null, null, null, "console", "roles: 'console' is unknown" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Load_AMistake_IsListedWithWhereAndWhat(string? main, string? file, string? text, string? roles, string expected)
    {
        using var folder = new ConfigurationFolder(main, file is null ? [] : [(file, text!)]);

        var (configuration, problems) = GatewayConfiguration.Load(folder.Path, roles, []);

        Assert.Null(configuration);
        Assert.Contains(problems, p => p.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void Load_ManyMistakes_AllAreListedAtOnce()
    {
        using var folder = new ConfigurationFolder("""{"a":1,"bus":{"b":2,"partitions":-1},"log":{"level":"loud"}}""", ("networks/xmpp-a.json", """{"xmpp":{"port":0}}"""));

        var (_, problems) = GatewayConfiguration.Load(folder.Path, "sleep", []);

        foreach (var part in (string[])["a: unknown", "bus:b: unknown", "bus:partitions is -1", "log:level", "xmpp:port", "xmpp:component", "xmpp:provider", "xmpp:secret", "'sleep' is unknown"])
        {
            Assert.Contains(problems, p => p.Contains(part, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Load_SoundConfiguration_HasEverything()
    {
        using var folder = new ConfigurationFolder();

        var (configuration, problems) = GatewayConfiguration.Load(folder.Path, null, []);

        Assert.Empty(problems);
        Assert.Equal(["hub", "adapter:matrix-b", "adapter:xmpp-a"], configuration!.Roles.Select(r => r.Name));
        Assert.Equal("hub.test", configuration.Hub!.Domain.Value);
        Assert.Equal(2, configuration.Hub.Networks.Count);
        Assert.Single(configuration.Hub.Peerings);
        Assert.Equal("xmpp-a", configuration.Networks[NetworkId.Parse("xmpp-a")].Host.Network);
    }

    [Theory]
    [InlineData("bücher.test")]
    [InlineData("xn--bcher-kva.test")]
    [InlineData("XN--Bcher-Kva.Test")]
    public void Load_XmppProviderInAnySpelling_IsOneProvider(string spelled)
    {
        using var folder = new ConfigurationFolder(null, ("networks/xmpp-a.json", $$$"""{"xmpp":{"component":"gw.{{{spelled}}}","provider":"{{{spelled}}}","secret":"s"}}"""), ("peerings/p.json", ConfigurationFolder.Peering.Replace("\"a.test\"", "\"xn--bcher-kva.test\"", StringComparison.Ordinal)));

        var (configuration, problems) = GatewayConfiguration.Load(folder.Path, null, []);

        Assert.Empty(problems);
        Assert.Equal("xn--bcher-kva.test", configuration!.Hub!.Networks[NetworkId.Parse("xmpp-a")].Value);
    }

    [Fact]
    public void Load_Environment_WinsOverFilesAndItsMistakesAreListed()
    {
        using var folder = ConfigurationFolder.WithRoles("""{"hub":{"domain":"hub.test"},"bus":{"roles":ROLES}}""", "hub", "adapter:xmpp-a", "adapter:matrix-b");
        (string, string)[] wrong = [("INTERCONNECT__LOG__LEVL", "debug"), ("INTERCONNECT__BUS__PARTITIONS", "four")];

        var (_, problems) = GatewayConfiguration.Load(folder.Path, null, wrong.Select(Pair));
        Assert.Contains(problems, p => p.StartsWith("log:levl: unknown key", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.StartsWith("bus:partitions: a whole number", StringComparison.Ordinal));

        (string, string)[] right =
        [
            ("INTERCONNECT__LOG__LEVEL", "Debug"), ("interconnect__bus__partitions", "4"), ("INTERCONNECT__BUS__AMQP", "amqp://u:p@127.0.0.1:5672/"), ("INTERCONNECT__ROLES", "hub, adapter:xmpp-a"),
            ("INTERCONNECT__NETWORKS__XMPP_A__XMPP__SECRET", "from the environment"), ("INTERCONNECT__HUB__ALLOWEDSUITES", "1,2"), ("INTERCONNECT_AMQP", "ignored"), ("INTERCONNECT__BUS__ROLES__ADAPTER_XMPP_A__USER", "from-the-environment"),
        ];
        var (configuration, none) = GatewayConfiguration.Load(folder.Path, null, right.Select(Pair));
        Assert.Empty(none);
        Assert.Equal(LogLevel.Debug, configuration!.Options.Log.Level);
        Assert.Equal(4, configuration.Hub!.Partitions);
        Assert.Equal(["hub", "adapter:xmpp-a"], configuration.Roles.Select(r => r.Name));
        Assert.Equal("from the environment", configuration.Networks[NetworkId.Parse("xmpp-a")].Xmpp!.Secret);
        Assert.Equal("from-the-environment", configuration.Options.Bus.Roles["adapter:xmpp-a"].User);
        Assert.Equal([1, 2], configuration.Hub.AllowedSuites.Select(s => (int)s));
    }

    [Fact]
    public void Load_OverABrokerWithoutTheKeysOfThoseHeard_NamesThem()
    {
        const string Broker = """{"hub":{"domain":"hub.test"},"roles":["hub"],"bus":{"amqp":"amqp://u:p@127.0.0.1:1/","roles":ROLES}}""";
        using var some = ConfigurationFolder.WithRoles(Broker, "hub", "adapter:xmpp-a");
        Assert.Contains("bus:roles:adapter:matrix-b:publicKeys", Assert.Single(GatewayConfiguration.Load(some.Path, null, []).Problems), StringComparison.Ordinal);
        using var none = ConfigurationFolder.WithRoles(Broker, "adapter:xmpp-a");
        Assert.Equal(["bus:roles:adapter:matrix-b:keyFile", "bus:roles:hub:publicKeys"], GatewayConfiguration.Load(none.Path, "adapter:matrix-b", []).Problems.Select(p => p[..p.LastIndexOf(": ", StringComparison.Ordinal)].Split(": ")[0]));

        using var all = ConfigurationFolder.WithRoles(Broker, "hub", "adapter:xmpp-a", "adapter:matrix-b");
        Assert.Empty(GatewayConfiguration.Load(all.Path, null, []).Problems);
    }

    [Fact]
    public void Load_SecretsWithALineBreakAtTheirEnd_AreReadWithoutIt()
    {
        using var folder = ConfigurationFolder.WithRoles("""{"hub":{"domain":"hub.test"},"bus":{"roles":ROLES},"database":{"connectionString":"interconnect.db\n"}}""", "hub", "adapter:xmpp-a", "adapter:matrix-b");
        (string, string)[] variables =
        [
            ("INTERCONNECT__NETWORKS__MATRIX_B__MATRIX__ASTOKEN", "token\n"), ("INTERCONNECT__NETWORKS__MATRIX_B__MATRIX__HSTOKEN", " token\r\n"), ("INTERCONNECT__NETWORKS__XMPP_A__XMPP__SECRET", "secret\n"),
            ("INTERCONNECT__BUS__AMQP", "amqp://u:p@127.0.0.1:5672/\n"), ("INTERCONNECT__ROLES", "hub\n"), ("INTERCONNECT__BUS__PARTITIONS", "4\n"),
        ];

        var (configuration, problems) = GatewayConfiguration.Load(folder.Path, null, variables.Select(Pair));

        Assert.Empty(problems);
        var matrix = configuration!.Networks[NetworkId.Parse("matrix-b")].Matrix!;
        Assert.Equal(("token", "token", "secret"), (matrix.AsToken, matrix.HsToken, configuration.Networks[NetworkId.Parse("xmpp-a")].Xmpp!.Secret));
        Assert.Equal(("interconnect.db", "amqp://u:p@127.0.0.1:5672/", 4), (configuration.Options.Database.ConnectionString, configuration.Options.Bus.Amqp!.OriginalString, configuration.Options.Bus.Partitions));
        Assert.Equal(["hub"], configuration.Roles.Select(r => r.Name));
    }

    [Fact]
    public void Load_FileWithAByteOrderMark_IsRead()
    {
        using var folder = new ConfigurationFolder();
        File.WriteAllText(folder.Path, """{"hub":{"domain":"hub.test"}}""", System.Text.Encoding.UTF8);

        Assert.Empty(GatewayConfiguration.Load(folder.Path, null, []).Problems);
    }

    [Fact]
    public void Load_AnnotatedExample_IsSound()
    {
        var (configuration, problems) = GatewayConfiguration.Load(Path.Combine(SharedFiles.RepositoryRoot, "config", "interconnect.json"), null, []);

        Assert.Empty(problems);
        Assert.Equal(3, configuration!.Roles.Count);
    }

    private static KeyValuePair<string, string> Pair((string Name, string Value) variable) => KeyValuePair.Create(variable.Name, variable.Value);
}
