namespace Interconnect.Hub;

/// <summary>Security level of the MLS cipher suites in bits, as their names state it (RFC 9420 section 17.1): 1 to 3 are 128, 4 to 7 are 256.</summary>
internal static class SuiteLevels
{
    public static int BitsOf(ushort suite) => suite switch
    {
        >= 1 and <= 3 => 128,
        >= 4 and <= 7 => 256,
        _ => 0,
    };
}
