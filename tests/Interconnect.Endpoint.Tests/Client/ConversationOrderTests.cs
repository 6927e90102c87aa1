using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;

namespace Interconnect.Endpoint.Tests.Client;

/// <summary>Whose turn a number is, when some numbers are our own frames'.</summary>
public sealed class ConversationOrderTests : IDisposable
{
    private static readonly ConversationKey Room = ConversationKey.OfRoom(RoomUri.Parse("mimi://hub.test/r/room"));

    private readonly TemporaryFolder folder = new();
    private readonly EndpointStore store;

    public ConversationOrderTests()
    {
        using var key = StoreKey.FromKeyFile(new byte[32]);
        store = ((StoreOpening.Opened)EndpointStore.Create(folder.Path, key)).Store;
    }

    public void Dispose()
    {
        store.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void AFrameOfOursThatCameBackWithItsNumber_StandsForNoOther()
    {
        using var work = Begin();
        ConversationOrder.NoteOwn(work, Room, null);
        Assert.True(ConversationOrder.IsTurn(work, Room, 2));
        ConversationOrder.Place(work, Room, 3);
        Assert.False(ConversationOrder.IsTurn(work, Room, 2));

        // Placed once; the number is passed by when its turn comes.
        ConversationOrder.Place(work, Room, 4);
        Assert.True(ConversationOrder.IsTurn(work, Room, 1));
        Assert.Equal(0UL, ConversationOrder.Advance(work, Room, 1));
        Assert.Equal(0UL, ConversationOrder.Advance(work, Room, 2));
        Assert.True(ConversationOrder.IsTurn(work, Room, 4));
        Assert.False(ConversationOrder.IsTurn(work, Room, 5));
    }

    [Fact]
    public void ANumberThatWasSkippedAsOurs_IsNotCountedTwice()
    {
        using var work = Begin();
        ConversationOrder.NoteOwn(work, Room, null);
        Assert.Equal(0UL, ConversationOrder.Advance(work, Room, 2));
        ConversationOrder.Place(work, Room, 1);
        Assert.False(ConversationOrder.IsTurn(work, Room, 4));
        Assert.Equal(1UL, ConversationOrder.Advance(work, Room, 4));
    }

    [Fact]
    public void WhoJoins_BeginsWithThatNumber_AndGoesBackToNone()
    {
        using var work = Begin();
        Assert.False(ConversationOrder.IsTurn(work, Room, 7));
        ConversationOrder.Begin(work, Room, 7);
        Assert.True(ConversationOrder.IsTurn(work, Room, 7));
        Assert.Equal(0UL, ConversationOrder.Advance(work, Room, 7));
        ConversationOrder.Begin(work, Room, 5);
        Assert.True(ConversationOrder.IsTurn(work, Room, 8));
        Assert.False(ConversationOrder.IsTurn(work, Room, 9));
    }

    private Work Begin() => new(store, DateTimeOffset.UnixEpoch, static _ => { });
}
