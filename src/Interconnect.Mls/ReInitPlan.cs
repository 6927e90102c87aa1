namespace Interconnect.Mls;

/// <summary>What the group after a ReInit is to be (RFC 9420 section 12.1.5).</summary>
/// <param name="GroupId">Its id.</param>
/// <param name="Suite">Its suite.</param>
/// <param name="Extensions">Its GroupContext extensions.</param>
public sealed record ReInitPlan(ReadOnlyMemory<byte> GroupId, CipherSuite Suite, IReadOnlyList<Extension> Extensions);
