namespace Interconnect.Endpoint.Tests.Adversary;

/// <summary>The gateway got what it must not get.</summary>
internal sealed class Violation(string what) : Exception(what);
