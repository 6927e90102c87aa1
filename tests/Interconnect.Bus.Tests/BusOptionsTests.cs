using Interconnect.Federation;
using Microsoft.Extensions.DependencyInjection;

namespace Interconnect.Bus.Tests;

public sealed class BusOptionsTests : IDisposable
{
    private static readonly BusSender Hub = new BusSender.HubProvider();
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("bus-options-");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void Problems_SeveralMistakes_AllListed()
    {
        var wrong = new BusOptions { Amqp = new Uri("http://broker.test/"), Partitions = 0, PrefetchFrames = 0, RetryAfter = TimeSpan.Zero, HandlerBackOffMax = TimeSpan.FromMilliseconds(1) };
        Assert.Equal(5, wrong.Problems([]).Count());
        Assert.Throws<ArgumentException>(() => new ServiceCollection().AddInterconnectBus(wrong));

        Assert.Empty(new BusOptions().Problems([Hub]));
        Assert.Empty(new BusOptions { Amqp = new Uri("amqps://broker.test/") }.Problems([]));
    }

    [Theory]
    [InlineData("amqp://broker.test/", false, false)]
    [InlineData("amqp://192.0.2.1/", false, false)]
    [InlineData("amqp://broker.test/", true, true)]
    [InlineData("amqps://broker.test/", false, true)]
    [InlineData("amqp://localhost/", false, true)]
    [InlineData("amqp://127.0.0.2/", false, true)]
    [InlineData("amqp://[::1]/", false, true)]
    public void Problems_PlainTextToAnotherHost_OnlyWhenNamed(string broker, bool allowed, bool fine) =>
        Assert.Equal(fine, !new BusOptions { Amqp = new Uri(broker), AllowPlaintextOffLoopback = allowed }.Problems([]).Any(p => p.Contains("plain text", StringComparison.Ordinal)));

    [Fact]
    public void Problems_OverABrokerWithoutKeys_NameWhatIsMissing()
    {
        var roles = RoleFolder.Create(folder.FullName, "hub", "adapter:a");
        var broker = new BusOptions { Amqp = new Uri("amqp://localhost/") };
        Assert.Contains("bus:roles:hub:keyFile", Assert.Single(broker.Problems([Hub])), StringComparison.Ordinal);
        Assert.Contains("no such file", Assert.Single((broker with { Roles = With(roles["hub"] with { KeyFile = "/nowhere/a.key" }) }).Problems([Hub])), StringComparison.Ordinal);
        Assert.Contains("publicKeys", Assert.Single((broker with { Roles = With(roles["hub"] with { PublicKeys = ["ed25519:AAAA"] }) }).Problems([Hub])), StringComparison.Ordinal);
        Assert.Contains("'hub' or 'adapter:'", Assert.Single((broker with { Roles = new Dictionary<string, BusRoleOptions> { ["console"] = new() } }).Problems([])), StringComparison.Ordinal);
        Assert.Contains("same key", Assert.Single((broker with { Roles = new Dictionary<string, BusRoleOptions> { ["hub"] = roles["hub"], ["adapter:a"] = roles["hub"] } }).Problems([Hub])), StringComparison.Ordinal);

        Assert.Empty((broker with { Roles = roles }).Problems([Hub]));

        static Dictionary<string, BusRoleOptions> With(BusRoleOptions hub) => new() { ["hub"] = hub };
    }

    [Fact]
    public void Problems_Certificates_AreLookedAt()
    {
        var broker = new BusOptions { Amqp = new Uri("amqps://localhost/") };
        Assert.Contains("together", Assert.Single((broker with { Tls = new BusTlsOptions { CertificateFile = "a.pem" } }).Problems([])), StringComparison.Ordinal);
        Assert.Contains("certificateFile", Assert.Single((broker with { Tls = new BusTlsOptions { CertificateFile = "/nowhere/a.pem", KeyFile = "/nowhere/a.key" } }).Problems([])), StringComparison.Ordinal);
        Assert.Contains("caFile", Assert.Single((broker with { Tls = new BusTlsOptions { CaFile = "/nowhere/ca.pem" } }).Problems([])), StringComparison.Ordinal);
        Assert.Contains("amqps://", Assert.Single((new BusOptions { Tls = new BusTlsOptions { CaFile = "/nowhere/ca.pem" } }).Problems([]), p => p.Contains("amqps", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Empty(broker.Problems([]));
    }

    [Fact]
    public void ToString_AddressWithPassword_Redacted() =>
        Assert.DoesNotContain("secret", new BusOptions { Amqp = new Uri("amqp://user:secret@broker.test/") }.ToString(), StringComparison.Ordinal);
}
