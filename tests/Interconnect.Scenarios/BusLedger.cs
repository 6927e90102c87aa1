using System.Buffers.Binary;
using System.Collections.Concurrent;
using Interconnect.Federation;

namespace Interconnect.Scenarios;

/// <summary>Numbered bodies in conversations, and a reader's ledger outside the bus that finds what was lost, doubled, or out of order.</summary>
internal sealed class BusLedger(int conversations)
{
    private readonly int[] last = new int[conversations];
    private int duplicates;

    /// <summary>Repetitions of something already read; allowed after an uncertain outcome.</summary>
    public int Duplicates => duplicates;

    /// <summary>What was read out of order or with a gap; must stay empty.</summary>
    public ConcurrentQueue<string> Faults { get; } = new();

    public long Total => last.Sum(n => (long)Volatile.Read(ref n));

    /// <summary>The last number read in order, from 1; 0 for none.</summary>
    public int LastOf(int conversation) => Volatile.Read(ref last[conversation]);

    public static ConversationKey Conversation(int number) =>
        RoomUri.TryParse($"mimi://hub.test/r/{number:x32}", out var room) ? ConversationKey.OfRoom(room) : throw new InvalidOperationException("not a room");

    public static byte[] Body(int conversation, int number, int size = 64)
    {
        var body = new byte[Math.Max(size, 8)];
        BinaryPrimitives.WriteInt32BigEndian(body, conversation);
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(4), number);
        return body;
    }

    public void Read(BusBody body) => Read(body.Bytes);

    private void Read(ReadOnlyMemory<byte> body)
    {
        var conversation = BinaryPrimitives.ReadInt32BigEndian(body.Span);
        var number = BinaryPrimitives.ReadInt32BigEndian(body.Span[4..]);
        var before = last[conversation];
        if (number <= before)
        {
            Interlocked.Increment(ref duplicates);
        }
        else if (number == before + 1)
        {
            Volatile.Write(ref last[conversation], number);
        }
        else
        {
            Faults.Enqueue($"conversation {conversation}: {number} after {before}");
        }
    }

    public BusHandler Handler => (batch, _) =>
    {
        foreach (var body in batch.Bodies)
        {
            Read(body);
        }

        return ValueTask.FromResult<IReadOnlyList<Unusable>>([]);
    };

    /// <summary>Publishes 1..count of a conversation, several at a time; what fails is published again from there on, in order, until all is stored.</summary>
    public static async Task PublishAsync(IBusPublisher bus, BusAddress address, int conversation, int count, int window, CancellationToken cancellation)
    {
        var key = Conversation(conversation);
        var next = 1;
        while (next <= count)
        {
            var sent = Enumerable.Range(next, Math.Min(window, count - next + 1)).Select(n => bus.PublishAsync(address, key, Body(conversation, n), cancellation).AsTask()).ToList();
            var outcomes = await Task.WhenAll(sent);
            var stored = outcomes.TakeWhile(o => o is PublishOutcome.Stored).Count();
            next += stored;
            if (stored < outcomes.Length)
            {
                await Task.Delay(((PublishOutcome.Unavailable)outcomes[stored]).RetryAfter, cancellation);
            }
        }
    }

    public async Task WaitForAsync(long total, TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        while (Total < total && Faults.IsEmpty)
        {
            Assert.False(patience.IsCancellationRequested, $"{Total} of {total} read within {limit}");
            await Task.Delay(20);
        }
    }
}
