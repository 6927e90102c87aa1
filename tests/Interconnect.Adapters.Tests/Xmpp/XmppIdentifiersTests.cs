using FsCheck;
using FsCheck.Fluent;
using Interconnect.Adapters.Xmpp;
using Interconnect.Adapters.Xmpp.Wire;
using Interconnect.Federation;

namespace Interconnect.Adapters.Tests.Xmpp;

/// <summary>XMPP addresses and ghosts, both ways.</summary>
public sealed class XmppIdentifiersTests
{
    private readonly XmppIdentifiers identifiers = new("a.test", "gw.a.test");

    [Theory]
    [InlineData("")]
    [InlineData("@a.test")]
    [InlineData("a@")]
    [InlineData("a@b@c.test")]
    [InlineData("a b@c.test")]
    [InlineData("a\u0000@c.test")]
    [InlineData("a@c.test/")]
    [InlineData("a@c.test/\u0007")]
    [InlineData("a@.test")]
    [InlineData("a@c..test")]
    [InlineData("a@c_d.test")]
    [InlineData("<a>@c.test")]
    public void TryParse_NoAddress_IsRefused(string text)
    {
        Assert.False(Jid.TryParse(text, out _));
        Assert.True(Jid.TryParse("a@c.test/r", out _));
    }

    [Fact]
    public void TryParse_UnpairedSurrogate_IsRefused()
    {
        Assert.False(Jid.TryParse("\ud800@c.test", out _));
        Assert.False(Jid.TryParse("a@c.test/\udc00", out _));
        Assert.False(Jid.TryParse("a@\ud800.test", out _));
    }

    [Fact]
    public void TryParse_PartOf1024Bytes_IsRefused()
    {
        Assert.False(Jid.TryParse(new string('a', 1_024) + "@a.test", out _));
        Assert.False(Jid.TryParse("a@a.test/" + new string('a', 1_024), out _));
        Assert.False(Jid.TryParse(new string('ä', 512) + "@a.test", out _));
        Assert.True(Jid.TryParse(new string('a', 1_023) + "@a.test/" + new string('r', 1_023), out _));
    }

    [Theory]
    [InlineData("Alice@A.Test/Phone", "Alice@a.test/Phone")]
    [InlineData("änne@bücher.test", "änne@xn--bcher-kva.test")]
    [InlineData("☃@a.test/\ue000\U0001fae9", "☃@a.test/\ue000\U0001fae9")]
    [InlineData("a.test", "a.test")]
    [InlineData("a.test/x/y@z", "a.test/x/y@z")]
    public void TryParse_Address_HasOneForm(string text, string normal)
    {
        Assert.True(Jid.TryParse(text, out var jid));
        Assert.Equal(normal, jid.Normal);
        Assert.Equal(text, jid.ToString(), ignoreCase: true);
        Assert.True(Jid.TryParse(normal, out var again));
        Assert.Equal(jid, again);
    }

    [Theory]
    [InlineData("mimi://hs.test/u/bob", "bob\\40hs.test@gw.a.test")]
    [InlineData("mimi://hs.test/u/d%27artagnan", "d\\27artagnan\\40hs.test@gw.a.test")]
    [InlineData("mimi://hs.test/u/a%20b", "a\\20b\\40hs.test@gw.a.test")]
    [InlineData("mimi://hs.test/u/c:%5Ccool", "c\\3a\\cool\\40hs.test@gw.a.test")]
    [InlineData("mimi://hs.test/u/%5C40", "\\5c40\\40hs.test@gw.a.test")]
    [InlineData("mimi://hs.test/u/a@b", "a\\40b\\40hs.test@gw.a.test")]
    public void TryGhost_User_IsTheOneAddressAndBack(string uri, string address)
    {
        var user = UserUri.Parse(uri);

        Assert.True(identifiers.TryGhost(user, out var ghost));
        Assert.Equal(address, ghost.ToString());
        Assert.True(Jid.TryParse(address, out var jid));
        Assert.True(identifiers.TryGhostUser(jid, out var back));
        Assert.Equal(user, back);
    }

    [Theory]
    [InlineData("mimi://hs.test/u/Bob")]
    [InlineData("mimi://a.test/u/alice")]
    [InlineData("mimi://hs.test/u/%20bob")]
    [InlineData("mimi://hs.test/u/%EF%BF%BF")]
    public void TryGhost_NameThatWouldNotComeBack_IsRefused(string uri)
    {
        Assert.False(identifiers.TryGhost(UserUri.Parse(uri), out _));
        Assert.True(identifiers.TryGhost(UserUri.Parse("mimi://hs.test/u/bob"), out _));
    }

    [Theory]
    [InlineData("bob@gw.a.test")]
    [InlineData("bob\\40@gw.a.test")]
    [InlineData("\\40hs.test@gw.a.test")]
    [InlineData("b\\6fb\\40hs.test@gw.a.test/x@")]
    [InlineData("bob\\40hs.test@a.test")]
    [InlineData("bob\\40a.test@gw.a.test")]
    [InlineData("\\20bob\\40hs.test@gw.a.test")]
    public void TryGhostUser_AnythingElse_IsRefused(string address)
    {
        Assert.True(Jid.TryParse(address, out var jid));
        if (!address.Contains("\\6f", StringComparison.Ordinal))
        {
            Assert.False(identifiers.TryGhostUser(jid, out _));
        }
        else
        {
            // \6f is no sequence of XEP-0106: it stands for itself, not for 'o'.
            Assert.True(identifiers.TryGhostUser(jid, out var user));
            Assert.Equal("b\\6fb", user.User);
        }
    }

    [Theory]
    [InlineData("\u1c92", "\u10d2")]
    [InlineData("Alice", "alice")]
    [InlineData("a\u030a", "\u00e5")]
    [InlineData("stra\u00dfe", "strasse")]
    [InlineData("\u13a0", "\u2603")]
    public void TryUser_NameThatSomeServerWouldChange_IsNoUserAndNotToBeWritten(string name, string plain)
    {
        Assert.True(Jid.TryParse(name + "@a.test/r", out var jid));
        Assert.False(identifiers.TryUser(jid, out _));
        Assert.True(identifiers.IsOwnOfNoName(jid));
        Assert.True(UserUri.TryCreate(ProviderDomain.Parse("a.test"), name, out var user));
        Assert.False(identifiers.TryJid(user, out _));
        Assert.True(UserUri.TryCreate(ProviderDomain.Parse("hs.test"), name, out var far));
        Assert.False(identifiers.TryGhost(far, out _));

        Assert.True(Jid.TryParse(plain + "@a.test/r", out var good));
        Assert.True(identifiers.TryUser(good, out var back));
        Assert.True(identifiers.TryJid(back, out var again));
        Assert.Equal(good.Bare, again);
    }

    [Fact]
    public void TryRead_AddressThatAPersonWrote_HasItsAsciiFoldedAndNothingElse()
    {
        Assert.False(identifiers.TryRead("\u1c92@a.test", out _));
        Assert.False(identifiers.TryRead("ÄNNE@a.test", out _));
        Assert.False(identifiers.TryRead("alice@a.test/r", out _));
        Assert.False(identifiers.TryRead("alice@b.test", out _));
        Assert.True(identifiers.TryRead("Alice@A.test", out var user));
        Assert.Equal("mimi://a.test/u/alice", user.Value);
    }

    [Fact]
    public void Domains_InUnicode_AreWrittenAsTheServerKnowsThemAndComparedInALabels()
    {
        var unicode = new XmppIdentifiers("bücher.test", "gw.bücher.test");

        Assert.Equal("xn--bcher-kva.test", unicode.Provider.Value);
        Assert.True(Jid.TryParse("alice@bücher.test", out var jid));
        Assert.True(unicode.TryUser(jid, out var user));
        Assert.Equal("mimi://xn--bcher-kva.test/u/alice", user.Value);
        Assert.True(unicode.TryJid(user, out var back));
        Assert.Equal("alice@bücher.test", back.ToString());
        Assert.True(unicode.TryGhost(UserUri.Parse("mimi://hs.test/u/bob"), out var ghost));
        Assert.Equal("bob\\40hs.test@gw.bücher.test", ghost.ToString());
        Assert.True(unicode.TryHere("bob\\40hs.test@gw.xn--bcher-kva.test/x", out var here));
        Assert.Equal("bob\\40hs.test@gw.bücher.test/x", here);
        Assert.False(unicode.TryHere("bob\\40hs.test@bücher.test", out _));
    }

    [Fact]
    public void TryGhost_AnyName_ComesBackOrIsRefused() => Prop.ForAll<NonEmptyString>(name =>
        !UserUri.TryCreate(ProviderDomain.Parse("hs.test"), name.Get, out var user) || !identifiers.TryGhost(user, out var ghost)
        || (Jid.TryParse(ghost.ToString(), out var jid) && identifiers.TryGhostUser(jid, out var back) && back == user)).QuickCheckThrowOnFailure();

    [Fact]
    public void TryParse_AnyText_NeverThrowsAndIsStable() => Prop.ForAll<string>(text =>
        !Jid.TryParse(text, out var jid) || (Jid.TryParse(jid.ToString(), out var again) && again == jid)).QuickCheckThrowOnFailure();
}
