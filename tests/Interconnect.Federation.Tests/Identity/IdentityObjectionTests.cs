namespace Interconnect.Federation.Tests.Identity;

public sealed class IdentityObjectionTests
{
    private static readonly byte[] Old = Signers.Key(1);
    private static readonly byte[] New = Signers.Key(2);
    private static readonly IdentityObjection Objection = IdentityObjection.Sign(Samples.Alice, Old, New, Samples.Time, Signers.With(Old));

    [Fact]
    public void IsSigned_AnyPartChanged_IsFalse()
    {
        Assert.False((Objection with { User = Samples.Bob }).IsSigned(Signers.Check));
        Assert.False((Objection with { IdentityKey = New }).IsSigned(Signers.Check));
        Assert.False((Objection with { Objected = Samples.Bytes(9, 32) }).IsSigned(Signers.Check));
        Assert.False((Objection with { IssuedAt = Samples.Time.AddMilliseconds(1) }).IsSigned(Signers.Check));
        Assert.False((Objection with { Signature = Samples.Bytes(9, 32) }).IsSigned(Signers.Check));
        Assert.True(Objection.IsSigned(Signers.Check));
    }

    [Fact]
    public void IsSigned_SignatureOfADeviceList_IsFalse()
    {
        var list = DeviceList.First(Samples.Alice, Old, [new DeviceEntry(Samples.AlicePhone, 1, Signers.Key(3), DeviceKind.Agent, true, Samples.Time)], Samples.Time);
        var signed = SignedDeviceList.ByIdentity(list, Signers.With(Old));
        Assert.False((Objection with { Signature = signed.Signature }).IsSigned(Signers.Check));
    }

    [Fact]
    public void IsAbout_AnotherKey_IsFalse()
    {
        Assert.False(Objection.IsAbout(Old));
        Assert.True(Objection.IsAbout(New));
    }

    [Fact]
    public void ToString_NamesNobody() => Assert.DoesNotContain("alice", Objection.ToString(), StringComparison.Ordinal);
}
