using Xunit;

namespace Interconnect.Testing;

/// <summary>
/// A test that reads sets (`vectors/hpke`) or files of them (`cases/matrix-redacted/redacted.json`) below <see cref="SharedFiles.Root"/>.
/// Skipped where one is missing.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedFactAttribute : FactAttribute
{
    public SharedFactAttribute(params string[] names) => Skip = SharedFiles.WhyNot(names);
}
