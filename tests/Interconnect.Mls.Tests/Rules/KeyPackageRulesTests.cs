using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Tests.Groups;
using Interconnect.Mls.Tree;
using Interconnect.Testing;

namespace Interconnect.Mls.Tests.Rules;

public sealed class KeyPackageRulesTests
{
    private readonly Person bob = new("bob");

    [Fact]
    [Covers("MLS-007", "MLS-008", "MLS-009", "MLS-101", "MLS-102", "MLS-106")]
    public void KeyPackage_WrongKindSuiteSignatureOrTime_Refused()
    {
        var encoded = bob.Bundle.KeyPackage.ToArray();
        Assert.Equal("MLS-007", KeyPackages.Verify(new byte[70_000], Person.Start).Error.Rule);
        Assert.Equal("MLS-009", KeyPackages.Verify(Forge.Flip(encoded, 0), Person.Start).Error.Rule);
        Assert.Equal("MLS-101", KeyPackages.Verify(encoded, Person.Start, CipherSuite.Get(2)).Error.Rule);
        Assert.Equal("MLS-102", KeyPackages.Verify(Forge.Flip(encoded, ^1), Person.Start).Error.Rule);
        Assert.Equal("MLS-106", KeyPackages.Verify(encoded, Person.Start.AddDays(31)).Error.Rule);
        Assert.Equal("MLS-106", KeyPackages.Verify(encoded, Person.Start.AddDays(-1)).Error.Rule);
        var alice = new Person("alice").Create();
        Assert.Equal("MLS-008", KeyPackages.Verify(alice.Group.CreateGroupInfo(), Person.Start).Error.Rule);

        var verified = KeyPackages.Verify(encoded, Person.Start, CipherSuite.Get(1)).Value;
        Assert.Equal(bob.Bundle.Reference.ToArray(), verified.Reference.ToArray());
        Assert.Equal(Person.Start.AddDays(30), verified.NotAfter);
        Assert.Equal(encoded, verified.Encoded.ToArray());
    }

    [Fact]
    [Covers("MLS-123")]
    public void KeyPackage_ThatLivesLongerThanTheApplicationAllows_Refused()
    {
        var unbound = new MlsOptions { MaxLeafLifetime = TimeSpan.MaxValue };
        using var century = new Person("cathy", options: unbound).Client.CreateKeyPackage(TimeSpan.FromDays(36_500));
        using var most = bob.Client.CreateKeyPackage(TimeSpan.FromDays(100) - TimeSpan.FromHours(1));

        Assert.Equal("MLS-123", KeyPackages.Verify(century.KeyPackage, Person.Start).Error.Rule);
        Assert.Equal("MLS-123", KeyPackages.Verify(most.KeyPackage, Person.Start, maxLifetime: TimeSpan.FromDays(99)).Error.Rule);
        Assert.Equal("MLS-123", Forge.Verdict(Forge.KeyPackage(bob, Forge.Leaf(bob, new LeafNodeSource.KeyPackage(ulong.MaxValue, 0)))));
        Assert.Equal("MLS-123", Forge.Verdict(Forge.KeyPackage(bob, Forge.Leaf(bob, new LeafNodeSource.KeyPackage(0, ulong.MaxValue)))));
        Assert.True(KeyPackages.Verify(most.KeyPackage, Person.Start).IsOk);
        Assert.True(KeyPackages.Verify(century.KeyPackage, Person.Start, maxLifetime: TimeSpan.MaxValue).IsOk);
        Assert.Throws<ArgumentOutOfRangeException>(() => bob.Client.CreateKeyPackage(TimeSpan.FromDays(100)));
    }

    [SharedFact("cases/mls-lifetime-without-bound")]
    public void KeyPackage_OfTheReportedCase_Refused()
    {
        var input = File.ReadAllText(SharedFiles.PathOf("cases/mls-lifetime-without-bound/input.txt"));
        var days = int.Parse(input.Split("FromDays(")[1].Split(')')[0], System.Globalization.CultureInfo.InvariantCulture);
        using var bundle = new Person("alice", options: new MlsOptions { MaxLeafLifetime = TimeSpan.MaxValue }).Client.CreateKeyPackage(TimeSpan.FromDays(days));

        Assert.Equal("MLS-123", KeyPackages.Verify(bundle.KeyPackage, Person.Start).Error.Rule);
    }

    [Fact]
    [Covers("MLS-123")]
    public void LeafInAGroup_ThatLivesLongerThanTheApplicationAllows_Refused()
    {
        var unbound = new MlsOptions { MaxLeafLifetime = TimeSpan.MaxValue };
        var careless = new Person("alice", options: unbound).Create();
        careless.Add([bob]);
        using var century = new Person("cathy", options: unbound).Client.CreateKeyPackage(TimeSpan.FromDays(36_500));
        var package = KeyPackages.Verify(century.KeyPackage, Person.Start, maxLifetime: TimeSpan.MaxValue).Value;
        var added = careless.Group.AddMembers([package]).Value;

        Assert.Equal("MLS-123", bob.Group.AddMembers([package]).Error.Rule);
        Assert.Equal("MLS-123", bob.Refusal(added.Commit));
        var dave = new Person("dave");
        careless.Group = added.NewState;
        var welcome = careless.Group.AddMembers([dave.Verified]).Value.Welcome!;
        Assert.Equal("MLS-123", dave.Client.Join(welcome, [dave.Bundle]).Error.Rule);
        var open = new Person("mallory", options: unbound);
        welcome = careless.Group.AddMembers([open.Verified]).Value.Welcome!;
        Assert.True(open.Client.Join(welcome, [open.Bundle]).IsOk);
    }

    [Fact]
    [Covers("MLS-103", "MLS-104", "MLS-105", "MLS-107", "MLS-110", "MLS-111")]
    public void KeyPackage_WronglyMade_Refused()
    {
        var key = bob.Client.Suite.Kem.GenerateKeyPair(SystemRandomness.Instance).PublicKey;
        var update = Forge.Leaf(bob, new LeafNodeSource.Update(), place: new LeafPlace("g"u8.ToArray(), 0));
        Assert.Equal("MLS-103", Forge.Verdict(Forge.KeyPackage(bob, update)));
        var leaf = Forge.Leaf(bob, Forge.Lifetime, encryptionKey: key);
        Assert.Equal("MLS-104", Forge.Verdict(Forge.KeyPackage(bob, leaf, initKey: key)));
        var unsigned = new LeafNode(
            leaf.EncryptionKey, leaf.SignatureKey, leaf.Credential, leaf.Capabilities, leaf.Source, leaf.Extensions, Forge.Flip(leaf.Signature.ToArray(), 5));
        Assert.Equal("MLS-105", Forge.Verdict(Forge.KeyPackage(bob, unsigned)));
        var silent = Forge.Leaf(bob, Forge.Lifetime, capabilities: bob.Client.Capabilities with { Credentials = [2] });
        Assert.Equal("MLS-107", Forge.Verdict(Forge.KeyPackage(bob, silent)));
        var unlisted = Forge.Leaf(bob, Forge.Lifetime, extensions: [new Extension(0xff00, new byte[1])]);
        Assert.Equal("MLS-107", Forge.Verdict(Forge.KeyPackage(bob, unlisted)));
        var twice = new Extension(0xff00, new byte[1]);
        Assert.Equal("MLS-110", Forge.Verdict(Forge.KeyPackage(bob, leaf, extensions: [twice, twice])));
        Assert.Equal("MLS-111", Forge.Verdict(Forge.KeyPackage(bob, leaf, initKey: new byte[31])));

        Assert.Null(Forge.Verdict(Forge.KeyPackage(bob, leaf, extensions: [twice])));
        var withoutSuite = Forge.Leaf(bob, Forge.Lifetime, capabilities: bob.Client.Capabilities with { CipherSuites = [2] });
        Assert.Null(Forge.Verdict(Forge.KeyPackage(bob, withoutSuite)));
        Assert.Null(Forge.Verdict(Forge.KeyPackage(bob, Forge.Leaf(bob, Forge.Lifetime, extensions: [new Extension(0xaaaa, new byte[1])]))));
        Assert.Equal("MLS-107", Forge.Verdict(Forge.KeyPackage(bob, Forge.Leaf(bob, Forge.Lifetime, extensions: [new Extension(0xaaba, new byte[1])]))));
        Assert.Equal("MLS-107", Forge.Verdict(Forge.KeyPackage(bob, Forge.Leaf(bob, Forge.Lifetime, extensions: [new Extension(0xfafa, new byte[1])]))));
    }

    [Theory]
    [MemberData(nameof(Scenarios.Suites), MemberType = typeof(Scenarios))]
    [Covers("MLS-111", "MLS-112")]
    public void Keys_Malformed_Refused(ushort id)
    {
        var suite = CipherSuite.Get(id);
        var size = suite.Kem.Group.PrivateKeySize;
        Assert.Equal("MLS-112", SignatureKeyPair.Import(suite, new byte[200]).Error.Rule);
        Assert.Equal("MLS-112", SignatureKeyPair.Import(suite, []).Error.Rule);
        Assert.Equal("MLS-112", Forge.RuleOf(() => suite.Kem.Group.ImportPrivate(new byte[size + 1])));
        Assert.Equal("MLS-111", Forge.RuleOf(() => suite.Kem.Group.ImportPublic(new byte[size + 1])));
        var key = suite.Kem.GenerateKeyPair(SystemRandomness.Instance);
        Assert.Equal(key.PublicKey.ToArray(), suite.Kem.Group.ImportPrivate(key.Export()).PublicKey.ToArray());
        using var pair = suite.GenerateSignatureKeyPair();
        Assert.Equal(pair.PublicKey.ToArray(), SignatureKeyPair.Import(suite, pair.ExportPrivateKey()).Value.PublicKey.ToArray());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [Covers("MLS-113")]
    public void Agree_WithALowOrderPoint_Refused(ushort id)
    {
        var kem = CipherSuite.Get(id).Kem;
        using var own = kem.GenerateKeyPair(SystemRandomness.Instance);
        using var other = kem.GenerateKeyPair(SystemRandomness.Instance);
        var shared = new byte[kem.Group.SharedSecretSize];
        Assert.Equal("MLS-113", Forge.RuleOf(() => own.Agree(kem.Group.ImportPublic(new byte[kem.Group.PublicKeySize]), shared)));
        own.Agree(kem.Group.ImportPublic(other.PublicKey.Span), shared);
        Assert.True(shared.AsSpan().ContainsAnyExcept((byte)0));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(7)]
    [Covers("MLS-111", "MLS-112")]
    public void NistKeys_OffTheCurveOrOutOfRange_Refused(ushort id)
    {
        var group = CipherSuite.Get(id).Kem.Group;
        var good = CipherSuite.Get(id).Kem.GenerateKeyPair(SystemRandomness.Instance);
        Assert.Equal("MLS-111", Forge.RuleOf(() => group.ImportPublic(Forge.Flip(good.PublicKey.ToArray(), ^1))));
        Assert.Equal("MLS-111", Forge.RuleOf(() => group.ImportPublic(Forge.Flip(good.PublicKey.ToArray(), 0))));
        Assert.Equal("MLS-112", Forge.RuleOf(() => group.ImportPrivate(new byte[group.PrivateKeySize])));
        Assert.Equal("MLS-112", Forge.RuleOf(() => group.ImportPrivate(Enumerable.Repeat((byte)0xff, group.PrivateKeySize).ToArray())));
        Assert.Equal(good.PublicKey.ToArray(), group.ImportPrivate(good.Export()).PublicKey.ToArray());
    }

    [Fact]
    [Covers("MLS-210")]
    public void LeafOfAGroup_WithoutItsPlace_Refused()
    {
        var leaf = Forge.Leaf(bob, new LeafNodeSource.Update(), place: new LeafPlace("g"u8.ToArray(), 3));
        Assert.Equal("MLS-210", Forge.RuleOf(() => leaf.VerifySignature(bob.Client.Suite, null)));
        Assert.False(leaf.VerifySignature(bob.Client.Suite, new LeafPlace("g"u8.ToArray(), 4)));
        Assert.True(leaf.VerifySignature(bob.Client.Suite, new LeafPlace("g"u8.ToArray(), 3)));
    }

    [Fact]
    [Covers("MLS-801", "MLS-802", "MLS-803")]
    public void PersistedState_OfAnotherKindOrOwner_Refused()
    {
        var alice = new Person("alice").Create();
        var exported = alice.Group.Export();
        Assert.Equal("MLS-801", alice.Client.ImportGroup(bob.Bundle.Export()).Error.Rule);
        var status = (byte[])exported.Clone();
        status[3] = 9;
        Assert.Equal("MLS-802", alice.Client.ImportGroup(status).Error.Rule);
        Assert.Equal("MLS-803", bob.Client.ImportGroup(exported).Error.Rule);
        Assert.True(alice.Client.ImportGroup(exported).IsOk);
    }
}
