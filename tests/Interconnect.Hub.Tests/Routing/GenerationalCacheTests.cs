namespace Interconnect.Hub.Tests.Routing;

public sealed class GenerationalCacheTests
{
    [Fact]
    public void Set_MoreThanCapacity_ForgetsTheUnused_KeepsTheUsedAndTheAbsent()
    {
        var cache = new GenerationalCache<int, string>(20, static (_, _) => 1);
        cache.Set(0, "used");
        cache.Set(1, null);
        cache.Set(2, "unused");
        for (var i = 100; i < 130; i++)
        {
            cache.Set(i, "x");
            Assert.True(cache.TryGet(0, out var used));
            Assert.Equal("used", used);
            Assert.True(cache.TryGet(1, out var absent));
            Assert.Null(absent);
            Assert.InRange(cache.Count, 0, 20);
        }

        Assert.False(cache.TryGet(2, out _));
        cache.Set(0, "changed");
        Assert.True(cache.TryGet(0, out var changed));
        Assert.Equal("changed", changed);
        cache.Clear();
        Assert.False(cache.TryGet(0, out _));
    }

    [Fact]
    public void Set_LargeValues_KeepsWithinTheBytes_AndNotWhatIsLargerThanAGeneration()
    {
        var cache = new GenerationalCache<int, string>(1_000, static (_, value) => value?.Length ?? 0);
        for (var i = 0; i < 100; i++)
        {
            cache.Set(i, new string('x', 100));
            cache.Set(i, new string('x', 120));
            Assert.InRange(cache.Bytes, 1, 1_000);
        }

        Assert.Equal(cache.Count * 120, cache.Bytes);
        cache.Set(99, new string('x', 501));
        Assert.False(cache.TryGet(99, out _));
        cache.Set(99, new string('x', 500));
        Assert.True(cache.TryGet(99, out _));
        cache.Clear();
        Assert.Equal((0, 0), (cache.Count, cache.Bytes));
    }
}
