using static Interconnect.Mls.Tests.Hostile.Shape;

namespace Interconnect.Mls.Tests.Hostile;

/// <summary>RFC 9420's messages as shapes, written from the RFC and not from the decoders they are tried on.</summary>
internal static class MlsGrammar
{
    private static readonly Shape U8 = new Number(1);
    private static readonly Shape U16 = new Number(2);
    private static readonly Shape U32 = new Number(4);
    private static readonly Shape U64 = new Number(8);
    private static readonly Shape Bytes = new Opaque();
    private static readonly Shape Nothing = new Struct();
    private static readonly Shape Numbers = new Vector(U16);

    private static readonly Shape Credential = new Choice(2, new Dictionary<ulong, Shape> { [1] = Bytes, [2] = new Vector(Bytes) }, Bytes);
    private static readonly Shape Capabilities = new Struct(Numbers, Numbers, Numbers, Numbers, Numbers);
    private static readonly Shape PlainExtension = new Struct(U16, Bytes);

    private static readonly Shape LeafNode = new Struct(
        Bytes,
        Bytes,
        Credential,
        Capabilities,
        new Choice(1, new Dictionary<ulong, Shape> { [1] = new Struct(U64, U64), [2] = Nothing, [3] = Bytes }),
        new Vector(PlainExtension),
        Bytes);

    private static readonly Shape ParentNode = new Struct(Bytes, Bytes, new Vector(U32));

    public static readonly Shape RatchetTree = new Vector(new Optional(new Choice(1, new Dictionary<ulong, Shape> { [1] = LeafNode, [2] = ParentNode })));

    private static readonly Shape Extension = new Choice(
        2,
        new Dictionary<ulong, Shape>
        {
            [2] = new Opaque(RatchetTree),
            [3] = new Opaque(new Struct(Numbers, Numbers, Numbers)),
            [4] = new Opaque(Bytes),
            [5] = new Opaque(new Vector(new Struct(Bytes, Credential))),
        },
        Bytes);

    private static readonly Shape Extensions = new Vector(Extension);
    private static readonly Shape GroupContext = new Struct(U16, U16, Bytes, U64, Bytes, Bytes, Extensions);
    private static readonly Shape HpkeCiphertext = new Struct(Bytes, Bytes);
    private static readonly Shape KeyPackageBody = new Struct(U16, U16, Bytes, LeafNode, new Vector(PlainExtension), Bytes);

    private static readonly Shape PreSharedKeyId = new Struct(
        new Choice(1, new Dictionary<ulong, Shape> { [1] = Bytes, [2] = new Struct(U8, Bytes, U64) }),
        Bytes);

    private static readonly Shape Proposal = new Choice(2, new Dictionary<ulong, Shape>
    {
        [1] = KeyPackageBody,
        [2] = LeafNode,
        [3] = U32,
        [4] = PreSharedKeyId,
        [5] = new Struct(Bytes, U16, U16, Extensions),
        [6] = Bytes,
        [7] = Extensions,
        [8] = new Struct(U16, new Choice(1, new Dictionary<ulong, Shape> { [1] = Bytes, [2] = Nothing })),
        [9] = new Struct(U16, Bytes),
        [10] = Nothing,
    });

    private static readonly Shape UpdatePath = new Struct(LeafNode, new Vector(new Struct(Bytes, new Vector(HpkeCiphertext))));

    private static readonly Shape Commit = new Struct(
        new Vector(new Choice(1, new Dictionary<ulong, Shape> { [1] = Proposal, [2] = Bytes })),
        new Optional(UpdatePath));

    private static readonly Shape PublicBody = new Struct(Bytes, U64, new Choice(1, new Dictionary<ulong, Shape>
    {
        [1] = new Struct(U32, Bytes, Content(member: true)),
        [2] = new Struct(U32, Bytes, Content(member: false)),
        [3] = new Struct(Bytes, Content(member: false)),
        [4] = new Struct(Bytes, Content(member: false)),
    }));

    /// <summary>MLSMessage</summary>
    public static readonly Shape Message = new Struct(U16, new Choice(2, new Dictionary<ulong, Shape>
    {
        [1] = PublicBody,
        [2] = new Struct(Bytes, U64, U8, Bytes, Bytes, Bytes),
        [3] = new Struct(U16, new Vector(new Struct(Bytes, HpkeCiphertext)), Bytes),
        [4] = new Struct(GroupContext, Extensions, Bytes, U32, Bytes),
        [5] = KeyPackageBody,
    }));

    private static Choice Content(bool member)
    {
        Struct With(params Shape[] fields) => new(member ? [.. fields, Bytes] : fields);
        return new Choice(1, new Dictionary<ulong, Shape>
        {
            [1] = With(Bytes, Bytes),
            [2] = With(Proposal, Bytes),
            [3] = With(Commit, Bytes, Bytes),
        });
    }
}
