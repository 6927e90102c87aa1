namespace Interconnect.Bus;

/// <summary>One role on the broker, as those who play it and those who read what it writes know it. The same in every process, but for the file.</summary>
public sealed record BusRoleOptions
{
    /// <summary>The file with the role's key, made by <c>interconnect bus keygen</c>; needed where the role runs and nowhere else.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The keys whose signatures are taken for the role's. While a key is replaced, the old one and the new one.</summary>
    public IReadOnlyList<string> PublicKeys { get; init; } = [];

    /// <summary>The role's user on the broker. Given, a frame that carries another user's name is not taken; one that an operator moved by hand carries none.</summary>
    public string? User { get; init; }
}
