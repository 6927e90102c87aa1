using Interconnect.Mls.Framing;
using Interconnect.Mls.PublicGroups;
using Interconnect.Mls.Tests.Rules;

namespace Interconnect.Mls.Tests.Hostile;

/// <summary>A server's group under messages changed by their grammar, beside a member that gets the same; and all persisted state, damaged.</summary>
public sealed class ServerFuzz
{
    private readonly Changes changes = new();

    private Genuine Genuine => changes.Genuine;

    [Fact]
    public void PublicGroup_MessagesChanged_AreRefusedWhereAMemberRefuses()
    {
        var options = new PublicGroupOptions { Authentication = UnsafeAcceptAnyCredential.Instance, Clock = Genuine.Bob.Clock };
        var server = PublicGroup.Open(options, Genuine.GroupInfo).Value;
        var meter = new Meter("PublicGroup", 1_000_000, 1_000);
        foreach (var message in Genuine.Commits.Concat(Genuine.Proposals))
        {
            changes.ForEach(message, 100, changed =>
            {
                meter.Try(changed, () => server.ReceiveProposal(changed).IsOk);
                meter.Try(changed, () => server.ReceiveCommit(changed, Genuine.GroupInfo).IsOk);
                if (Changes.Content(changed) is not { } content)
                {
                    return;
                }

                var signed = Forge.Public(Genuine.Alice, content);
                var member = Genuine.Bob.Group.Process(signed);
                meter.Try(changed, () => server.ReceiveCommit(signed).IsOk);
                meter.Try(changed, () => server.ReceiveProposal(signed).IsOk);
                if (content is Content.OfProposal)
                {
                    var taken = server.ReceiveProposal(signed);
                    var (here, there) = (member.Match(_ => "taken", error => error.Rule), taken.Match(_ => "taken", error => error.Rule));
                    Assert.True(here == there, $"member: {here}, server: {there}: {Convert.ToHexStringLower(signed)}");
                }
            });
        }

        changes.ForEach(Genuine.GroupInfo, 200, changed =>
        {
            meter.Try(changed, () => PublicGroup.Open(options, changed).IsOk);
            meter.Try(changed, () => server.WithGroupInfo(changed).IsOk);
        });
        Assert.InRange(meter.Accepted, 1, meter.Tried - 1);
    }

    [Fact]
    public void States_Damaged_AreReadOrRefusedWithinTheBound()
    {
        var options = new PublicGroupOptions { Authentication = UnsafeAcceptAnyCredential.Instance };
        var group = Genuine.Bob.Group.Export();
        var (epoch, ratchets) = (Genuine.Bob.Group.ExportEpoch(), Genuine.Bob.Group.ExportRatchets());
        var bundle = Genuine.Newcomer.Bundle.Export();
        var server = PublicGroup.Open(options, Genuine.GroupInfo).Value.Export();
        var random = new Random(Meter.Seed);
        var meter = new Meter("a state", 1_000_000, 1_000);
        for (var i = 0; i < 400 * Meter.Factor; i++)
        {
            foreach (var (state, read) in new (byte[], Func<byte[], bool>)[]
            {
                (group, bytes => Genuine.Bob.Client.ImportGroup(bytes).IsOk),
                (epoch, bytes => Genuine.Bob.Client.ImportGroup(bytes, ratchets).IsOk),
                (ratchets, bytes => Genuine.Bob.Client.ImportGroup(epoch, bytes).IsOk),
                (bundle, bytes => KeyPackageBundle.Import(bytes).IsOk),
                (server, bytes => PublicGroup.Import(options, bytes).IsOk),
            })
            {
                var damaged = (byte[])state.Clone();
                for (var count = random.Next(1, 4); count > 0; count--)
                {
                    damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                }

                damaged = random.Next(3) == 0 ? damaged[..random.Next(damaged.Length)] : damaged;
                // The part that is not damaged is read too.
                meter.Try([.. damaged, .. epoch], () => read(damaged));
            }
        }

        Assert.InRange(meter.Accepted, 1, meter.Tried - 1);
    }
}
