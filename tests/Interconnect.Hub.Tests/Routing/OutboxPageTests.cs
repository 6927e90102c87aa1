using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Interconnect.Federation;

namespace Interconnect.Hub.Tests.Routing;

public sealed class OutboxPageTests
{
    // Version 1 as stored: rows of an older version of the program are read for ever.
    private const string Golden =
        "010018726f6f6d206d696d693a2f2f6875622e746573742f722f31000000030102030018726f6f6d206d696d693a2f2f6875622e746573742f722f310000000104";

    private static readonly ConversationKey Room = ConversationKey.OfRoom(RoomUri.Parse("mimi://hub.test/r/1"));

    [Fact]
    public void Encode_Version1_IsFrozen()
    {
        var page = new OutboxPage(1, NetworkId.Parse("xmpp-a"), [new(Room, new byte[] { 1, 2, 3 }), new(Room, new byte[] { 4 })], default);
        Assert.Equal(Golden, Convert.ToHexStringLower(page.Encode()));

        var read = OutboxPage.Decode(Convert.FromHexString(Golden));
        Assert.Equal([Room, Room], read.Select(e => e.Conversation));
        Assert.Equal(["010203", "04"], read.Select(e => Convert.ToHexString(e.Body.Span)));
    }

    [Fact]
    public void Decode_Damaged_SaysWhereAndNeverAnythingElse()
    {
        var good = Convert.FromHexString(Golden);
        Assert.Throws<InvalidDataException>(() => OutboxPage.Decode(default));
        Assert.Throws<InvalidDataException>(() => OutboxPage.Decode(new byte[] { 2 }));
        for (var length = 2; length < good.Length; length++)
        {
            if (length != 34)
            {
                Assert.Throws<InvalidDataException>(() => OutboxPage.Decode(good.AsMemory(0, length)));
            }
        }

        Assert.Single(OutboxPage.Decode(good.AsMemory(0, 34)));
    }

    [Fact]
    public void Decode_AnyBytes_GivesAPageOrInvalidData() => Prop.ForAll<byte[]>(bytes =>
    {
        try
        {
            OutboxPage.Decode(new byte[] { 1 }.Concat(bytes).ToArray());
        }
        catch (InvalidDataException)
        {
            // The only exception there is.
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void EncodeDecode_AnyEntries_AreTheSame() => Prop.ForAll<byte[][]>(bodies =>
    {
        var entries = bodies.Select((b, i) => new OutboxEntry(ConversationKey.OfRoom(RoomUri.Parse("mimi://hub.test/r/" + i)), b)).ToList();
        var read = OutboxPage.Decode(new OutboxPage(1, NetworkId.Parse("n"), entries, default).Encode());
        return read.Count == entries.Count && read.Zip(entries).All(p => p.First.Conversation == p.Second.Conversation && p.First.Body.Span.SequenceEqual(p.Second.Body.Span));
    }).QuickCheckThrowOnFailure();
}
