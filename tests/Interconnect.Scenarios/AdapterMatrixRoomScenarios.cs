using System.Text.Json.Nodes;
using Interconnect.Federation;
using Interconnect.Testing.Conformance;

namespace Interconnect.Scenarios;

/// <summary>On real Synapse: a room says by its own state whose it is.</summary>
public sealed class AdapterMatrixRoomScenarios
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    [Fact(DisplayName = "Mallory makes a room for Alice and Bob's ghost and leaves: Bob's message goes into another room, and is delivered when Alice has joined that")]
    public async Task Deliver_MalloryMadeTheRoomFirst_GoesElsewhere()
    {
        var far = (AdapterMatrixFarSide)await AdapterMatrixFarSide.CreateAsync(deliveredMeansRead: false);
        await using var _ = far;
        await using var adapter = far.CreateAdapter();
        await using var alice = await far.SignInReservedAsync("alice");
        await using var mallory = await far.SignInReservedAsync("mallory");
        Assert.True(far.Identifiers.TryGhost(Samples.Bob, out var ghost));
        Assert.True(far.Identifiers.TryUser(alice.UserId, out var user));
        var sink = new RecordingSink();
        await adapter.StartAsync(sink, default);

        var hers = (await mallory.CallAsync(HttpMethod.Post, "_matrix/client/v3/createRoom", new JsonObject
        {
            ["preset"] = "trusted_private_chat",
            ["is_direct"] = true,
            ["invite"] = new JsonArray(alice.UserId, ghost),
        })).GetProperty("room_id").GetString()!;
        await EnterAsync(alice, hers, "join");
        await EnterAsync(mallory, hers, "leave");
        await UntilAsync(async () => await alice.MembershipAsync(hers, ghost) == "leave");

        var delivered = Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(user), user, 1), default));
        Assert.False(delivered.Reached);
        var own = Assert.Single(await alice.InvitedToAsync());
        Assert.NotEqual(hers, own);
        await EnterAsync(alice, own, "join");
        var receipt = await sink.NextReceiptAsync(Limit);
        Assert.Equal((delivered.NativeReference, user, DeliveryStatus.Delivered), (receipt.NativeReference, receipt.Recipient, receipt.Status));
        Assert.True(Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(user), user, 1), default)).Reached);

        // Synapse tells of Alice's leaving, and nothing is reached in that room any more.
        await EnterAsync(alice, own, "leave");
        await UntilAsync(async () => Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(user), user, 1), default)) is { Reached: false });
        await adapter.StopAsync(default);
    }

    private static Task EnterAsync(AdapterMatrixClient who, string room, string how) => who.CallAsync(HttpMethod.Post, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/{how}", []);

    private static async Task UntilAsync(Func<Task<bool>> happened)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!await happened())
        {
            await Task.Delay(100, limit.Token);
        }
    }
}
