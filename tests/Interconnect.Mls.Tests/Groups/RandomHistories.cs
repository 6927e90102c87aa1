using Interconnect.Mls.PublicGroups;

namespace Interconnect.Mls.Tests.Groups;

/// <summary>
/// Groups live through random histories of everything a member can do, from a seed; after each step all members agree, a server that follows has the same tree and
/// history, and everybody reads everybody. Members are reloaded from their persisted form at random. INTERCONNECT_HISTORIES adds further seeds.
/// </summary>
public sealed class RandomHistories
{
    private const int Steps = 24;

    private static readonly MlsOptions Options = Words.Options with { FindExternalPsk = id => [.. id.ToArray(), 1] };

    public static TheoryData<int> Seeds =>
        new(Enumerable.Range(1, 4 + (int.TryParse(Environment.GetEnvironmentVariable("INTERCONNECT_HISTORIES"), out var more) ? more : 0)));

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Members_and_server_stay_together(int seed) => new History(seed).Live();

    private sealed class History(int seed)
    {
        private readonly Random random = new(seed);
        private readonly List<(MlsClient Client, MlsGroup Group)> members = [];
        private readonly List<Person> invited = [];
        private readonly ushort suite = (ushort)(1 + (seed % 7));
        private PublicGroup server = null!;
        private int names;

        public void Live()
        {
            var founder = NewPerson();
            members.Add((founder.Client, founder.Client.CreateGroup("random"u8.ToArray()).Value));
            var options = new PublicGroupOptions { Authentication = UnsafeAcceptAnyCredential.Instance, Clock = founder.Clock, Components = new Words() };
            server = PublicGroup.Open(options, members[0].Group.CreateGroupInfo()).Value;
            for (var step = 0; step < Steps; step++)
            {
                Step();
                Check(step);
            }

            GoOnInAnotherSuite();
        }

        // Everybody takes up the same identity in the next suite; one that is neither first nor last makes the new group.
        private void GoOnInAnotherSuite()
        {
            var next = (ushort)(1 + (suite % 7));
            var ending = members[0].Group.ProposeReInit("next"u8.ToArray(), CipherSuite.Get(next), []).Value;
            server = server.ReceiveProposal(ending.Message).Value.Next;
            members[0] = (members[0].Client, ending.NewState);
            ForOthers(0, (_, state) => state.Process(ending.Message).Value.NewState);
            var commit = members[^1].Group.Update().Value;
            Assert.False(server.ReceiveCommit(commit.Commit, commit.GroupInfo).Value.Next.IsActive);
            members[^1] = (members[^1].Client, commit.NewState);
            ForOthers(members.Count - 1, (_, state) => state.Process(commit.Commit).Value.NewState);

            var people = members.Select(member => new Person(System.Text.Encoding.UTF8.GetString(member.Client.Identity.Span), next, Options)).ToList();
            var founder = members.Count / 2;
            var others = people.Where((_, i) => i != founder).Select(person => person.Verified).ToList();
            var founded = people[founder].Client.CreateSuccessor(members[founder].Group, others).Value;
            for (var i = 0; i < people.Count; i++)
            {
                people[i].Group = i == founder
                    ? founded.NewState
                    : people[i].Client.Join(founded.Welcome!, [people[i].Bundle], related: members[i].Group).Value.NewState;
            }

            Person.AssertAgree(people.ToArray());
        }

        private Person NewPerson() => new($"p{names++}", suite, Options);

        private void Step()
        {
            for (var proposals = random.Next(3); proposals > 0; proposals--)
            {
                ProposeSomething();
            }

            switch (random.Next(8))
            {
                case 0 or 1:
                    Commit(new CommitRequest { Add = Enumerable.Range(0, random.Next(1, 4)).Select(_ => Remember(NewPerson())).ToList() });
                    break;
                case 2 when members.Count > 3:
                    Commit(new CommitRequest { Remove = [members[^1].Group.OwnLeafIndex] }, committer: 0);
                    break;
                case 3:
                    JoinFromOutside(former: null);
                    break;
                case 4 when members.Count > 1:
                    JoinFromOutside(former: random.Next(members.Count));
                    break;
                case 5:
                    Commit(new CommitRequest { AppDataUpdates = [Words.Append("w")], AppEphemeral = [Words.Ephemeral("e")], ExternalPsks = ["psk"u8.ToArray()] });
                    break;
                case 6:
                    var at = random.Next(members.Count);
                    var renewed = new MlsClient(
                        members[at].Client.Identity, CipherSuite.Get(suite).GenerateSignatureKeyPair(), UnsafeAcceptAnyCredential.Instance, members[at].Client.Clock, Options);
                    // Nobody new in this one: only who was in the epoch has its resumption PSK.
                    Commit(new CommitRequest { Successor = renewed, ResumptionEpochs = [members[at].Group.Epoch], IncludeStoredProposals = false }, at);
                    break;
                default:
                    Commit(new CommitRequest());
                    break;
            }
        }

        private VerifiedKeyPackage Remember(Person person)
        {
            invited.Add(person);
            return person.Verified;
        }

        private void ProposeSomething()
        {
            var at = random.Next(members.Count);
            var group = members[at].Group;
            var result = random.Next(6) switch
            {
                0 => group.ProposeUpdate(),
                1 => group.ProposeAdd(Remember(NewPerson())),
                2 when at > 0 && members.Count > 3 => group.ProposeSelfRemove(),
                3 => group.ProposeExternalPsk("other"u8.ToArray()),
                4 => group.ProposeAppDataUpdate(Words.Append("p")),
                _ => group.ProposeAppEphemeral(Words.Ephemeral("q")),
            };
            if (!result.TryGet(out var proposal, out var refused))
            {
                Assert.Equal("MLS-437", refused.Rule); // proposed already to leave
                return;
            }

            members[at] = (members[at].Client, proposal.NewState);
            server = server.ReceiveProposal(proposal.Message).Value.Next;
            ForOthers(at, (client, state) => state.Process(proposal.Message).Value.NewState);
        }

        private void Commit(CommitRequest request, int? committer = null)
        {
            // Whoever has proposed to leave cannot commit that.
            var at = committer ?? random.Next(members.Count);
            var result = members[at].Group.Commit(request).Value;
            server = server.ReceiveCommit(result.Commit, result.GroupInfo).Value.Next;
            members[at] = (request.Successor ?? members[at].Client, result.NewState);
            result.Consumed.Erase();
            ForOthers(at, (client, state) => state.Process(result.Commit).Value.NewState);
            members.RemoveAll(member => !member.Group.IsActive);
            foreach (var person in invited)
            {
                // Not everybody who was proposed was added.
                var refused = "MLS-601";
                if (result.Welcome is { } welcome && person.Client.Join(welcome, [person.Bundle]).TryGet(out var joined, out var error))
                {
                    members.Add((person.Client, joined.NewState));
                }
                else if (result.Welcome is not null)
                {
                    refused = person.Client.Join(result.Welcome, [person.Bundle]).Error.Rule;
                }

                Assert.Equal("MLS-601", refused);
            }

            invited.Clear();
        }

        private void JoinFromOutside(int? former)
        {
            var client = former is { } index ? members[index].Client : NewPerson().Client;
            var request = new ExternalJoinRequest { FormerLeaf = former is { } own ? members[own].Group.OwnLeafIndex : null, ExternalPsks = ["psk"u8.ToArray()] };
            var join = client.JoinExternally(server.GroupInfo!.Value, request).Value;
            server = server.ReceiveCommit(join.Commit, join.GroupInfo).Value.Next;
            if (former is { } gone)
            {
                members.RemoveAt(gone);
            }

            ForOthers(-1, (_, state) => state.Process(join.Commit).Value.NewState);
            members.Add((client, join.NewState));
            invited.Clear();
        }

        private void ForOthers(int but, Func<MlsClient, MlsGroup, MlsGroup> change)
        {
            for (var i = 0; i < members.Count; i++)
            {
                if (i != but)
                {
                    members[i] = (members[i].Client, change(members[i].Client, members[i].Group));
                }
            }
        }

        private void Check(int step)
        {
            var expected = members[0].Group;
            Assert.All(members, member => Assert.Equal(expected.EpochAuthenticator.ToArray(), member.Group.EpochAuthenticator.ToArray()));
            Assert.All(members, member => Assert.Equal(Words.Of(expected), Words.Of(member.Group)));
            Assert.Equal(expected.Epoch, server.Epoch);
            Assert.Equal(expected.State.Context.TreeHash.ToArray(), server.TreeHash.ToArray());
            Assert.Equal(expected.State.Context.ConfirmedTranscriptHash.ToArray(), server.ConfirmedTranscriptHash.ToArray());
            Assert.Equal(members.Count, server.MemberCount);
            var reload = random.Next(members.Count);
            members[reload] = (members[reload].Client, members[reload].Client.ImportGroup(members[reload].Group.Export()).Value);

            var speaker = random.Next(members.Count);
            var sent = members[speaker].Group.Encrypt([(byte)step]).Value;
            members[speaker] = (members[speaker].Client, sent.NewState);
            ForOthers(speaker, (_, state) =>
            {
                var heard = Assert.IsType<Processed.ApplicationMessage>(state.Process(sent.PrivateMessage).Value);
                Assert.Equal([(byte)step], heard.Data);
                return heard.NewState;
            });
        }
    }
}
