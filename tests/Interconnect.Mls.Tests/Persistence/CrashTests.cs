using System.Collections;
using Interconnect.Mls.Tests.Groups;

namespace Interconnect.Mls.Tests.Persistence;

/// <summary>A crash between any two steps of any operation neither loses the group nor uses a generation twice.</summary>
public sealed class CrashTests
{
    private readonly Wire wire = new();

    public static TheoryData<string, bool> Operations
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var operation in new[] { "send", "receive", "propose", "commit", "commit and lose", "follow", "own update committed" })
            {
                data.Add(operation, false);
                data.Add(operation, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void Crash_AfterAnyStep_GroupLivesAndNoKeyIsUsedTwice(string operation, bool encryptHandshake)
    {
        var steps = 0;
        while (CrashAfter(operation, steps, encryptHandshake))
        {
            steps++;
        }

        Assert.InRange(steps, 2, 20);
    }

    [Fact]
    public void Crash_WhileJoining_JoinsOnce()
    {
        for (var steps = 0; steps <= 4; steps++)
        {
            var own = new Wire();
            var alice = new Person("alice").Create();
            var bob = new Person("bob");
            var device = new Device(bob, own) { Bundle = bob.Bundle.Export() };
            var added = alice.Group.AddMembers([bob.Verified]).Value;
            var over = !Device.Run(device.Join(added.Welcome!), steps);
            Assert.Equal(steps >= 4, over);
            device.Restart(added.Welcome);
            Assert.Null(device.Bundle);
            Device.Run(device.Send("first"));
            device.Restart(added.Welcome);
            Device.Run(device.Send("second"));
            Assert.Equal(2, own.AssertNoKeyUsedTwice(bob.Client.Suite));
            Assert.Equal(added.NewState.EpochAuthenticator.ToArray(), device.Load().EpochAuthenticator.ToArray());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Crash_WhileJoiningFromOutside_IsInsideOnceOrTriesAgain(bool loses)
    {
        for (var steps = 0; steps <= 5; steps++)
        {
            var scenario = new CrashTests();
            var (alice, bob) = scenario.Devices(encryptHandshake: false);
            var cathy = new Device(new Person("cathy"), scenario.wire);
            var (epoch, info) = (alice.Load().Epoch, alice.Load().CreateGroupInfo());
            if (loses)
            {
                Device.Run(bob.Commit(new CommitRequest()));
            }

            Device.Run(cathy.JoinExternally(epoch, info), steps);
            cathy.Restart();
            alice.Restart();
            bob.Restart();
            Assert.Equal(steps > 1 && !loses, cathy.Group is not null);
            if (cathy.Group is null)
            {
                Device.Run(cathy.JoinExternally(alice.Load().Epoch, alice.Load().CreateGroupInfo()));
                alice.Restart();
                bob.Restart();
            }

            Assert.Equal(3, alice.Load().Members.Count);
            Exchange(cathy, alice, scenario.wire);
            Device.Run(cathy.Commit(new CommitRequest()));
            alice.Restart();
            bob.Restart();
            Assert.Equal(bob.Load().EpochAuthenticator.ToArray(), cathy.Load().EpochAuthenticator.ToArray());
            scenario.wire.AssertNoKeyUsedTwice(CipherSuite.Get(1));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Crash_WhileFoundingASuccessorOrBranch_BothAreInOneGroup(bool successor)
    {
        for (var steps = 0; steps <= 5; steps++)
        {
            var (alice, bob) = Scenarios.Pair();
            if (successor)
            {
                var end = alice.Group.ProposeReInit("next"u8.ToArray(), alice.Client.Suite, []).Value;
                alice.Group = end.NewState;
                bob.Take(end.Message);
                bob.Commit(new CommitRequest(), alice);
            }

            var side = new Wire();
            using var bundle = bob.Client.CreateKeyPackage(TimeSpan.FromDays(1));
            var package = KeyPackages.Verify(bundle.KeyPackage, Person.Start).Value;
            var founder = new Device(alice, side) { Related = alice.Group.Export() };
            var joiner = new Device(bob, side) { Related = bob.Group.Export(), Bundle = bundle.Export() };
            MlsResult<CommitResult> Create(MlsClient client, MlsGroup old) =>
                successor ? client.CreateSuccessor(old, [package]) : client.CreateBranch(old, "side"u8.ToArray(), [package]);

            Assert.Equal(steps <= 4, Device.Run(founder.Found(Create), steps));
            founder.Restart();
            Assert.Equal(steps > 1, founder.Group is not null);
            if (founder.Group is null)
            {
                Device.Run(founder.Found(Create));
            }

            // The Welcome may have been sent twice; the second changes nothing for who is inside.
            Assert.InRange(side.Welcomes.Count, 1, 2);
            side.Welcomes.ForEach(joiner.Restart);
            Assert.Equal(founder.Load().EpochAuthenticator.ToArray(), joiner.Load().EpochAuthenticator.ToArray());
            Exchange(founder, joiner, side);
            Device.Run(joiner.Commit(new CommitRequest()));
            Device.Run(founder.Follow());
            Exchange(founder, joiner, side);
            Assert.Equal(4, side.AssertNoKeyUsedTwice(alice.Client.Suite));
        }
    }

    [Fact]
    public void Crash_WithoutSavingFirst_WouldUseAGenerationTwice()
    {
        // The control: the same check notices the wrong order.
        var (alice, _) = Devices(encryptHandshake: false);
        wire.PostMessage(alice.Load().Encrypt("sent before it was saved"u8).Value.PrivateMessage);
        wire.PostMessage(alice.Load().Encrypt("and again after the crash"u8).Value.PrivateMessage);
        Assert.ThrowsAny<Exception>(() => wire.AssertNoKeyUsedTwice(CipherSuite.Get(1)));
    }

    // True when the operation had at least that many steps.
    private bool CrashAfter(string operation, int steps, bool encryptHandshake)
    {
        var scenario = new CrashTests();
        var (alice, bob) = scenario.Devices(encryptHandshake);
        var had = Device.Run(scenario.Operation(operation, alice, bob), steps);
        alice.Restart();
        bob.Restart();

        // Life goes on, both ways and through another epoch.
        Assert.Equal(bob.Load().EpochAuthenticator.ToArray(), alice.Load().EpochAuthenticator.ToArray());
        Exchange(alice, bob, scenario.wire);
        Device.Run(alice.Commit(new CommitRequest()));
        Device.Run(bob.Follow());
        Exchange(alice, bob, scenario.wire);
        Device.Run(bob.Commit(new CommitRequest()));
        Device.Run(alice.Follow());
        Exchange(alice, bob, scenario.wire);
        Assert.Equal(bob.Load().EpochAuthenticator.ToArray(), alice.Load().EpochAuthenticator.ToArray());
        Assert.InRange(scenario.wire.AssertNoKeyUsedTwice(CipherSuite.Get(1)), 6, 20);
        return had;
    }

    private IEnumerable Operation(string operation, Device alice, Device bob)
    {
        switch (operation)
        {
            case "send":
                return alice.Send("x");
            case "receive":
                Device.Run(bob.Send("x"));
                return alice.Receive(wire.Messages[^1]);
            case "propose":
                return alice.Propose();
            case "commit":
                return alice.Commit(new CommitRequest());
            case "commit and lose":
                Device.Run(bob.Commit(new CommitRequest()));
                return alice.Commit(new CommitRequest());
            case "follow":
                Device.Run(bob.Commit(new CommitRequest()));
                return alice.Follow();
            default:
                Device.Run(alice.Propose());
                bob.Group = bob.Load().Process(wire.Proposals[^1]).Value.NewState.Export();
                Device.Run(bob.Commit(new CommitRequest()));
                return alice.Follow();
        }
    }

    private static void Exchange(Device alice, Device bob, Wire wire)
    {
        foreach (var (from, to) in new[] { (alice, bob), (bob, alice) })
        {
            var text = $"message {wire.Messages.Count}";
            Device.Run(from.Send(text));
            Device.Run(to.Receive(wire.Messages[^1]));
            Assert.Equal(text, to.Heard);
        }
    }

    private (Device Alice, Device Bob) Devices(bool encryptHandshake)
    {
        var (alice, bob) = Scenarios.Pair(new MlsOptions { EncryptHandshake = encryptHandshake });
        var devices = (new Device(alice, wire) { Group = alice.Group.Export() }, new Device(bob, wire) { Group = bob.Group.Export() });
        devices.Item1.Load();
        return devices;
    }
}
