using Xunit;

namespace Interconnect.Testing;

/// <summary>
/// As <see cref="SharedFactAttribute"/>, for a theory. Where something is missing the theory is skipped as one, without asking for its data.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedTheoryAttribute : TheoryAttribute
{
    public SharedTheoryAttribute(params string[] names) => Skip = SharedFiles.WhyNot(names);
}
