namespace Interconnect.Testing;

/// <summary>Time that stands still until told otherwise; timers made from it fire inside <see cref="Advance"/>.</summary>
public sealed class ManualClock(DateTimeOffset? start = null) : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<ManualTimer> timers = [];
    private TimeSpan set;
    private DateTimeOffset now = start ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Whether any timer is set.</summary>
    public bool HasTimers
    {
        get
        {
            lock (gate)
            {
                return timers.Count > 0;
            }
        }
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
        {
            return now + set;
        }
    }

    /// <inheritdoc/>
    public override long GetTimestamp()
    {
        lock (gate)
        {
            return now.Ticks;
        }
    }

    /// <summary>Sets the wall clock forward or, when negative, back; no time passes and no timer fires.</summary>
    public void Step(TimeSpan by)
    {
        lock (gate)
        {
            set += by;
        }
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves time on, firing what falls due, in order.</summary>
    public void Advance(TimeSpan by)
    {
        DateTimeOffset target;
        lock (gate)
        {
            target = now + by;
        }

        while (true)
        {
            ManualTimer? next;
            lock (gate)
            {
                next = timers.Where(t => t.Due <= target).MinBy(t => t.Due);
                if (next is null)
                {
                    now = target;
                    return;
                }

                now = next.Due > now ? next.Due : now;
                next.Rearm();
            }

            next.Fire();
        }
    }

    /// <summary>Moves time on at once, as a device that slept: what fell due meanwhile fires once, now. For spans in which a short period would fire a million times.</summary>
    public void Jump(TimeSpan by)
    {
        List<ManualTimer> due;
        lock (gate)
        {
            now += by;
            due = [.. timers.Where(t => t.Due <= now).OrderBy(t => t.Due)];
            due.ForEach(t => t.Rearm());
        }

        due.ForEach(t => t.Fire());
    }

    /// <summary>Moves time on to the earliest timer that is due, and fires it; false when none is set.</summary>
    public bool AdvanceToNext()
    {
        TimeSpan until;
        lock (gate)
        {
            if (timers.Count == 0)
            {
                return false;
            }

            until = timers.Min(t => t.Due) - now;
        }

        Advance(until > TimeSpan.Zero ? until : TimeSpan.Zero);
        return true;
    }

    private sealed class ManualTimer(ManualClock clock, Action fire) : ITimer
    {
        private TimeSpan period;

        public DateTimeOffset Due { get; private set; } = DateTimeOffset.MaxValue;

        public void Fire() => fire();

        public void Rearm() => SetDue(period > TimeSpan.Zero ? period : Timeout.InfiniteTimeSpan);

        public bool Change(TimeSpan dueTime, TimeSpan newPeriod)
        {
            var fireNow = dueTime == TimeSpan.Zero;
            lock (clock.gate)
            {
                period = newPeriod;
                SetDue(fireNow ? (newPeriod > TimeSpan.Zero ? newPeriod : Timeout.InfiniteTimeSpan) : dueTime);
            }

            if (fireNow)
            {
                ThreadPool.QueueUserWorkItem(_ => fire());
            }

            return true;
        }

        public void Dispose()
        {
            lock (clock.gate)
            {
                clock.timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void SetDue(TimeSpan dueTime)
        {
            clock.timers.Remove(this);
            if (dueTime == Timeout.InfiniteTimeSpan)
            {
                Due = DateTimeOffset.MaxValue;
                return;
            }

            Due = clock.now + dueTime;
            clock.timers.Add(this);
        }
    }
}
