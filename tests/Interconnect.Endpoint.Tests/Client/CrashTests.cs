using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;
using Interconnect.Testing;

namespace Interconnect.Endpoint.Tests.Client;

/// <summary>The process ends at every durable step in turn, before and after the commit, and starts again: nothing is lost, doubled, reordered or sent in two versions.</summary>
public sealed class CrashTests
{
    private static readonly string[] Sent = ["one", "two", "three"];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WhereverTheSenderCrashes_EverythingArrivesOnceAndInOrder(bool tellsSequence)
    {
        var steps = await RunAsync(0, 0, tellsSequence);
        Assert.InRange(steps.Alice, 20, 200);
        for (var step = 1; step <= steps.Alice; step++)
            await RunAsync(step, 0, tellsSequence);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WhereverTheReceiverCrashes_EverythingArrivesOnceAndInOrder(bool tellsSequence)
    {
        var steps = await RunAsync(0, 0, tellsSequence);
        Assert.InRange(steps.Bob, 10, 200);
        for (var step = 1; step <= steps.Bob; step++)
            await RunAsync(0, step, tellsSequence);
    }

    /// <summary>A whole acquaintance and three messages, with a crash at the given step of one of them (0 = none).</summary>
    private static async Task<(int Alice, int Bob)> RunAsync(int crashAlice, int crashBob, bool tellsSequence)
    {
        var clock = new ManualClock();
        var gateway = new FakeGateway(clock) { TellsSequence = tellsSequence };
        await using var alice = Person.Create(gateway, clock, "alice@a.test");
        await using var bob = Person.Create(gateway, clock, "bob@b.test");
        var atAlice = new CrashPlan(crashAlice);
        var atBob = new CrashPlan(crashBob);
        alice.Options = new EndpointOptions { AtStep = atAlice.At };
        bob.Options = new EndpointOptions { AutoConsent = true, AtStep = atBob.At };
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var bobs = LiveAsync(bob, atBob, clock, _ => Task.CompletedTask, async () => (await bob.InboxAsync(alice)).Count == Sent.Length && await bob.Client.OutboxCountAsync() == 0, patience.Token);
        try
        {
            var alices = LiveAsync(alice, atAlice, clock, _ => AskAndWriteAsync(alice, bob), () => AllDeliveredAsync(alice, bob), patience.Token);
            await await Task.WhenAny(alices, bobs);
            await Task.WhenAll(alices, bobs);
        }
        catch (OperationCanceledException)
        {
            var state = string.Join(", ", (await alice.Client.MessagesAsync(bob.User)).Select(m => $"{m.Text} {m.State} {m.RuleId} {m.Reason}"));
            Assert.Fail($"Not done with crashes at {crashAlice}, {crashBob} of {atAlice.Steps}, {atBob.Steps}: alice sees [{state}], outboxes {await alice.Client.OutboxCountAsync()}, {await bob.Client.OutboxCountAsync()}, bob has [{string.Join(", ", await bob.InboxAsync(alice))}]");
        }

        Assert.True(crashAlice == 0 || atAlice.Crashed);
        Assert.True(crashBob == 0 || atBob.Crashed);
        Assert.Equal(Sent, await bob.InboxAsync(alice));
        Assert.All(gateway.Submitted.GroupBy(frame => frame.Id), frame => Assert.Single(frame.Select(f => Convert.ToHexString(f.Bytes)).Distinct()));
        var messages = gateway.AcceptedRequests.Where(r => r.Event is EncryptedMessage).Select(r => Convert.ToHexString(((EncryptedMessage)r.Event).Message.Span)).ToList();
        Assert.Equal(messages.Count, messages.Distinct().Count());
        return (atAlice.Steps, atBob.Steps);
    }

    /// <summary>Runs a person until they are done; a crash closes everything as the end of the process would and starts it again.</summary>
    private static async Task LiveAsync(Person person, CrashPlan plan, ManualClock clock, Func<Person, Task> act, Func<Task<bool>> done, CancellationToken patience)
    {
        while (true)
        {
            try
            {
                await person.StartAsync(untilPublished: false);
                while (!await done())
                {
                    await act(person);
                    if (!await done())
                        await NextEventAsync(person, clock, patience);
                }

                return;
            }
            catch (SimulatedCrash)
            {
                plan.Restart();
                await person.StopAsync();
            }
        }
    }

    private static async Task NextEventAsync(Person person, ManualClock clock, CancellationToken patience)
    {
        var next = person.Events.Events.WaitToReadAsync(patience).AsTask();
        var first = await Task.WhenAny(next, person.Client.Running, Task.Delay(50, patience));
        if (first == person.Client.Running)
            await person.Client.Running;

        // Nothing for a while: perhaps something waits for its time.
        patience.ThrowIfCancellationRequested();
        if (first != next)
            clock.Advance(TimeSpan.FromSeconds(2));

        while (person.Events.Events.TryRead(out _))
        {
            // What happened is in the store.
        }
    }

    private static async Task AskAndWriteAsync(Person alice, Person bob)
    {
        var contact = await alice.Client.ContactAsync(bob.User);
        if (contact?.TheyAllow is null or ConsentState.None)
            await alice.Client.ConsentAsync(ConsentOperation.Request, bob.User);

        if (contact?.TheyAllow != ConsentState.Granted)
            return;

        // What a user whose program ended does: look what is there already, write the rest.
        var written = (await alice.Client.MessagesAsync(bob.User)).Count;
        foreach (var text in Sent.Skip(written))
            await alice.Client.SendAsync(bob.User, text);
    }

    private static async Task<bool> AllDeliveredAsync(Person alice, Person bob)
    {
        var messages = await alice.Client.MessagesAsync(bob.User);
        return messages.Count == Sent.Length && messages.All(message => message.State == MessageState.Delivered);
    }

    private sealed class CrashPlan(int at)
    {
        private int steps;
        private volatile bool down;

        public int Steps => steps;

        public bool Crashed { get; private set; }

        public void At(string step)
        {
            if (!down && Interlocked.Increment(ref steps) != at)
                return;

            // Once it is down, nothing of the old process gets any further.
            Crashed = true;
            down = true;
            throw new SimulatedCrash();
        }

        public void Restart() => down = false;
    }

    private sealed class SimulatedCrash : Exception;
}
