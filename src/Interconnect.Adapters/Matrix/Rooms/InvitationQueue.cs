using System.Data.Common;
using Interconnect.Adapters.Matrix.Wire;

namespace Interconnect.Adapters.Matrix.Rooms;

/// <summary>
/// Answers invitations, and leaves rooms that are no pair's, beside the transactions that tell of them, so that a room which cannot be joined or left holds nobody up: several at a time, each again
/// with back-off, given up in the end. What is open is in the database, because the homeserver tells of an invitation once; after a start it is tried from the beginning.
/// </summary>
internal sealed class InvitationQueue(RoomDirectory rooms, InvitationRecords records, TimeProvider clock, Action lost) : IAsyncDisposable
{
    /// <summary>Open invitations at a time; what comes beyond is not answered.</summary>
    public const int Most = 1_000;
    private const int AtOnce = 16;
    private const int MostTries = 10;
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromMinutes(5);
    private readonly Lock gate = new();
    private readonly Dictionary<(string Room, string Ghost), Open> open = [];
    private readonly SemaphoreSlim slots = new(AtOnce);
    private readonly CancellationTokenSource stopping = new();

    /// <summary>Takes an invitation; the task ends with its first try, or at once when there is no room for it.</summary>
    public Task Add(MatrixInbound.Invited invited)
    {
        Open added;
        lock (gate)
        {
            if (open.TryGetValue((invited.Room, invited.Ghost), out var known))
            {
                return known.First.Task;
            }

            if (open.Count >= Most || stopping.IsCancellationRequested)
            {
                lost();
                return Task.CompletedTask;
            }

            open.Add((invited.Room, invited.Ghost), added = new Open());
            added.Work = Task.Run(() => WorkAsync(invited, added.First));
        }

        return added.First.Task;
    }

    public async ValueTask DisposeAsync()
    {
        List<Task> working;
        lock (gate)
        {
            stopping.Cancel();
            working = [.. open.Values.Select(o => o.Work)];
        }

        await Task.WhenAll(working);
    }

    private async Task WorkAsync(MatrixInbound.Invited invited, TaskCompletionSource first)
    {
        try
        {
            var pause = FirstBackOff;
            for (var tries = 1; await TryAsync(invited) is { } atLeast; tries++)
            {
                first.TrySetResult();
                if (tries == MostTries)
                {
                    // It may be joined, and nobody could say whose room it is.
                    await rooms.LeaveAsync(invited.Room, invited.Ghost, stopping.Token);
                    lost();
                    break;
                }

                await Task.Delay(atLeast > pause ? atLeast : pause, clock, stopping.Token);
                pause = pause * 2 < LongestBackOff ? pause * 2 : LongestBackOff;
            }

            // A crash before this: the ghost answers once more, which changes nothing.
            await records.RemoveAsync(invited, stopping.Token);
        }
        catch (DbException)
        {
            // It is answered once more after the next start.
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
        finally
        {
            lock (gate)
            {
                open.Remove((invited.Room, invited.Ghost));
            }

            first.TrySetResult();
        }
    }

    /// <summary>Null when it is dealt with; else how long to wait at least.</summary>
    private async Task<TimeSpan?> TryAsync(MatrixInbound.Invited invited)
    {
        await slots.WaitAsync(stopping.Token);
        try
        {
            var answer = invited.Welcome
                ? await rooms.JoinAsync(invited.Room, invited.Ghost, invited.By, stopping.Token)
                : await rooms.LeaveAsync(invited.Room, invited.Ghost, stopping.Token);
            return answer switch
            {
                null => null,
                MatrixAnswer.Later later => later.RetryAfter < LongestBackOff ? later.RetryAfter : LongestBackOff,
                _ => TimeSpan.Zero,
            };
        }
        catch (DbException)
        {
            return TimeSpan.Zero;
        }
        finally
        {
            slots.Release();
        }
    }

    private sealed class Open
    {
        public TaskCompletionSource First { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Work { get; set; } = Task.CompletedTask;
    }
}
