using Interconnect.Mls.Encoding;
using Interconnect.Mls.PublicGroups;
using Interconnect.Mls.Tests.Groups;
using Interconnect.Mls.Tests.Rules;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Encoding;

/// <summary>
/// Damages genuine messages and state, a fixed number of times from a fixed seed, and hands them to everything that takes bytes from outside. Whatever comes back is a
/// value; an exception other than the project's own refusal fails the test. INTERCONNECT_FUZZ multiplies the number of rounds.
/// </summary>
public sealed class Fuzz
{
    private static readonly int Factor = int.TryParse(Environment.GetEnvironmentVariable("INTERCONNECT_FUZZ"), out var factor) ? factor : 1;

    private readonly Person alice = new Person("alice").Create();
    private readonly Person bob = new("bob");
    private readonly Person cathy = new("cathy");
    private readonly byte[] welcome;
    private readonly byte[] commit;
    private readonly byte[] proposal;
    private readonly byte[] application;
    private readonly byte[] groupInfo;

    public Fuzz()
    {
        var added = alice.Group.AddMembers([bob.Verified, cathy.Verified]).Value;
        welcome = added.Welcome!;
        alice.Group = added.NewState;
        bob.Group = bob.Client.Join(welcome, [bob.Bundle]).Value.NewState;
        groupInfo = alice.Group.CreateGroupInfo();
        commit = alice.Group.Update().Value.Commit;
        proposal = alice.Group.ProposeUpdate().Value.Message;
        application = alice.Group.Encrypt("content"u8).Value.PrivateMessage;
    }

    [Fact]
    public void Process_DamagedMessages_OnlyRefuses()
    {
        foreach (var (message, rounds) in new[] { (commit, 600), (proposal, 600), (application, 1500) })
        {
            var accepted = Run(message, rounds, bytes => bob.Group.Process(bytes).IsOk);
            Assert.Equal(0, accepted);
            Assert.True(bob.Group.Process(message).IsOk);
        }
    }

    [Fact]
    public void Join_DamagedWelcome_OnlyRefuses()
    {
        // The other joiner's group secrets are covered by nothing of ours, so damage there is not seen.
        var survivors = Run(welcome, 400, bytes =>
        {
            var joined = bob.Client.Join(bytes, [bob.Bundle]);
            return joined.IsOk && !joined.Value.NewState.EpochAuthenticator.Span.SequenceEqual(bob.Group.EpochAuthenticator.Span);
        });
        Assert.Equal(0, survivors);
        Assert.True(bob.Client.Join(welcome, [bob.Bundle]).IsOk);
    }

    [Fact]
    public void KeyPackage_Damaged_OnlyRefuses() =>
        Assert.Equal(0, Run(bob.Bundle.KeyPackage.ToArray(), 2000, bytes => KeyPackages.Verify(bytes, Person.Start).IsOk));

    [Fact]
    public void GroupInfo_Damaged_OnlyRefuses()
    {
        Assert.Equal(0, Run(groupInfo, 500, bytes => Forge.Open(bytes).IsOk));
        Assert.Equal(0, Run(groupInfo, 100, bytes => new Person("dave").Client.JoinExternally(bytes).IsOk));
    }

    [Fact]
    public void Headers_Damaged_ReadOrRefuse()
    {
        Run(commit, 2000, bytes => PublicHandshake.TryRead(bytes, out _, out _));
        Run(application, 2000, bytes => PrivateMessageHeader.TryRead(bytes, out _, out _));
        Run(welcome, 2000, bytes => WelcomeHeader.TryRead(bytes, out _, out _));
        Run(groupInfo, 2000, bytes => GroupInfoHeader.TryRead(bytes, out _, out _));
        Assert.True(PublicHandshake.TryRead(commit, out _, out _));
    }

    [Fact]
    public void State_Damaged_ReadsOrRefuses()
    {
        Run(bob.Group.Export(), 800, bytes => bob.Client.ImportGroup(bytes).IsOk);
        Run(bob.Bundle.Export(), 500, bytes => KeyPackageBundle.Import(bytes).IsOk);
        Assert.True(bob.Client.ImportGroup(bob.Group.Export()).IsOk);
    }

    [Fact]
    public void Tree_Damaged_ReadsOrRefuses() => Run(RatchetTreeCodec.Encode(alice.State.Tree), 2000, bytes =>
    {
        try
        {
            TreeValidation.VerifyStructure(RatchetTreeCodec.Decode(CipherSuite.Get(1), bytes));
            return true;
        }
        catch (MlsRefusal)
        {
            return false;
        }
    });

    private static int Run(byte[] genuine, int rounds, Func<byte[], bool> accepts)
    {
        var random = new Random(20300101 + genuine.Length);
        var accepted = 0;
        for (var i = 0; i < rounds * Factor; i++)
        {
            var damaged = Damage(genuine, random);
            if (!damaged.AsSpan().SequenceEqual(genuine) && accepts(damaged))
            {
                accepted++;
            }
        }

        return accepted;
    }

    private static byte[] Damage(byte[] genuine, Random random)
    {
        var at = random.Next(genuine.Length);
        switch (random.Next(6))
        {
            case 0:
                return genuine[..at];
            case 1:
                return [.. genuine, (byte)random.Next(256)];
            case 2:
                return [.. genuine[..at], .. genuine[Math.Min(genuine.Length, at + random.Next(1, 9))..]];
            case 3:
                return [.. genuine[..at], (byte)random.Next(256), .. genuine[at..]];
            case 4:
                var several = (byte[])genuine.Clone();
                for (var i = 0; i < 4; i++)
                {
                    several[random.Next(several.Length)] = (byte)random.Next(256);
                }

                return several;
            default:
                var changed = (byte[])genuine.Clone();
                changed[at] ^= (byte)(1 << random.Next(8));
                return changed;
        }
    }
}
