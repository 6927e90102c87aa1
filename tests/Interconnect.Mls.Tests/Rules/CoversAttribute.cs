namespace Interconnect.Mls.Tests.Rules;

/// <summary>Names the rules that a test sees refuse, with an accepting control in the same test.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CoversAttribute(params string[] rules) : Attribute
{
    public IReadOnlyList<string> Rules => rules;
}
