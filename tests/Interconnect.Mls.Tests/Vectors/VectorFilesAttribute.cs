using System.Reflection;
using Xunit.Sdk;

namespace Interconnect.Mls.Tests.Vectors;

/// <summary>A case of a theory for each vector file of a kind; one skipped case where an official file of the kind is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class VectorFilesAttribute : DataAttribute
{
    private readonly string kind;

    public VectorFilesAttribute(string kind)
    {
        this.kind = kind;
        Skip = VectorFile.WhyNot(kind);
    }

    // A theory without any data would be a failure.
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) =>
        Skip is null ? VectorFile.Of(kind).Select(file => new object[] { file }) : [[kind]];
}
