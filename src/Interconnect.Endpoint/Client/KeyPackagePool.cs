using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>Keeps enough key packages with the hub, by what the hub says that it has, and one of last resort for when they run out.</summary>
internal sealed class KeyPackagePool(EndpointSession session, OutgoingFrames frames)
{
    /// <summary>Others decide how many are claimed and never used, so what is kept for them is bounded; past it the one of last resort has to do until some end.</summary>
    public const int MostKept = 1_000;

    private const int MostLastResorts = 10;
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);
    private static readonly TimeSpan AskEvery = TimeSpan.FromDays(1);
    private static readonly long MaxClockDifference = (long)TimeSpan.FromHours(1).TotalMilliseconds;

    /// <summary>How many are unused and not about to end; the one of last resort is not counted.</summary>
    public int Count(Work work) => Count(work, session.Options);

    /// <summary>
    /// Makes and publishes new ones when fewer than the low-water mark are left, by our own store or by what the hub said, and one of last resort when there is none that is fresh. Private
    /// parts are saved in the same step as the publication, so that no Welcome can come for a package we do not have. After a refusal the next publication waits, longer each time.
    /// Once a day the hub is asked how many it has.
    /// </summary>
    public void Replenish(Work work)
    {
        Forget(work);

        // The hub takes packages of devices that a list names, and nobody else accepts others.
        if (!session.IsAuthorised(work) || Refusals(work)?.NotBefore > work.NowMs || Tables.Outbox.All(work.Store).Any(row => row.Purpose is FramePurpose.KeyPublication or FramePurpose.KeyCount))
            return;

        var known = Tables.KeyCount.Get(work.Store, KeyCountRecord.Name);
        var left = Math.Min(Count(work), known?.Left ?? int.MaxValue);
        var missing = left < session.Options.KeyPackagesLowWater ? Math.Min(session.Options.KeyPackages - left, MostKept - Tables.KeyPackages.All(work.Store).Count) : 0;
        var lastResort = !Tables.KeyPackages.All(work.Store).Any(package => package is { LastResort: true, Used: false } && package.NotAfter > Bound(work, session.Options));
        if (missing > 0 || lastResort)
            Publish(work, Math.Max(0, missing), lastResort);
        else if (session.Hub is not null && work.NowMs - Math.Max(known?.At ?? 0, known?.AskedAt ?? 0) >= AskEvery.TotalMilliseconds)
            Ask(work, known);
    }

    public static void Accepted(Work work, EndpointOptions options, string frame)
    {
        if (Refusals(work) is { } refusals)
            Tables.Publication.Delete(work.Store, refusals);

        var published = Tables.KeyPackages.All(work.Store).Count(package => package.Frame == frame && !package.LastResort);
        var known = Tables.KeyCount.Get(work.Store, KeyCountRecord.Name);
        var left = Math.Min(Count(work, options), known is null ? int.MaxValue : known.Left + published);
        Tables.KeyCount.Put(work.Store, new KeyCountRecord(left, known?.At ?? work.NowMs, known?.AskedAt ?? 0));
        work.Raise(new EndpointEvent.KeysPublished(work.Now, published, null));
    }

    /// <summary>The hub tells how many it has, asked or not.</summary>
    public static void OnCount(Work work, ClientUri self, KeyMaterialCount count)
    {
        if (count.Client != self)
            return;

        var asked = Tables.KeyCount.Get(work.Store, KeyCountRecord.Name)?.AskedAt ?? 0;
        Tables.KeyCount.Put(work.Store, new KeyCountRecord(count.Left, work.NowMs, asked));

        // One that the hub does not have does nothing for us; it is kept for who was given it.
        if (count.RequestFrame is not null && count.LastResortEnds is null)
        {
            foreach (var lost in Tables.KeyPackages.All(work.Store).Where(package => package is { LastResort: true, Used: false }))
                Tables.KeyPackages.Put(work.Store, lost with { Used = true });
        }
    }

    /// <summary>A Welcome was for this one.</summary>
    public static void Used(Work work, KeyPackageRecord package)
    {
        if (package.LastResort)
            Tables.KeyPackages.Put(work.Store, package with { Used = true });
        else
            Tables.KeyPackages.Delete(work.Store, package);
    }

    /// <summary>They are published by another frame now.</summary>
    public static void SentAgain(Work work, string frame, string by)
    {
        foreach (var package in Tables.KeyPackages.All(work.Store).Where(package => package.Frame == frame))
            Tables.KeyPackages.Put(work.Store, package with { Frame = by });
    }

    /// <summary>The hub did not take them: nobody can use them, so they go.</summary>
    public static void Refused(Work work, string frame, HubRefusal refusal)
    {
        var published = Tables.KeyPackages.All(work.Store).Where(package => package.Frame == frame).ToList();
        foreach (var package in published)
            Tables.KeyPackages.Delete(work.Store, package);

        var refused = Refusals(work)?.Refused ?? 0;
        var wait = TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, FirstWait.Ticks << Math.Min(refused, 10)));
        if (refusal.RetryAfter > wait)
            wait = refusal.RetryAfter.Value;

        Tables.Publication.Put(work.Store, new PublicationRecord(refused + 1, (work.Now + wait).ToUnixTimeMilliseconds()));
        work.Raise(new EndpointEvent.KeysPublished(work.Now, published.Count(package => !package.LastResort), refusal));
    }

    private void Publish(Work work, int count, bool lastResort)
    {
        var bundles = Enumerable.Range(0, Math.Min(count, EventCodec.MaxKeyPackages - (lastResort ? 1 : 0))).Select(_ => session.Mls.CreateKeyPackage(session.Options.KeyPackageLifetime)).ToList();
        if (lastResort)
            bundles.Add(session.Mls.CreateKeyPackage(session.Options.KeyPackageLifetime, lastResort: true));

        var frame = frames.Enqueue(work, new KeyMaterialPublish(session.Client, [.. bundles.Select(bundle => bundle.KeyPackage)]), null, FramePurpose.KeyPublication);
        foreach (var bundle in bundles)
        {
            Tables.KeyPackages.Put(work.Store, new KeyPackageRecord(Convert.ToHexStringLower(bundle.Reference.Span), bundle.Export(), bundle.NotAfter.ToUnixTimeMilliseconds(), frame, bundle.IsLastResort));
            work.After(bundle.Dispose);
        }
    }

    private void Ask(Work work, KeyCountRecord? known)
    {
        frames.Enqueue(work, new KeyMaterialCountRequest(session.Client), null, FramePurpose.KeyCount);
        Tables.KeyCount.Put(work.Store, new KeyCountRecord(known?.Left ?? Count(work), known?.At ?? 0, work.NowMs));
    }

    // What ended, and the oldest of last resort that were used: whoever was given one of them has had time.
    private static void Forget(Work work)
    {
        var packages = Tables.KeyPackages.All(work.Store);
        var ended = packages.Where(package => package.NotAfter < work.NowMs - MaxClockDifference);
        var used = packages.Where(package => package is { LastResort: true, Used: true }).OrderByDescending(package => package.NotAfter).Skip(MostLastResorts);
        foreach (var package in ended.Union(used).ToList())
            Tables.KeyPackages.Delete(work.Store, package);
    }

    private static int Count(Work work, EndpointOptions options) => Tables.KeyPackages.All(work.Store).Count(package => !package.LastResort && package.NotAfter > Bound(work, options));

    private static long Bound(Work work, EndpointOptions options) => (work.Now + options.KeyPackageRenewal).ToUnixTimeMilliseconds();

    private static PublicationRecord? Refusals(Work work) => Tables.Publication.Get(work.Store, PublicationRecord.Name);
}
