namespace Interconnect.Mls;

/// <summary>The checks this library makes, by id.</summary>
public static class MlsRules
{
    /// <summary>Rule id to what the rule demands.</summary>
    public static IReadOnlyDictionary<string, string> All => Encoding.Rules.All;
}
