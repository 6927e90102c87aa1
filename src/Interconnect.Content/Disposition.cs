namespace Interconnect.Content;

/// <summary>A part's disposition as carried, 0 to 255. Unknown values are kept and mean <see cref="DispositionKind.Render"/>.</summary>
/// <param name="Value">The number on the wire.</param>
public readonly record struct Disposition(byte Value)
{
    /// <summary>No hint (0).</summary>
    public static Disposition Unspecified => new((byte)DispositionKind.Unspecified);

    /// <summary>Shown to the user (1).</summary>
    public static Disposition Render => new((byte)DispositionKind.Render);

    /// <summary>A reaction (2).</summary>
    public static Disposition Reaction => new((byte)DispositionKind.Reaction);

    /// <summary>Inside the conversation (4).</summary>
    public static Disposition Inline => new((byte)DispositionKind.Inline);

    /// <summary>To be downloaded (6).</summary>
    public static Disposition Attachment => new((byte)DispositionKind.Attachment);

    /// <summary>A call or conference (7).</summary>
    public static Disposition Session => new((byte)DispositionKind.Session);

    /// <summary>How to treat the part.</summary>
    public DispositionKind Kind => Value <= (byte)DispositionKind.Preview ? (DispositionKind)Value : DispositionKind.Render;
}
