using System.Collections.Concurrent;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Tree;

/// <summary>Spreads public-key operations over the processors when there are enough of them to be worth it.</summary>
internal static class Work
{
    private const int ParallelFrom = 16;

    /// <summary>Does each piece once. A refused check in one of them refuses the whole; which one, when several do, is not determined.</summary>
    public static void ForEach(int count, Action<int> piece)
    {
        if (count < ParallelFrom)
        {
            for (var i = 0; i < count; i++)
            {
                piece(i);
            }

            return;
        }

        var refusals = new ConcurrentQueue<MlsRefusal>();
        Parallel.For(0, count, (i, state) =>
        {
            try
            {
                piece(i);
            }
            catch (MlsRefusal refusal)
            {
                refusals.Enqueue(refusal);
                state.Stop();
            }
        });
        if (refusals.TryPeek(out var first))
        {
            throw new MlsRefusal(first.Error);
        }
    }
}
