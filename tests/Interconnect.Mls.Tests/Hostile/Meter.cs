using System.Diagnostics;

namespace Interconnect.Mls.Tests.Hostile;

/// <summary>
/// Hands input to something and fails when that throws, takes too long, or allocates out of proportion to the input. INTERCONNECT_FUZZ multiplies the rounds of all
/// fuzz tests, INTERCONNECT_FUZZ_SEED changes what they do.
/// </summary>
internal sealed class Meter(string what, int baseBytes, int bytesPerByte)
{
    /// <summary>Nothing here takes longer than some milliseconds; a busy machine may.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static int Factor { get; } = Setting("INTERCONNECT_FUZZ", 1);

    public static int Seed { get; } = Setting("INTERCONNECT_FUZZ_SEED", 20300101);

    /// <summary>How many inputs were accepted.</summary>
    public int Accepted { get; private set; }

    public int Tried { get; private set; }

    public void Try(byte[] input, Func<bool> accepts)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var start = Stopwatch.GetTimestamp();
        try
        {
            Accepted += accepts() ? 1 : 0;
            Tried++;
        }
        catch (Exception thrown)
        {
            Assert.Fail($"{what} throws {thrown.GetType().Name}: {thrown.Message}\n{thrown.StackTrace}\ninput ({input.Length} bytes): {Convert.ToHexStringLower(input)}");
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        var bound = baseBytes + ((long)bytesPerByte * input.Length);
        Assert.True(allocated <= bound, $"{what} allocated {allocated} bytes, {bound} are the bound for an input of {input.Length}: {Convert.ToHexStringLower(input)}");
        Assert.True(Stopwatch.GetElapsedTime(start) < Patience, $"{what} took {Stopwatch.GetElapsedTime(start)}: {Convert.ToHexStringLower(input)}");
    }

    private static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;
}
