namespace Interconnect.Sandbox;

/// <summary>The options or an account given by code cannot be used; the message lists what to change.</summary>
public sealed class SandboxOptionsException(string message) : ArgumentException(message);
