using System.Reflection;

namespace Interconnect.Mls.Tests.Rules;

public sealed class RuleCoverage
{
    [Fact]
    public void EveryRule_HasATestThatRefusesAndAccepts()
    {
        var covered = typeof(RuleCoverage).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .SelectMany(method => method.GetCustomAttribute<CoversAttribute>()?.Rules ?? [])
            .ToHashSet();
        Assert.Empty(covered.Except(MlsRules.All.Keys));
        Assert.Empty(MlsRules.All.Keys.Except(covered).Order());
        Assert.True(MlsRules.All.Count > 80);
    }
}
