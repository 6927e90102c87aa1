using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;
using Interconnect.Testing;

namespace Interconnect.Endpoint.Tests.Client;

/// <summary>A room that cannot be made yet: what waits for it goes when it can, or ends when its time is over; never because it was tried some number of times.</summary>
public sealed class RoomSetupTests
{
    private readonly ManualClock clock = new();
    private readonly FakeGateway gateway;

    public RoomSetupTests() => gateway = new FakeGateway(clock);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ToldToWaitManyTimes_ItIsTriedUntilItGoes_AndTheUserIsToldEachTime(bool keyRequest)
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        var refusals = 0;
        gateway.Refuse = request => (keyRequest ? request.Event is KeyMaterialRequest : request.Event is RoomUpdate) && refusals++ < 12 ? Wait() : null;

        var id = await alice.SendAsync(bob, "one");
        for (var i = 0; i < 12; i++)
        {
            var delayed = await alice.NextAsync<EndpointEvent.RoomDelayed>();
            Assert.Equal((bob.User, "HUB-027", TimeSpan.FromMinutes(1)), (delayed.Peer, delayed.Refusal.RuleId, delayed.Refusal.RetryAfter));
            await PassAsync(alice, TimeSpan.FromSeconds(61));
        }

        Assert.Equal(MessageState.Delivered, (await alice.WaitAsync(id, MessageState.Delivered)).State);
        Assert.Equal(["one"], await bob.InboxAsync(alice));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ToldToWaitForTooLong_TheMessageExpires_AndALaterOneIsTriedAnew(bool keyRequest)
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var second = bob;
        await using var first = alice;
        await alice.StopAsync();
        alice.Options = alice.Options with { RoomGiveUpAfter = TimeSpan.FromMinutes(3) };
        await alice.StartAsync();
        gateway.Refuse = request => (keyRequest ? request.Event is KeyMaterialRequest : request.Event is RoomUpdate) ? Wait() : null;

        var id = await alice.SendAsync(bob, "one");
        for (var i = 0; i < 3; i++)
        {
            await alice.NextAsync<EndpointEvent.RoomDelayed>();
            Assert.Equal(MessageState.Waiting, (await alice.Client.MessageAsync(id))!.State);
            await PassAsync(alice, TimeSpan.FromSeconds(61));
        }

        var expired = await alice.WaitAsync(id, MessageState.Delivered);
        Assert.Equal((MessageState.Expired, "END-113"), (expired.State, expired.RuleId));
        Assert.Equal(0, await alice.Client.OutboxCountAsync());

        gateway.Refuse = _ => null;
        Assert.Equal(MessageState.Delivered, (await alice.WaitAsync(await alice.SendAsync(bob, "two"), MessageState.Delivered)).State);
        Assert.Equal(["two"], await bob.InboxAsync(alice));
    }

    [Fact]
    public async Task NoAnswer_IsAskedAgainLessAndLess_AndGoesWhenTheHubIsBack()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        gateway.Silent = true;

        // Asked at 0, 1, 3 and 7 minutes.
        var id = await alice.SendAsync(bob, "one");
        for (var i = 0; i < 8; i++)
        {
            await PassAsync(alice, TimeSpan.FromMinutes(1));
        }

        Assert.Equal(MessageState.Waiting, (await alice.Client.MessageAsync(id))!.State);
        Assert.InRange(KeyRequests().Select(r => r.Proof.FrameId).Distinct().Count(), 3, 4);

        gateway.Silent = false;
        await PassAsync(alice, TimeSpan.FromMinutes(9));
        Assert.Equal(MessageState.Delivered, (await alice.WaitAsync(id, MessageState.Delivered)).State);
    }

    private IEnumerable<EndpointFrame.Request> KeyRequests() => gateway.Submitted.ToArray()
        .Select(f => FrameCodec.TryDecode(f.Bytes, out var frame, out _) ? frame as EndpointFrame.Request : null)
        .Where(r => r?.Event is KeyMaterialRequest)!;

    private async Task PassAsync(Person person, TimeSpan time)
    {
        clock.Jump(time);
        await person.Client.MaintainOnceAsync(CancellationToken.None);
    }

    private static Refusal Wait() => new(default, null, "HUB-027", "Later", TimeSpan.FromMinutes(1), null);
}
