namespace Interconnect.Content;

/// <summary>Who sends and where, as the message itself states it (extensions 1 and 2). Does not print either.</summary>
/// <param name="SenderUri">The sender's user URI, `mimi://provider/u/user`.</param>
/// <param name="RoomUri">The room's URI, `mimi://provider/r/room`.</param>
public sealed record ContentOrigin(string SenderUri, string RoomUri)
{
    /// <summary>The type's name only.</summary>
    public override string ToString() => "ContentOrigin(redacted)";
}
