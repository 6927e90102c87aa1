using Xunit;

namespace Interconnect.Testing;

/// <summary>
/// As <see cref="SharedFactAttribute"/>, for a theory. Where something is missing the theory is skipped as one, and its data is not
/// asked for.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedTheoryAttribute : TheoryAttribute
{
    public SharedTheoryAttribute(params string[] names) => Skip = SharedFiles.WhyNot(names);
}
