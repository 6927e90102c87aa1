using System.Data.Common;
using System.Threading.Channels;
using Interconnect.Federation;

namespace Interconnect.Adapters.Matrix.Rooms;

/// <summary>
/// Events that lie in a room which their recipient was invited to: handed over, and reached when it joins. The homeserver tells of a join once, and a gap may have swallowed it: after each gap the
/// rooms in question are asked.
/// </summary>
/// <param name="report">Stores what became of an event; null when it is stored, else how long to wait.</param>
internal sealed class AwaitedJoins(RoomDirectory rooms, AwaitingRecords records, MatrixIdentifiers identifiers, TimeProvider clock, Func<InboundReceipt, CancellationToken, ValueTask<TimeSpan?>> report)
    : IAsyncDisposable
{
    private const int RoomsAtOnce = 100;
    private static readonly TimeSpan Retention = TimeSpan.FromDays(30);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMinutes(1);
    private readonly Channel<bool> orders = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
    private readonly CancellationTokenSource stopping = new();
    private Task running = Task.CompletedTask;

    /// <summary>Begins to do what is ordered, also before.</summary>
    public void Start() => running = Task.Run(RunAsync);

    /// <summary>There was a gap: the rooms are asked.</summary>
    public void Ask() => orders.Writer.TryWrite(true);

    /// <summary>
    /// Notes an event in a room that the user has not joined; true when it has joined meanwhile after all. A crash before the note: the host hands the event over again, under the same id.
    /// </summary>
    public async ValueTask<bool> AddAsync(string room, string user, string ghost, string reference, CancellationToken cancellation)
    {
        await records.AddAsync(room, user, reference, cancellation);

        // Whose join came before the note found nothing to report.
        if (await rooms.HasJoinedAsync(room, user, ghost, cancellation) is not (true, _))
        {
            return false;
        }

        await records.RemoveAsync(room, reference, cancellation);
        return true;
    }

    /// <summary>The user has joined the room, or is not to: what waited there has an outcome. Null when all of it is stored, else how long to wait.</summary>
    public async ValueTask<TimeSpan?> EndAsync(string room, string user, bool joined, CancellationToken cancellation)
    {
        if (!identifiers.TryUser(user, out var recipient))
        {
            return null;
        }

        foreach (var reference in await records.OfAsync(room, user, cancellation))
        {
            var receipt = joined
                ? new InboundReceipt(reference, recipient, DeliveryStatus.Delivered, null, null)
                : new InboundReceipt(reference, recipient, DeliveryStatus.Bounced, "MTX-025", "The recipient did not enter the room that it was handed over in.");
            if (await report(receipt, cancellation) is { } pause)
            {
                return pause;
            }

            // A crash before this: it is reported once more, which changes nothing.
            await records.RemoveAsync(room, reference, cancellation);
        }

        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await orders.Reader.ReadAsync(stopping.Token);
                while (!await AskAllAsync())
                {
                    await Task.Delay(AskAgain, clock, stopping.Token);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    /// <summary>Whether every room was asked and everything stored.</summary>
    private async Task<bool> AskAllAsync()
    {
        try
        {
            await records.ForgetAsync(Retention, stopping.Token);
            var (all, last) = (true, "");
            while (await records.RoomsAsync(last, RoomsAtOnce, stopping.Token) is { Count: > 0 } some)
            {
                foreach (var (room, user, ghost) in some)
                {
                    last = room;
                    all &= ghost is null || await AskAsync(room, user, ghost);
                }
            }

            return all;
        }
        catch (DbException)
        {
            return false;
        }
    }

    private async Task<bool> AskAsync(string room, string user, string ghost) => await rooms.HasJoinedAsync(room, user, ghost, stopping.Token) switch
    {
        (true, _) => await EndAsync(room, user, joined: true, stopping.Token) is null,
        (null, Wire.MatrixAnswer.Later or Wire.MatrixAnswer.Unknown) => false,
        _ => true,
    };
}
