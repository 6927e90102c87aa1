using System.Text.Json.Nodes;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Schedule;

namespace Interconnect.Mls.Tests.Vectors;

public sealed class MessageProtectionVectors
{
    private const uint SenderLeaf = 1;
    private static readonly RatchetWindow Window = new(1000, 1000);

    [Theory]
    [VectorFiles("message-protection")]
    public void MessageProtection_AllSuites_BothWays(string file)
    {
        var cases = VectorFile.Load(file);
        foreach (var test in cases)
        {
            var bench = new Bench(test);
            var proposal = new Content.OfProposal(Codec.Decode<Proposal>(test.Hex("proposal")));
            var commit = new Content.OfCommit(Codec.Decode<Commit>(test.Hex("commit")));
            var application = new Content.Application(test.Hex("application"));

            bench.Receive("proposal_pub", proposal);
            bench.Receive("proposal_priv", proposal);
            bench.Receive("commit_pub", commit);
            bench.Receive("commit_priv", commit);
            bench.Receive("application_priv", application);
            bench.SendAndReceive(proposal, WireFormat.PublicMessage);
            bench.SendAndReceive(proposal, WireFormat.PrivateMessage);
            bench.SendAndReceive(commit, WireFormat.PublicMessage);
            bench.SendAndReceive(commit, WireFormat.PrivateMessage);
            bench.SendAndReceive(application, WireFormat.PrivateMessage);
        }

        VectorFile.AssertCount(file, 7, cases.Count);
    }

    private sealed class Bench
    {
        private readonly JsonNode test;
        private readonly CipherSuite suite;
        private readonly byte[] context;
        private readonly SignatureKeyPair key;
        private readonly SignaturePublicKey publicKey;
        private readonly Secret<Kind.Membership> membership;
        private readonly Secret<Kind.SenderData> senderData;

        public Bench(JsonNode test)
        {
            this.test = test;
            suite = test.Suite();
            context = Codec.Encode(new GroupContext(
                1, suite.Id, test.Hex("group_id"), test["epoch"]!.GetValue<ulong>(), test.Hex("tree_hash"), test.Hex("confirmed_transcript_hash"), []));
            key = SignatureKeyPair.Import(suite, test.Hex("signature_priv")).Value;
            publicKey = new SignaturePublicKey(suite, test.Hex("signature_pub"));
            membership = new Secret<Kind.Membership>(test.Hex("membership_key"));
            senderData = new Secret<Kind.SenderData>(test.Hex("sender_data_secret"));
        }

        private SecretTree Tree => SecretTree.Start(2, test.Hex("encryption_secret"));

        public void Receive(string name, Content expected) => Open(Codec.Decode<MlsMessage>(test.Hex(name)), expected);

        public void SendAndReceive(Content content, WireFormat format)
        {
            var framed = new FramedContent(
                test.Hex("group_id"), test["epoch"]!.GetValue<ulong>(), new Sender.Member(SenderLeaf), new byte[] { 1, 2, 3 }, content);
            var signed = AuthenticatedContent.Sign(key, format, framed, context);
            if (content is Content.OfCommit)
            {
                signed = signed.WithConfirmationTag(new byte[suite.Hash.Size]);
            }

            Open(format == WireFormat.PublicMessage
                ? new MlsMessage.OfPublicMessage(new PublicMessage(framed, signed.Auth, signed.MembershipTag(suite, membership, context)))
                : Codec.Decode<MlsMessage>(
                    MessageProtection.Protect(suite, signed, Tree, senderData, 32, SystemRandomness.Instance, new ConsumedSecrets()).Message), content);
        }

        private void Open(MlsMessage message, Content expected)
        {
            AuthenticatedContent signed;
            if (message is MlsMessage.OfPublicMessage received)
            {
                signed = received.Message.Authenticated;
                Assert.Equal(received.Message.MembershipTag!.Value.ToArray(), signed.MembershipTag(suite, membership, context));
            }
            else
            {
                var encrypted = Assert.IsType<MlsMessage.OfPrivateMessage>(message).Message;
                var sender = MessageProtection.OpenSenderData(suite, encrypted, senderData);
                Assert.Equal(SenderLeaf, sender.LeafIndex);
                var (_, messageKey) = Tree.KeyFor(
                    suite, sender.LeafIndex, MessageProtection.KindOf(encrypted.ContentType), sender.Generation, Window, new ConsumedSecrets());
                signed = MessageProtection.OpenContent(suite, encrypted, sender, messageKey);
            }

            Assert.True(signed.VerifySignature(publicKey, context));
            using var actual = new MlsWriter();
            using var wanted = new MlsWriter();
            signed.Content.Content.Write(actual);
            expected.Write(wanted);
            Assert.Equal(wanted.ToArray(), actual.ToArray());
        }
    }
}
