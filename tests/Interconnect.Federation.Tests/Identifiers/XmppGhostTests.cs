using FsCheck;
using FsCheck.Fluent;

namespace Interconnect.Federation.Tests.Identifiers;

public sealed class XmppGhostTests
{
    [Theory]
    [InlineData("mimi://hs.test/u/Bob")]
    [InlineData("mimi://hs.test/u/%20bob")]
    [InlineData("mimi://hs.test/u/%EF%BF%BF")]
    [InlineData("mimi://hs.test/u/%E1%B2%92")]
    [InlineData("mimi://hs.test/u/a%CC%8A")]
    [InlineData("mimi://hs.test/u/stra%C3%9Fe")]
    public void TryWrite_NameThatAServerWouldChange_IsRefused(string uri)
    {
        Assert.False(XmppGhost.TryWrite(UserUri.Parse(uri), out _));
        Assert.True(XmppGhost.TryWrite(UserUri.Parse("mimi://hs.test/u/bob"), out var ghost));
        Assert.Equal("bob\\40hs.test", ghost);
    }

    [Fact]
    public void Escape_AnyText_ComesBack() => Prop.ForAll<NonEmptyString>(text =>
        XmppGhost.Escape(text.Get) is not { } escaped || (XmppGhost.Unescape(escaped) == text.Get && !escaped.Any(c => " \"&'/:<>@".Contains(c, StringComparison.Ordinal)))).QuickCheckThrowOnFailure();

    [Fact]
    public void TryWrite_AnyName_ComesBackOrIsRefused() => Prop.ForAll<NonEmptyString>(name =>
        !UserUri.TryCreate(ProviderDomain.Parse("hs.test"), name.Get, out var user) || !XmppGhost.TryWrite(user, out var ghost)
        || (XmppGhost.TryRead(ghost, out var back) && back == user)).QuickCheckThrowOnFailure();
}
