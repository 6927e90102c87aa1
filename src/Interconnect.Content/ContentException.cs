namespace Interconnect.Content;

/// <summary>A message was built that breaks a rule of the format: a defect of the caller, found before anything was sent.</summary>
/// <param name="error">The rule and the field.</param>
public sealed class ContentException(ContentError error) : Exception(error.ToString())
{
    /// <summary>The rule and the field.</summary>
    public ContentError Error { get; } = error;
}
