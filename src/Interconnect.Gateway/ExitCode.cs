namespace Interconnect.Gateway;

/// <summary>Exit codes of <c>interconnect</c>; they are documented in the README.</summary>
internal static class ExitCode
{
    /// <summary>All is well.</summary>
    public const int Success = 0;

    /// <summary>A defect of ours.</summary>
    public const int Defect = 1;

    /// <summary>Wrong usage or configuration; nothing was started.</summary>
    public const int Configuration = 2;

    /// <summary>check: something cannot be reached. run: the endpoint's address cannot be listened on.</summary>
    public const int Unreachable = 3;

    /// <summary>demo: something did not arrive, or was seen where it must not be.</summary>
    public const int NotArrived = 4;
}
