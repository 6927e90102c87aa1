using FsCheck;
using FsCheck.Fluent;
using Interconnect.Federation;

namespace Interconnect.Endpoint.Tests.Transports;

public sealed class AddressTests
{
    private static readonly ProviderDomain Homeserver = ProviderDomain.Parse("hs.test");

    [Theory]
    [InlineData("mimi://hs.test/u/bob", @"bob\40hs.test@gw.a.test", "@gw_bob=40hs.test:hs.test")]
    [InlineData("mimi://hs.test/u/b%20o'b", @"b\20o\27b\40hs.test@gw.a.test", "@gw_b=20o=27b=40hs.test:hs.test")]
    [InlineData("mimi://hs.test/u/a%5C20b", @"a\5c20b\40hs.test@gw.a.test", "@gw_a=5c20b=40hs.test:hs.test")]
    [InlineData("mimi://hs.test/u/a%5Cb", @"a\b\40hs.test@gw.a.test", "@gw_a=5cb=40hs.test:hs.test")]
    [InlineData("mimi://hs.test/u/a%40b", @"a\40b\40hs.test@gw.a.test", "@gw_a=40b=40hs.test:hs.test")]
    [InlineData("mimi://hs.test/u/%C3%A9", "é\\40hs.test@gw.a.test", "@gw_=c3=a9=40hs.test:hs.test")]
    public void Ghosts_OfBothNetworks_GoBothWays(string uri, string xmpp, string matrix)
    {
        var user = UserUri.Parse(uri);

        Assert.Equal(xmpp, XmppAddress.GhostOf(user, "gw.a.test"));
        Assert.True(XmppGhost.TryRead(xmpp[..^"@gw.a.test".Length], out var fromXmpp));
        Assert.Equal(user, fromXmpp);
        Assert.Equal(matrix, MatrixAddress.GhostOf(user, Homeserver));
        Assert.True(MatrixAddress.TryReadGhost(matrix, Homeserver, out var fromMatrix));
        Assert.Equal(user, fromMatrix);
    }

    [Theory]
    [InlineData("bob")]
    [InlineData(@"\40hs.test")]
    [InlineData(@"bob\40")]
    [InlineData(@"bob\5c40hs.test")]
    [InlineData(@"b\5cob\40hs.test")]
    public void TryReadGhost_OfWhatNoEscapingGives_IsFalse(string local) => Assert.False(XmppGhost.TryRead(local, out _));

    [Theory]
    [InlineData("@gw_bob=40hs.test:other.test")]
    [InlineData("@bob:hs.test")]
    [InlineData("@gw_bob:hs.test")]
    [InlineData("@gw_bob=4:hs.test")]
    [InlineData("@gw_bob=40=68s.test:hs.test")]
    [InlineData("@gw_=ff=40hs.test:hs.test")]
    public void TryReadGhost_OfWhatNoGatewayMakes_IsFalse(string id) => Assert.False(MatrixAddress.TryReadGhost(id, Homeserver, out _));

    [Theory]
    [InlineData("alice@a.test", true)]
    [InlineData("ALICE@A.test", true)]
    [InlineData("alice", false)]
    [InlineData("@a.test", false)]
    [InlineData("al ice@a.test", false)]
    [InlineData("alice@127.0.0.1", false)]
    [InlineData("alice@a.test/phone", false)]
    [InlineData("ÄNNE@a.test", false)]
    [InlineData("\u1c92@a.test", false)]
    [InlineData("a\u030anne@a.test", false)]
    [InlineData("alice@\u212a.test", false)]
    public void TryParse_OfAJid_TakesBareOnesOnly(string text, bool valid)
    {
        Assert.Equal(valid, XmppAddress.TryParse(text, out var address));
        if (valid)
            Assert.Equal("mimi://a.test/u/alice", address!.User.Value);
    }

    [Theory]
    [InlineData("Bob")]
    [InlineData("\u1c92")]
    [InlineData("a\u030a")]
    public void GhostOf_NameThatAServerWouldChange_IsNone(string name)
    {
        Assert.True(UserUri.TryCreate(Homeserver, name, out var user));
        Assert.Null(XmppAddress.GhostOf(user, "gw.a.test"));
        Assert.NotNull(XmppAddress.GhostOf(UserUri.Parse("mimi://hs.test/u/%E1%83%92"), "gw.a.test"));
    }

    [Fact]
    public void TryParse_DomainInUnicode_IsWrittenSoAndALabelsInTheFederation()
    {
        Assert.True(XmppAddress.TryParse("Alice@bücher.test", out var address));
        Assert.Equal(("alice@bücher.test", "mimi://xn--bcher-kva.test/u/alice"), (address.Bare, address.User.Value));
    }

    [Fact]
    public void Ghosts_OfAnyUser_AreReadBackAsThatUser() => Prop.ForAll(
        ArbMap.Default.ArbFor<NonEmptyString>(),
        name =>
        {
            if (!UserUri.TryCreate(Homeserver, name.Get, out var user))
                return true;

            return (XmppAddress.GhostOf(user, "gw.a.test") is not { } jid || (XmppGhost.TryRead(jid[..^"@gw.a.test".Length], out var one) && one == user))
                && (MatrixAddress.GhostOf(user, Homeserver) is { Length: > 255 } || (MatrixAddress.TryReadGhost(MatrixAddress.GhostOf(user, Homeserver), Homeserver, out var other) && other == user));
        }).QuickCheckThrowOnFailure();
}
