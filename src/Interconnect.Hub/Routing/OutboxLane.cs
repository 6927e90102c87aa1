using System.Threading.Channels;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>
/// Publishes the pages for one network in order, pipelined in a window. When the bus does not take something, nothing more is issued, everything in flight is waited for, and what was
/// not stored is issued again first, in its order: the bus keeps a conversation closed behind a failure, so nothing of it can have passed.
/// A page counts as confirmed when all of it is stored. What a crash repeats, the destination recognises by event id.
/// </summary>
internal sealed class OutboxLane
{
    private static readonly TimeSpan ReadRetry = TimeSpan.FromSeconds(1);

    private readonly Channel<Page> pages = Channel.CreateUnbounded<Page>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Queue<(Item Item, Task<PublishOutcome> Outcome)> inFlight = new();
    private readonly BusAddress address;
    private readonly IBusPublisher publisher;
    private readonly Func<long, CancellationToken, Task<byte[]?>> readBody;
    private readonly Action<long> confirmed;
    private readonly HubLimits limits;
    private readonly TimeProvider clock;
    private readonly CancellationToken abort;
    private readonly Task running;
    private Queue<Item> again = new();
    private Page? current;
    private Task<bool>? more;
    private long depth;
    private long memory;

    public OutboxLane(
        BusAddress address, IBusPublisher publisher, Func<long, CancellationToken, Task<byte[]?>> readBody, Action<long> confirmed, HubLimits limits, TimeProvider clock, CancellationToken abort)
    {
        this.address = address;
        this.publisher = publisher;
        this.readBody = readBody;
        this.confirmed = confirmed;
        this.limits = limits;
        this.clock = clock;
        this.abort = abort;
        running = Task.Run(RunAsync, CancellationToken.None);
    }

    private sealed class Page(long no, int count, IReadOnlyList<OutboxEntry>? entries, long bytes)
    {
        public long No => no;

        public long Bytes => bytes;

        public IReadOnlyList<OutboxEntry>? Entries { get; set; } = entries;

        public int Next { get; set; }

        public int Left { get; set; } = count;
    }

    private readonly record struct Item(Page Page, OutboxEntry Entry);

    public long Depth => Interlocked.Read(ref depth);

    /// <param name="no">The page's number.</param>
    /// <param name="count">How many entries it has.</param>
    /// <param name="entries">Null when they have to be read from the database.</param>
    public void Enqueue(long no, int count, IReadOnlyList<OutboxEntry>? entries)
    {
        var bytes = entries?.Sum(e => (long)e.Body.Length) ?? 0;
        if (entries is not null && Interlocked.Add(ref memory, bytes) > limits.MaxOutboxMemory)
        {
            // The destination is slow: only the number waits in memory.
            Interlocked.Add(ref memory, -bytes);
            (entries, bytes) = (null, 0);
        }

        Interlocked.Add(ref depth, count);
        pages.Writer.TryWrite(new Page(no, count, entries, bytes));
    }

    /// <summary>Ends with an <see cref="InvalidDataException"/> when a stored page is damaged: it holds what was promised, so nothing passes it.</summary>
    public Task Running => running;

    /// <summary>Completes when everything is published, or soon after the abort.</summary>
    public Task DrainAsync()
    {
        pages.Writer.TryComplete();
        return running;
    }

    private async Task RunAsync()
    {
        try
        {
            while (!abort.IsCancellationRequested)
            {
                Issue();
                if (inFlight.Count > 0)
                {
                    await SettleAsync();
                }
                else if (!await NextPageAsync())
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested)
        {
            // What is in flight may be stored or not; its pages stay and are published again.
        }
    }

    // Fills the window; stops where a page has to be read, and at the first sign of a failure.
    private void Issue()
    {
        while (inFlight.Count < limits.PublishWindow && !(inFlight.TryPeek(out var oldest) && oldest.Outcome.IsCompleted) && TryTake(out var item))
        {
            var outcome = PublishAsync(item.Entry);
            inFlight.Enqueue((item, outcome));
            if (outcome.IsCompleted && outcome.Result is not PublishOutcome.Stored)
            {
                return;
            }
        }
    }

    private bool TryTake(out Item item)
    {
        if (again.TryDequeue(out item))
        {
            return true;
        }

        while (current is null || (current.Entries is { } read && current.Next >= read.Count))
        {
            if (!pages.Reader.TryRead(out current))
            {
                return false;
            }
        }

        if (current.Entries is not { } entries)
        {
            return false;
        }

        item = new Item(current, entries[current.Next++]);
        return true;
    }

    // Waits for the oldest publish, or for new work while the window has room.
    private async Task SettleAsync()
    {
        var (item, outcome) = inFlight.Peek();
        if (!outcome.IsCompleted && inFlight.Count < limits.PublishWindow && current is null or { Entries: not null })
        {
            more ??= pages.Reader.WaitToReadAsync(abort).AsTask();
            await Task.WhenAny(outcome, more).WaitAsync(abort);
            if (more.IsCompleted && await more)
            {
                more = null;
                return;
            }
        }

        var result = await outcome.WaitAsync(abort);
        if (result is PublishOutcome.Stored)
        {
            inFlight.Dequeue();
            Stored(item);
            return;
        }

        await RecoverAsync(((PublishOutcome.Unavailable)result).RetryAfter);
    }

    private async Task RecoverAsync(TimeSpan wait)
    {
        var failed = new Queue<Item>();
        while (inFlight.TryDequeue(out var flying))
        {
            if (await flying.Outcome.WaitAsync(abort) is PublishOutcome.Stored)
            {
                Stored(flying.Item);
            }
            else
            {
                failed.Enqueue(flying.Item);
            }
        }

        while (again.TryDequeue(out var waiting))
        {
            failed.Enqueue(waiting);
        }

        again = failed;
        await Task.Delay(wait, clock, abort);
    }

    private async Task<PublishOutcome> PublishAsync(OutboxEntry entry)
    {
        try
        {
            return await publisher.PublishAsync(address, entry.Conversation, entry.Body, abort);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return new PublishOutcome.Unavailable(e.GetType().Name, ReadRetry, Certain: false);
        }
    }

    private void Stored(Item item)
    {
        Interlocked.Decrement(ref depth);
        if (--item.Page.Left == 0)
        {
            Interlocked.Add(ref memory, -item.Page.Bytes);

            // A crash here leaves the page's row although all of it is published; the next session publishes it again and the destination knows the events.
            confirmed(item.Page.No);
        }
    }

    // False when there is nothing left and nothing will come.
    private async Task<bool> NextPageAsync()
    {
        if (current is not { Entries: null } page)
        {
            more ??= pages.Reader.WaitToReadAsync(abort).AsTask();
            var (waited, any) = (more, await more);
            more = any ? null : waited;
            return any;
        }

        try
        {
            page.Entries = OutboxPage.Decode(await readBody(page.No, abort) ?? throw new InvalidDataException($"Outbox page {page.No} is gone."));
        }
        catch (Exception e) when (DatabaseErrors.Classify(e) is not null)
        {
            await Task.Delay(ReadRetry, clock, abort);
        }

        return true;
    }
}
