using System.Reflection;
using Xunit.Sdk;

namespace Interconnect.Mls.Tests.Vectors;

/// <summary>One case of a theory for each vector file of a kind.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class VectorFilesAttribute(string kind) : DataAttribute
{
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => VectorFile.Of(kind).Select(file => new object[] { file });
}
