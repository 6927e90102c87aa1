using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Interconnect.Federation;

namespace Interconnect.Bus.Tests.Users;

public sealed class BrokerUserTests
{
    private static readonly NetworkId[] Networks = [NetworkId.Parse("a"), NetworkId.Parse("a-b")];
    private static readonly BusOptions Options = new() { Partitions = 2, Roles = new Dictionary<string, BusRoleOptions> { ["adapter:a"] = new() { User = "named" } } };

    [Theory]
    [InlineData("hub", "configure", "interconnect.submit.1 interconnect.report interconnect.parked interconnect.unauthentic", "interconnect.deliver.a amq.default other")]
    [InlineData("hub", "write", "interconnect.deliver.a interconnect.deliver.a-b interconnect.submit.0 interconnect.parked", "interconnect.submit interconnect.deliver.c amq.default")]
    [InlineData("hub", "read", "interconnect.submit interconnect.submit.12 interconnect.report.0 interconnect.parked", "interconnect.deliver.a interconnect.submitted")]
    [InlineData("adapter:a", "configure", "interconnect.deliver.a", "interconnect.deliver.a-b interconnect.submit interconnect.submit.0 interconnect.parked amq.default")]
    [InlineData("adapter:a", "write", "interconnect.submit interconnect.report interconnect.parked interconnect.unauthentic interconnect.deliver.a", "interconnect.submit.0 interconnect.deliver.a-b interconnect.deliverxa amq.default")]
    [InlineData("adapter:a", "read", "interconnect.deliver.a", "interconnect.deliver.a-b interconnect.submit interconnect.submit.0 interconnect.parked interconnect.unauthentic")]
    public void All_ARole_ReachesItsStreamsAndNoOther(string role, string operation, string allowed, string refused)
    {
        var user = BrokerUser.All(Options, Networks).Single(u => u.Role.Name == role);
        var pattern = new Regex(operation switch { "configure" => user.Configure, "write" => user.Write, _ => user.Read });
        Assert.All(refused.Split(' '), name => Assert.DoesNotMatch(pattern, name));
        Assert.All(allowed.Split(' '), name => Assert.Matches(pattern, name));
    }

    [Fact]
    public void All_Names_AreThoseConfiguredOrMadeOfTheRole() =>
        Assert.Equal(["interconnect-hub", "named", "interconnect-adapter-a-b"], BrokerUser.All(Options, Networks).Select(u => u.Name));

    [Fact]
    public void Json_Passwords_AreSaltedHashesAndNeverThemselves()
    {
        string Json() => BrokerDefinitions.Json(Options, Networks, user => "secret of " + user);
        Assert.DoesNotContain("secret of", Json(), StringComparison.Ordinal);
        var hashes = JsonNode.Parse(Json())!["users"]!.AsArray().Select(u => (string)u!["password_hash"]!).ToList();
        Assert.All(hashes, h => Assert.Equal(36, Convert.FromBase64String(h).Length));
        Assert.NotEqual(hashes, JsonNode.Parse(Json())!["users"]!.AsArray().Select(u => (string)u!["password_hash"]!));

        Assert.All(JsonNode.Parse(BrokerDefinitions.Json(Options, Networks, _ => null))!["users"]!.AsArray(), u => Assert.Equal("", (string)u!["password_hash"]!));
    }

    [Fact]
    public void Json_EveryStream_HasItsQueuesBoundedAndBound()
    {
        var json = JsonNode.Parse(BrokerDefinitions.Json(Options, Networks, _ => null))!;
        string[] queues = ["submit.0", "submit.1", "report.0", "report.1", "deliver.a", "deliver.a-b", "parked", "unauthentic"];
        Assert.Equal(queues.Select(q => "interconnect." + q), json["queues"]!.AsArray().Select(q => (string)q!["name"]!));
        Assert.Equal(queues.Select(q => "interconnect." + q), json["bindings"]!.AsArray().Select(b => (string)b!["destination"]!));
        Assert.All(json["queues"]!.AsArray(), q => Assert.Equal("quorum", (string)q!["arguments"]!["x-queue-type"]!));
        Assert.Equal("drop-head", (string)json["queues"]![7]!["arguments"]!["x-overflow"]!);
    }
}
