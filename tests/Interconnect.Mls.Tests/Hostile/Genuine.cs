using System.Security.Cryptography;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Groups;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tests.Groups;
using Interconnect.Mls.Tests.Rules;

namespace Interconnect.Mls.Tests.Hostile;

/// <summary>A group of five with one message of every kind, to be changed and handed to Bob.</summary>
internal sealed class Genuine
{
    private static readonly MlsOptions Options = new() { FindExternalPsk = id => SHA256.HashData(id.Span) };

    public Genuine()
    {
        var hub = new Person("hub");
        using var list = new MlsWriter();
        Codec.WriteVector(list, [new ExternalSender(hub.Key.PublicKey, hub.Client.Credential)]);
        Alice = new Person("alice", options: Options).Create(new Extension(5, list.ToArray()));
        Bob = new Person("bob", options: Options);
        Cathy = new Person("cathy", options: Options);
        Alice.Add([Bob, Cathy, new Person("dave", options: Options), new Person("erin", options: Options)]);
        Alice.Commit(new CommitRequest(), Bob, Cathy);
        Cathy.Commit(new CommitRequest(), Bob, Alice);
        Alice.Commit(new CommitRequest { Remove = [3] }, Bob, Cathy);
        var welcomed = Alice.Group.AddMembers([Newcomer.Verified]).Value;
        Welcome = welcomed.Welcome!;
        GroupInfo = Alice.Group.CreateGroupInfo();
        KeyPackage = new Person("frank").Bundle.KeyPackage.ToArray();
        Application = Alice.Group.Encrypt("content"u8, "authenticated"u8).Value.PrivateMessage;
        Commits =
        [
            Alice.Group.Update().Value.Commit,
            welcomed.Commit,
            Alice.Group.Commit(new CommitRequest { Remove = [4], ExternalPsks = [new byte[] { 1 }], ResumptionEpochs = [Alice.Group.Epoch] }).Value.Commit,
            new Person("grace").Client.JoinExternally(GroupInfo).Value.Commit,
        ];
        Proposals =
        [
            Alice.Group.ProposeAdd(Newcomer.Verified).Value.Message,
            Alice.Group.ProposeUpdate().Value.Message,
            Alice.Group.ProposeRemove(4).Value.Message,
            Alice.Group.ProposeExternalPsk(new byte[] { 1 }).Value.Message,
            Alice.Group.ProposeGroupContextExtensions(Alice.Group.Extensions).Value.Message,
            Alice.Group.ProposeReInit("next"u8.ToArray(), CipherSuite.Get(2), []).Value.Message,
            Forge.Proposal(Alice, new Proposal.Remove(4), new Sender.External(0), hub.Key),
            Forge.Proposal(Alice, new Proposal.Add(Newcomer.Verified.KeyPackage), new Sender.NewMemberProposal(), Newcomer.Key),
        ];
    }

    public Person Alice { get; }

    public Person Bob { get; }

    public Person Cathy { get; }

    /// <summary>Whom <see cref="Welcome"/> is for; in no group yet.</summary>
    public Person Newcomer { get; } = new("newcomer", options: Options);

    public IReadOnlyList<byte[]> Commits { get; }

    public IReadOnlyList<byte[]> Proposals { get; }

    public byte[] Application { get; }

    public byte[] Welcome { get; }

    public byte[] GroupInfo { get; }

    public byte[] KeyPackage { get; }

    public IEnumerable<byte[]> All => [.. Commits, .. Proposals, Application, Welcome, GroupInfo, KeyPackage];
}
