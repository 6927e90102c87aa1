namespace Interconnect.Mls.Components;

/// <summary>
/// How a group settles what draft-ietf-mls-extensions leaves open or what its revisions differ in. All members and servers of a group must settle it alike: whoever
/// is stricter than the others refuses a commit that they take, and stays behind.
/// </summary>
public sealed record ExtensionsDraftChoices
{
    /// <summary>The defaults: the text of revision 10 where it is clear, the stricter reading where it is not.</summary>
    public static ExtensionsDraftChoices Default { get; } = new();

    /// <summary>
    /// GroupContextExtensions may not change the app_data_dictionary even where no required_capabilities list AppDataUpdate. Default false, as section 4.7 says; its
    /// tracker (issue 104) proposes true.
    /// </summary>
    public bool AlwaysProtectDictionary { get; init; }

    /// <summary>
    /// Where GroupContextExtensions may not change the app_data_dictionary: true = the proposal repeats it byte by byte, since it replaces all extensions (RFC 9420
    /// section 12.1.7); false = the proposal leaves it out, and the dictionary stays behind the extensions proposed. Section 4.7 does not say which. Default true.
    /// </summary>
    public bool RepeatProtectedDictionary { get; init; } = true;

    /// <summary>
    /// Every leaf must support the components of the group's app_components and safe_aad (MLS-122), as it must for required_capabilities. Default true; section 5
    /// calls them required and gives no rule (issue 102).
    /// </summary>
    public bool EnforceRequiredComponents { get; init; } = true;

    /// <summary>
    /// Where a group has the component safe_aad, data outside it may still follow its items. Default false, as since revision 10 (pull request 96); revision 09
    /// allowed it.
    /// </summary>
    public bool AllowUnframedAuthenticatedData { get; init; }
}
