namespace Interconnect.Sandbox;

/// <summary>Sees what a simulated network's own server sees: every request, answer and stanza after transport encryption. Called from many threads; must not block.</summary>
/// <param name="place">Where, such as <c>xmpp client in</c> or <c>matrix request</c>. A closed list, no identifiers.</param>
/// <param name="bytes">The bytes as the server holds them; valid after the call.</param>
public delegate void SandboxObserver(string place, ReadOnlyMemory<byte> bytes);
