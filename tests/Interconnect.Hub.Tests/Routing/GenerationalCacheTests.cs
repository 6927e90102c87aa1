namespace Interconnect.Hub.Tests.Routing;

public sealed class GenerationalCacheTests
{
    [Fact]
    public void Set_MoreThanCapacity_ForgetsTheUnused_KeepsTheUsedAndTheAbsent()
    {
        var cache = new GenerationalCache<int, string>(10);
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
}
