using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Vectors;

public sealed class EncodingVectors
{
    [Theory]
    [VectorFiles("deserialization")]
    public void Deserialization_AllHeaders_Match(string file)
    {
        var cases = VectorFile.Load(file);
        foreach (var test in cases)
        {
            var header = test.Hex("vlbytes_header");
            var length = (int)test.Number("length");
            var input = new byte[header.Length + length];
            header.CopyTo(input, 0);
            var reader = new MlsReader(input);
            Assert.Equal(length, reader.Opaque("vector").Length);
            reader.End();
            using var writer = new MlsWriter();
            writer.Opaque(new byte[length]);
            Assert.Equal(header, writer.Written[..header.Length].ToArray());
        }

        VectorFile.AssertCount(file, 14, cases.Count);
    }

    [Theory]
    [VectorFiles("messages")]
    public void Messages_AllStructures_RoundTrip(string file)
    {
        var cases = VectorFile.Load(file);
        var structures = 0;
        foreach (var test in cases)
        {
            foreach (var (name, value) in test.AsObject())
            {
                var bytes = Convert.FromHexString(value!.GetValue<string>());
                Assert.Equal(bytes, RoundTrip(name, bytes));
                structures++;
            }
        }

        VectorFile.AssertCount(file, 300, cases.Count);
        VectorFile.AssertCount(file, 300 * 17, structures);
    }

    private static byte[] RoundTrip(string name, byte[] bytes)
    {
        switch (name)
        {
            case "mls_welcome":
                return Codec.Encode(Assert.IsType<MlsMessage.OfWelcome>(Codec.Decode<MlsMessage>(bytes), exactMatch: true) as MlsMessage);
            case "mls_group_info":
                return Codec.Encode(Assert.IsType<MlsMessage.OfGroupInfo>(Codec.Decode<MlsMessage>(bytes), exactMatch: true) as MlsMessage);
            case "mls_key_package":
                return Codec.Encode(Assert.IsType<MlsMessage.OfKeyPackage>(Codec.Decode<MlsMessage>(bytes), exactMatch: true) as MlsMessage);
            case "public_message_application" or "public_message_proposal" or "public_message_commit":
                return Codec.Encode(Assert.IsType<MlsMessage.OfPublicMessage>(Codec.Decode<MlsMessage>(bytes), exactMatch: true) as MlsMessage);
            case "private_message":
                return Codec.Encode(Assert.IsType<MlsMessage.OfPrivateMessage>(Codec.Decode<MlsMessage>(bytes), exactMatch: true) as MlsMessage);
            case "ratchet_tree":
                return RatchetTreeCodec.Encode(RatchetTreeCodec.Decode(CipherSuite.Get(1), bytes));
            case "group_secrets":
                return Codec.Encode(Codec.Decode<GroupSecrets>(bytes));
            case "commit":
                return Codec.Encode(Codec.Decode<Commit>(bytes));
            default:
                return ProposalBody(name, bytes);
        }
    }

    // The vectors hold proposals without their type number.
    private static byte[] ProposalBody(string name, byte[] bytes)
    {
        byte type = name switch
        {
            "add_proposal" => 1,
            "update_proposal" => 2,
            "remove_proposal" => 3,
            "pre_shared_key_proposal" => 4,
            "re_init_proposal" => 5,
            "external_init_proposal" => 6,
            "group_context_extensions_proposal" => 7,
            _ => throw new InvalidOperationException(name),
        };
        using var writer = new MlsWriter();
        Codec.Decode<Proposal>(new byte[] { 0, type }.Concat(bytes).ToArray()).WriteBody(writer);
        return writer.ToArray();
    }
}
