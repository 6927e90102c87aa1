namespace Interconnect.Sandbox;

/// <summary>Sees what a simulated network's own server sees: every request, answer and stanza after transport encryption. Called from many threads; must not block.</summary>
/// <param name="place">
/// Where: <c>xmpp client in</c>, <c>xmpp client out</c>, <c>xmpp component in</c>, <c>xmpp component out</c>, <c>matrix request</c>,
/// <c>matrix service request</c> (the application service's), <c>matrix response</c>, <c>matrix transaction</c>.
/// </param>
/// <param name="bytes">The bytes as the server holds them; valid after the call.</param>
public delegate void SandboxObserver(string place, ReadOnlyMemory<byte> bytes);
