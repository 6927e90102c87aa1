namespace Interconnect.Content;

/// <summary>How the parts of a <see cref="MultiPart"/> belong together (draft-ietf-mimi-content section 4.4).</summary>
public enum PartSemantics
{
    /// <summary>The receiver picks exactly one.</summary>
    ChooseOne = 0,

    /// <summary>All parts form one thing; a receiver that does not understand one processes none.</summary>
    SingleUnit = 1,

    /// <summary>The receiver processes as many as it can.</summary>
    ProcessAll = 2,
}
