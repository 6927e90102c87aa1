using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Interconnect.Federation.Tests.Identifiers;

public sealed class IdentifierTests
{
    [Theory]
    [InlineData("")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("A")]
    [InlineData("a_b")]
    [InlineData("a.b")]
    [InlineData("abcdefghijklmnopqrstuvwxyz-1234567")]
    public void NetworkId_Bad_IsRefused(string text)
    {
        Assert.False(NetworkId.TryParse(text, out _));
        Assert.True(NetworkId.TryParse("xmpp-a", out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData("a.")]
    [InlineData("-a.test")]
    [InlineData("a-.test")]
    [InlineData("a b.test")]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    [InlineData("bücher.test")]
    [InlineData("a.test:443")]
    public void ProviderDomain_Bad_IsRefused(string text)
    {
        Assert.False(ProviderDomain.TryParse(text, out _));
        Assert.True(ProviderDomain.TryParse("XN--Bcher-Kva.Test", out var good));
        Assert.Equal("xn--bcher-kva.test", good.Value);
    }

    [Fact]
    public void ProviderDomain_LongerThanDnsAllows_IsRefused()
    {
        Assert.False(ProviderDomain.TryParse(new string('a', 64) + ".test", out _));
        Assert.False(ProviderDomain.TryParse(string.Join('.', Enumerable.Repeat("abcdefg", 32)), out _));
        Assert.True(ProviderDomain.TryParse(new string('a', 63) + ".test", out _));
    }

    [Theory]
    [InlineData("alice", "Alice")]
    [InlineData("\u10d2", "\u1c92")]
    [InlineData("\u00e5", "a\u030a")]
    [InlineData("strasse", "stra\u00dfe")]
    [InlineData("k", "\u212a")]
    public void UserUri_TwoNamesThatSomeRuleFolds_AreTwoUsers(string one, string other)
    {
        var domain = ProviderDomain.Parse("a.test");
        Assert.True(UserUri.TryCreate(domain, one, out var first) && UserUri.TryCreate(domain, other, out var second) && first != second);
        Assert.True(UserUri.TryParse(first.Value, out var again) && again == first && again.User == one);
        Assert.True(UserUri.TryParse(first.Value.Replace("mimi://a.test", "MIMI://A.TEST", StringComparison.Ordinal), out again) && again == first);
    }

    [Theory]
    [InlineData("mimi://a.test/u/")]
    [InlineData("mimi://a.test/u/alice/x")]
    [InlineData("mimi://a.test/x/alice")]
    [InlineData("mimi:/a.test/u/alice")]
    [InlineData("https://a.test/u/alice")]
    [InlineData("mimi://a.test/u/al%zzice")]
    [InlineData("mimi://a.test/u/al%2")]
    [InlineData("mimi://a.test/u/al ice")]
    [InlineData("mimi://a.test/u/%00")]
    [InlineData("mimi://a.test/u/%0a")]
    [InlineData("mimi://a.test/u/%ff")]
    [InlineData("mimi://a.test/u/%c0%af")]
    [InlineData("mimi://a.test/u/alice?x=1")]
    [InlineData("mimi://a.test/u/alice#x")]
    [InlineData("mimi://10.0.0.1/u/alice")]
    [InlineData("mimi://a.test:1/u/alice")]
    [InlineData("mimi://bob@a.test/u/alice")]
    public void UserUri_Bad_IsRefused(string text)
    {
        Assert.False(UserUri.TryParse(text, out _));
        Assert.True(UserUri.TryParse("mimi://a.test/u/alice", out _));
    }

    [Theory]
    [InlineData("MIMI://A.Test/u/%61lice", "mimi://a.test/u/alice")]
    [InlineData("mimi://a.test/u/a%2fb", "mimi://a.test/u/a%2Fb")]
    [InlineData("mimi://a.test/u/a@b", "mimi://a.test/u/a%40b")]
    [InlineData("mimi://a.test/u/%C3%BC", "mimi://a.test/u/%C3%BC")]
    public void UserUri_EquivalentSpellings_HaveOneCanonicalForm(string text, string canonical)
    {
        Assert.True(UserUri.TryParse(text, out var uri));
        Assert.Equal(canonical, uri.Value);
        Assert.Equal(UserUri.Parse(canonical), uri);
        Assert.Equal(UserUri.Parse(canonical).GetHashCode(), uri.GetHashCode());
    }

    [Fact]
    public void MimiUri_TooLong_IsRefused()
    {
        var domain = ProviderDomain.Parse("a.test");
        Assert.False(UserUri.TryCreate(domain, new string('a', 256), out _));
        Assert.False(UserUri.TryCreate(domain, new string('ü', 128), out _));
        Assert.True(UserUri.TryCreate(domain, new string('a', 255), out _));
        Assert.False(UserUri.TryCreate(domain, "\ud800", out _));
    }

    [Fact]
    public void ClientUri_NamesItsOwner()
    {
        Assert.True(ClientUri.TryParse("mimi://a.test/d/al%2Fice/my%20phone", out var client));
        Assert.Equal("mimi://a.test/u/al%2Fice", client.Owner.Value);
        Assert.Equal("my phone", client.Device);
        Assert.False(ClientUri.TryParse("mimi://a.test/d/alice", out _));
    }

    [Fact]
    public void UserUri_AnyNameThatIsTaken_SurvivesTheRoundTrip()
    {
        var domain = ProviderDomain.Parse("a.test");
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<string>(), name =>
        {
            if (!UserUri.TryCreate(domain, name ?? "", out var uri))
            {
                return true;
            }

            return UserUri.TryParse(uri.Value, out var again) && again == uri && again.User == name && uri.Value.Length <= MimiUri.MaxLength;
        }));
    }

    [Fact]
    public void Parsers_ArbitraryText_NeverThrowAndOnlyTakeCanonicalisable()
    {
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
        {
            var uri = "mimi://a.test/u/" + text;
            _ = NetworkId.TryParse(text, out _);
            _ = ProviderDomain.TryParse(text, out _);
            _ = RoomUri.TryParse(text, out _);
            _ = ClientUri.TryParse(text, out _);
            _ = ConversationKey.TryParse(text, out _);
            _ = EventId.TryParse(text, out _);
            return !UserUri.TryParse(uri, out var user) || (UserUri.TryParse(user.Value, out var again) && again == user);
        }));
    }

    [Fact]
    public void EventId_SameNetworkAndKey_IsTheSameAndNothingElseIs()
    {
        var id = EventId.Derive(Samples.Network, "a", "b");
        Assert.Equal(id, EventId.Derive(Samples.Network, "a", "b"));
        Assert.NotEqual(id, EventId.Derive(NetworkId.Parse("xmpp-b"), "a", "b"));
        Assert.NotEqual(id, EventId.Derive(Samples.Network, "ab", ""));
        Assert.NotEqual(id, EventId.Derive(Samples.Network, "a", "b", ""));
        Assert.NotEqual(id, EventId.Derive(id, "b"));
        Assert.Equal("0c32044a539201ee", id.Hex[..16]);
    }

    [Fact]
    public void EventId_BytesAndHex_RoundTrip()
    {
        Assert.True(EventId.TryRead(Samples.Id.ToBytes(), out var read));
        Assert.Equal(Samples.Id, read);
        Assert.True(EventId.TryParse(Samples.Id.Hex.ToUpperInvariant(), out var parsed));
        Assert.Equal(Samples.Id, parsed);
        Assert.False(EventId.TryRead(new byte[31], out _));
        Assert.Throws<InvalidOperationException>(() => default(EventId).Hex);
    }

    [Fact]
    public void ConversationKey_Pair_IsTheSameFromBothSides()
    {
        var key = ConversationKey.OfPair(Samples.Alice, Samples.Bob);
        Assert.Equal(key, ConversationKey.OfPair(Samples.Bob, Samples.Alice));
        Assert.True(ConversationKey.TryParse(key.Value, out var parsed));
        Assert.Equal(key, parsed);
        Assert.NotEqual(key, ConversationKey.OfPair(Samples.Alice, UserUri.Parse("mimi://hs.test/u/bob2")));
    }

    [Fact]
    public void PartitionOf_IsStableAndSpreads()
    {
        Assert.Equal(5, ConversationKey.OfRoom(Samples.Room).PartitionOf(8));
        var counts = Enumerable.Range(0, 8_000).Select(i => ConversationKey.OfUser(UserUri.Parse($"mimi://a.test/u/{i}")).PartitionOf(8)).CountBy(p => p);
        Assert.All(counts, c => Assert.InRange(c.Value, 800, 1_200));
        Assert.Throws<ArgumentOutOfRangeException>(() => ConversationKey.OfRoom(Samples.Room).PartitionOf(0));
    }

    [Fact]
    public void SignedContent_EveryField_ChangesTheBytes()
    {
        byte[] Content(FrameId? frame = null, ClientUri? client = null, int ms = 0, ushort suite = 1, string body = "e") =>
            FrameProof.SignedContent(frame ?? Samples.Frame, client ?? Samples.AlicePhone, Samples.Time.AddMilliseconds(ms), suite, Encoding.UTF8.GetBytes(body));
        var all = new[] { Content(), Content(FrameId.Create()), Content(client: Samples.BobPhone), Content(ms: 1), Content(suite: 2), Content(body: "f") };
        Assert.Equal(all.Length, all.Select(Convert.ToHexString).Distinct().Count());
    }
}
