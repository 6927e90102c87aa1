using Interconnect.Mls.PublicGroups;

namespace Interconnect.Hub;

/// <summary>What the signatures of a commit came to.</summary>
/// <param name="Basis">The GroupInfo that it was judged by; null when it makes the room.</param>
/// <param name="Next">The group after it; null when it is refused.</param>
/// <param name="Refused">Why; null when it is good.</param>
internal sealed record JudgedCommit(byte[]? Basis, PublicGroup? Next, Decision.Refused? Refused)
{
    /// <summary>How it follows on the room's group; null when it makes the room, or is refused.</summary>
    public Move? Move { get; init; }

    /// <summary>Whether the room is where it was when this was judged: by its bytes, since numbers may come again after a room was forgotten.</summary>
    public bool IsOf(Room? room) => room is null ? Basis is null : Basis is not null && (ReferenceEquals(Basis, room.GroupInfo) || Basis.AsSpan().SequenceEqual(room.GroupInfo));
}
