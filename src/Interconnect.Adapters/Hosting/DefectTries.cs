namespace Interconnect.Adapters.Hosting;

/// <summary>How often storing one thing has failed for a cause that trying again does not change. Bounded: when it is full, counting begins anew.</summary>
internal sealed class DefectTries
{
    /// <summary>Tries after which a thing is given up.</summary>
    public const int Most = 5;

    private const int MostKnown = 10_000;
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> tries = [];

    /// <summary>Counts a failure; true when it was the last try.</summary>
    public bool Exhausted(string key)
    {
        lock (gate)
        {
            if (tries.Count >= MostKnown)
            {
                tries.Clear();
            }

            var failed = tries.GetValueOrDefault(key) + 1;
            if (failed < Most)
            {
                tries[key] = failed;
                return false;
            }

            tries.Remove(key);
            return true;
        }
    }
}
