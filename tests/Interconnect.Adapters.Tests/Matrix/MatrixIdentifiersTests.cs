using FsCheck;
using FsCheck.Fluent;
using Interconnect.Adapters.Matrix;
using Interconnect.Federation;

namespace Interconnect.Adapters.Tests.Matrix;

/// <summary>Matrix ids and ghosts, both ways.</summary>
public sealed class MatrixIdentifiersTests
{
    private readonly MatrixIdentifiers identifiers = new(ProviderDomain.Parse("hs.test"), "gwbot", "gw_");

    [Theory]
    [InlineData("")]
    [InlineData("bob")]
    [InlineData("@bob")]
    [InlineData("@:hs.test")]
    [InlineData("@bob:other.test")]
    [InlineData("@bob:xhs.test")]
    [InlineData("@bob:x:hs.test")]
    [InlineData("@b ob:hs.test")]
    [InlineData("@b\u00e9:hs.test")]
    [InlineData("@b\u0000:hs.test")]
    [InlineData("@gwbot:hs.test")]
    [InlineData("@gw_alice=40a.test:hs.test")]
    public void TryUser_NoOwnUser_IsRefused(string id)
    {
        Assert.False(identifiers.TryUser(id, out _));
        Assert.False(identifiers.TryUser("@" + new string('b', 255 - 8) + ":hs.test", out _));
        Assert.True(identifiers.TryUser("@" + new string('b', 255 - 9) + ":hs.test", out _));
    }

    [Theory]
    [InlineData("@bob:hs.test", "mimi://hs.test/u/bob")]
    [InlineData("@Old.Bob:hs.test", "mimi://hs.test/u/Old.Bob")]
    [InlineData("@a/b=c+d:hs.test", "mimi://hs.test/u/a%2Fb%3Dc%2Bd")]
    public void TryUser_OwnUser_IsTheOneUriAndBack(string id, string uri)
    {
        Assert.True(identifiers.TryUser(id, out var user));
        Assert.Equal(uri, user.Value);
        Assert.True(identifiers.TryId(user, out var back));
        Assert.Equal(id, back);
    }

    [Theory]
    [InlineData("mimi://a.test/u/alice", "@gw_alice=40a.test:hs.test")]
    [InlineData("mimi://a.test/u/Alice_1", "@gw_=41lice=5f1=40a.test:hs.test")]
    [InlineData("mimi://a.test/u/%C3%A4@b", "@gw_=c3=a4=40b=40a.test:hs.test")]
    [InlineData("mimi://a.test/u/a%3D40b", "@gw_a=3d40b=40a.test:hs.test")]
    public void TryGhost_User_IsTheOneIdAndBack(string uri, string id)
    {
        Assert.True(identifiers.TryGhost(UserUri.Parse(uri), out var ghost));
        Assert.Equal(id, ghost);
        Assert.True(identifiers.TryGhostUser(id, out var user));
        Assert.Equal(UserUri.Parse(uri), user);
    }

    [Theory]
    [InlineData("@gw_alice:hs.test")]
    [InlineData("@gw_alice=40:hs.test")]
    [InlineData("@gw_=40a.test:hs.test")]
    [InlineData("@gw_alice=4:hs.test")]
    [InlineData("@gw_alice=zz:hs.test")]
    [InlineData("@gw_=61lice=40a.test:hs.test")]
    [InlineData("@gw_alice=40A.TEST:hs.test")]
    [InlineData("@gw_=C3=A4=40a.test:hs.test")]
    [InlineData("@gw_=ff=40a.test:hs.test")]
    [InlineData("@gw_alice=40hs.test:hs.test")]
    [InlineData("@alice=40a.test:hs.test")]
    public void TryGhostUser_AnyOtherSpelling_IsRefused(string id) => Assert.False(identifiers.TryGhostUser(id, out _));

    [Fact]
    public void TryGhost_TooLong_IsRefused()
    {
        Assert.True(UserUri.TryCreate(ProviderDomain.Parse("a.test"), new string('A', 200), out var user));
        Assert.False(identifiers.TryGhost(user, out _));
        Assert.False(identifiers.TryGhost(UserUri.Parse("mimi://hs.test/u/bob"), out _));
    }

    [Fact]
    public void TryGhost_AnyName_ComesBackOrIsRefused() => Prop.ForAll<NonEmptyString>(name =>
        !UserUri.TryCreate(ProviderDomain.Parse("a.test"), name.Get, out var user) || !identifiers.TryGhost(user, out var ghost)
        || (identifiers.TryGhostUser(ghost, out var back) && back == user && ghost.All(c => c < 127))).QuickCheckThrowOnFailure();

    [Fact]
    public void TryGhostUser_DamagedIds_NeverThrowAndAreOneToOne()
    {
        var random = new Seeded(7);
        for (var run = 0; run < 20_000; run++)
        {
            var id = System.Text.Encoding.Latin1.GetString(random.Damage("@gw_alice=40a.test:hs.test"u8, "=40abf@:._-A"u8));
            identifiers.TryUser(id, out _);
            if (identifiers.TryGhostUser(id, out var user))
            {
                Assert.True(identifiers.TryGhost(user, out var same));
                Assert.Equal(id, same);
            }
        }
    }
}
