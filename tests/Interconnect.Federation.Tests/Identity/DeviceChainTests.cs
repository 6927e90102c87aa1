namespace Interconnect.Federation.Tests.Identity;

/// <summary>A whole era is judged alone; each rule refuses what breaks it and takes what does not.</summary>
public sealed class DeviceChainTests
{
    private static readonly DateTimeOffset Now = Samples.Time;
    private static readonly byte[] Identity = Signers.Key(1);
    private static readonly byte[] OtherIdentity = Signers.Key(2);
    private static readonly ClientUri Phone = Samples.AlicePhone;
    private static readonly ClientUri Tablet = ClientUri.Parse("mimi://a.test/d/alice/tablet");
    private static readonly ClientUri Laptop = ClientUri.Parse("mimi://a.test/d/alice/laptop");

    [Fact]
    public void TryRead_EraOfThreeLists_IsTakenAndNamesExactlyItsDevices()
    {
        var chain = Read([First(), Second(), Third()]).Chain;

        Assert.NotNull(chain);
        Assert.True(chain.Names(Tablet, 1, Signers.Key(20)));
        Assert.False(chain.Names(Tablet, 1, Signers.Key(21)));
        Assert.False(chain.Names(Tablet, 2, Signers.Key(20)));
        Assert.False(chain.Names(Phone, 1, Signers.Key(10)));
        Assert.Equal([Phone], chain.Newest.List.Removed);
    }

    [Fact]
    public void TryRead_BrokenSignature_IsRefused()
    {
        Refused("DEV-011", First() with { By = Signers.With(OtherIdentity) });
        Refused("DEV-011", First(), Second() with { By = Signers.With(Signers.Key(99)) });
        Assert.NotNull(Read([First(), Second()]).Chain);
    }

    [Fact]
    public void TryRead_EraThatADeviceBegins_IsRefused()
    {
        Refused("DEV-010", First() with { Signer = Phone, By = Signers.With(Signers.Key(10)) });
        Refused("DEV-010", Second());
    }

    [Fact]
    public void TryRead_SignerWithoutTheRight_IsRefused()
    {
        // The tablet is in the list that it would sign, not in the one before; the laptop is nowhere; the identity key opens eras and does nothing else.
        Refused("DEV-012", First(), Second() with { Signer = Tablet, By = Signers.With(Signers.Key(20)) });
        Refused("DEV-012", First(), Second() with { Signer = Laptop, By = Signers.With(Signers.Key(10)) });
        Refused("DEV-012", First(), Second() with { Signer = null, By = Signers.With(Identity) });
        var without = new Draft(DeviceList.First(Samples.Alice, Identity, [Device(Phone, 10, authorises: true), Device(Tablet, 20, authorises: false)], Now), null, Signers.With(Identity));
        var byTablet = new Draft(DeviceList.Next(without.Sign(), [], [Phone], Now), Tablet, Signers.With(Signers.Key(20)));
        Refused("DEV-012", without, byTablet);
        Assert.NotNull(Read([without, byTablet with { Signer = Phone, By = Signers.With(Signers.Key(10)) }]).Chain);
    }

    [Fact]
    public void TryRead_RemovedDeviceSigns_IsRefused()
    {
        var third = Third();
        var fourth = new Draft(DeviceList.Next(third.Sign(), [Device(Laptop, 30)], [], Now), Phone, Signers.With(Signers.Key(10)));
        Refused("DEV-012", First(), Second(), third, fourth);
        Assert.NotNull(Read([First(), Second(), third, fourth with { Signer = Tablet, By = Signers.With(Signers.Key(20)) }]).Chain);
    }

    [Fact]
    public void TryRead_GapsAndSwaps_AreRefused()
    {
        var second = Second();
        Refused("DEV-013", First(), Third());
        Refused("DEV-013", First(), second with { List = second.List with { Version = 5 } });
        Refused("DEV-013", First(), second with { List = second.List with { Era = 2 } });
        Refused("DEV-013", First(), second with { List = second.List with { Previous = Signers.Key(77) } });
        Refused("DEV-016", First(), second with { List = second.List with { IssuedAt = Now.AddMinutes(-1) } });
        Refused("DEV-014", First(), second with { List = second.List with { IdentityKey = OtherIdentity } });
    }

    [Fact]
    public void TryRead_DeviceThatVanishesChangesKeyOrComesBack_IsRefused()
    {
        var second = Second();
        Refused("DEV-015", First(), second with { List = second.List with { Devices = [Device(Tablet, 20)] } });
        Refused("DEV-015", First(), second with { List = second.List with { Devices = [Device(Phone, 11), Device(Tablet, 20)] } });
        var third = Third();
        var back = new Draft(third.Next([Device(Phone, 10)]) with { Removed = [] }, Tablet, Signers.With(Signers.Key(20)));
        Refused("DEV-015", First(), second, third, back);
    }

    [Fact]
    public void TryRead_ListFromTheFuture_IsRefused()
    {
        var ahead = new Draft(DeviceList.First(Samples.Alice, Identity, [Device(Phone, 10)], Now.AddHours(1).AddMilliseconds(1)), null, Signers.With(Identity));
        Refused("DEV-018", ahead);
        Assert.NotNull(Read([ahead with { List = DeviceList.First(Samples.Alice, Identity, [Device(Phone, 10)], Now.AddHours(1)) }]).Chain);
    }

    [Fact]
    public void TryRead_TooManyLists_IsRefused()
    {
        var drafts = new List<Draft> { First() };
        while (drafts.Count < DeviceChain.MaxLists)
        {
            drafts.Add(new Draft(DeviceList.Next(drafts[^1].Sign(), [], [], Now), Phone, Signers.With(Signers.Key(10))));
        }

        Assert.NotNull(Read(drafts).Chain);
        Refused("DEV-002", [.. drafts, new Draft(DeviceList.Next(drafts[^1].Sign(), [], [], Now), Phone, Signers.With(Signers.Key(10)))]);
        Assert.Equal("DEV-002", Read([]).Error?.RuleId);
    }

    [Fact]
    public void TryRead_KnownPrefix_CostsOneSignatureForEachNewList()
    {
        var known = Read([First(), Second()]).Chain!;
        var checks = 0;
        Assert.True(DeviceChain.TryRead(
            [.. known.Encoded, Third().Sign().Encoded],
            (suite, key, label, content, signature) =>
            {
                checks++;
                return Signers.Check(suite, key, label, content, signature);
            },
            Now, known, out _, out _));
        Assert.Equal(1, checks);
    }

    [Fact]
    public void TryRead_KnownListBehindAForeignOne_IsVerifiedAllTheSame()
    {
        // The second list is known and does not follow the first one shown here.
        var known = Read([First(), Second()]).Chain!;
        var foreign = new Draft(DeviceList.First(Samples.Alice, Identity, [Device(Phone, 10), Device(Laptop, 30)], Now), null, Signers.With(Identity));
        Assert.False(DeviceChain.TryRead([foreign.Sign().Encoded, known.Lists[1].Encoded], Signers.Check, Now, known, out _, out var error));
        Assert.Equal("DEV-013", error.RuleId);
    }

    [Fact]
    public void Compare_TellsNewerOlderSameForkAndOtherIdentity()
    {
        var known = Read([First(), Second()]).Chain!;
        Assert.IsType<ChainStep.Same>(known.Compare(Read([First(), Second()]).Chain!));
        Assert.IsType<ChainStep.Newer>(known.Compare(Read([First(), Second(), Third()]).Chain!));
        Assert.IsType<ChainStep.Older>(known.Compare(Read([First()]).Chain!));

        var otherSecond = new Draft(DeviceList.Next(First().Sign(), [Device(Laptop, 30)], [], Now), Phone, Signers.With(Signers.Key(10)));
        Assert.IsType<ChainStep.Fork>(known.Compare(Read([First(), otherSecond]).Chain!));
        var era = new Draft(DeviceList.NextEra(First().Sign(), [Device(Phone, 10)], Now), null, Signers.With(Identity));
        var fork = Read([era]).Chain!;
        Assert.IsType<ChainStep.Newer>(known.Compare(fork));
        Assert.IsType<ChainStep.Older>(fork.Compare(known));

        var stranger = new Draft(DeviceList.First(Samples.Alice, OtherIdentity, [Device(Phone, 10)], Now), null, Signers.With(OtherIdentity));
        Assert.IsType<ChainStep.OtherIdentity>(known.Compare(Read([stranger]).Chain!));
    }

    [Fact]
    public void NextEra_AfterAThiefRemovedTheOwner_NamesTheOwnersDeviceAgain()
    {
        // The thief has the tablet and removed the phone; the phrase opens an era that names the phone alone.
        var stolen = Read([First(), Second(), Third()]).Chain!;
        var era = new Draft(DeviceList.NextEra(stolen.Newest, [Device(Phone, 10)], Now), null, Signers.With(Identity));
        var recovered = Read([era]).Chain!;
        Assert.IsType<ChainStep.Newer>(stolen.Compare(recovered));
        Assert.True(recovered.Names(Phone, 1, Signers.Key(10)));
        Assert.Equal([Tablet], recovered.Newest.List.Removed);
        Refused("DEV-012", era, new Draft(DeviceList.Next(era.Sign(), [Device(Laptop, 20)], [], Now), Tablet, Signers.With(Signers.Key(20))));
    }

    [Fact]
    public void IsFresh_EndsWithTheNewestList()
    {
        var chain = Read([First()]).Chain!;
        Assert.True(chain.IsFresh(Now.AddDays(30).AddMilliseconds(-1)));
        Assert.False(chain.IsFresh(Now.AddDays(30)));
    }

    [Fact]
    public void Append_TakesOnlyWhatFollows()
    {
        var chain = DeviceChain.Begin(First().Sign());
        Assert.Throws<ArgumentException>(() => chain.Append(Third().Sign(), Signers.Check));
        Assert.Throws<ArgumentException>(() => DeviceChain.Begin(Second().Sign()));
        Assert.Equal(2, chain.Append(Second().Sign(), Signers.Check).Lists.Count);
    }

    [Fact]
    public void AttachedLists_OfTwoUsers_ComeApartInOrder()
    {
        var alice = Read([First(), Second()]).Chain!;
        var bobs = DeviceChain.Begin(SignedDeviceList.ByIdentity(DeviceList.First(Samples.Bob, OtherIdentity, [new DeviceEntry(Samples.BobPhone, 1, Signers.Key(40), DeviceKind.Agent, true, Now)], Now), Signers.With(OtherIdentity)));
        var attached = AttachedLists.Of(alice, null, bobs, alice);

        Assert.True(AttachedLists.TryGroup(attached, out var groups, out _));
        Assert.Equal([(Samples.Alice, 2), (Samples.Bob, 1)], groups.Select(g => (g.User, g.Lists.Count)));
        Assert.False(AttachedLists.TryGroup([attached[0], attached[2], attached[1]], out _, out var error));
        Assert.Equal("DEV-004", error.RuleId);
        Assert.False(AttachedLists.TryGroup([Samples.Bytes(1, 9)], out _, out error));
        Assert.Equal("DEV-003", error.RuleId);
    }

    private static DeviceEntry Device(ClientUri client, byte key, bool authorises = true) => new(client, 1, Signers.Key(key), DeviceKind.Agent, authorises, Now);

    private static Draft First() => new(DeviceList.First(Samples.Alice, Identity, [Device(Phone, 10)], Now), null, Signers.With(Identity));

    private static Draft Second() => new(DeviceList.Next(First().Sign(), [Device(Tablet, 20)], [], Now), Phone, Signers.With(Signers.Key(10)));

    private static Draft Third() => new(DeviceList.Next(Second().Sign(), [], [Phone], Now), Tablet, Signers.With(Signers.Key(20)));

    private static (DeviceChain? Chain, SchemaError? Error) Read(IReadOnlyList<Draft> drafts)
    {
        DeviceChain.TryRead([.. drafts.Select(d => d.Sign().Encoded)], Signers.Check, Now, null, out var chain, out var error);
        return (chain, error);
    }

    private static void Refused(string rule, params Draft[] drafts)
    {
        var (chain, error) = Read(drafts);
        Assert.Null(chain);
        Assert.Equal(rule, error?.RuleId);
    }

    private sealed record Draft(DeviceList List, ClientUri? Signer, Func<string, byte[], byte[]> By)
    {
        public SignedDeviceList Sign() => Signer is { } device ? SignedDeviceList.ByDevice(List, device, 1, By) : SignedDeviceList.ByIdentity(List, By);

        public DeviceList Next(IEnumerable<DeviceEntry> added) => DeviceList.Next(Sign(), added, [], Now);
    }
}
