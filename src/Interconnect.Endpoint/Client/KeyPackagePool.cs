using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>Keeps enough unused key packages with the hub.</summary>
internal sealed class KeyPackagePool(EndpointSession session, OutgoingFrames frames)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    /// <summary>How many are unused and not about to end.</summary>
    public int Count(Work work)
    {
        var bound = (work.Now + session.Options.KeyPackageRenewal).ToUnixTimeMilliseconds();
        return Tables.KeyPackages.All(work.Store).Count(package => package.NotAfter > bound);
    }

    /// <summary>
    /// Makes and publishes new ones when fewer than the low-water mark are left. Private parts are saved in the same step as the publication, so that no Welcome
    /// can come for a package we do not have. After a refusal the next publication waits, longer each time.
    /// </summary>
    public void Replenish(Work work)
    {
        var expired = Tables.KeyPackages.All(work.Store).Where(package => package.NotAfter < work.NowMs - MaxClockDifference);
        foreach (var package in expired)
            Tables.KeyPackages.Delete(work.Store, package);

        // The hub takes packages of devices that a list names, and nobody else accepts others.
        var count = Count(work);
        if (!session.IsAuthorised(work) || count >= session.Options.KeyPackagesLowWater || Refusals(work)?.NotBefore > work.NowMs)
            return;

        var bundles = Enumerable.Range(0, session.Options.KeyPackages - count).Select(_ => session.Mls.CreateKeyPackage(session.Options.KeyPackageLifetime)).ToList();
        var publication = new KeyMaterialPublish(session.Client, [.. bundles.Select(bundle => bundle.KeyPackage)]);
        var frame = frames.Enqueue(work, publication, null, FramePurpose.KeyPublication);
        foreach (var bundle in bundles)
        {
            Tables.KeyPackages.Put(work.Store, new KeyPackageRecord(Convert.ToHexStringLower(bundle.Reference.Span), bundle.Export(), bundle.NotAfter.ToUnixTimeMilliseconds(), frame));
            work.After(bundle.Dispose);
        }
    }

    public static void Accepted(Work work, string frame)
    {
        if (Refusals(work) is { } refusals)
            Tables.Publication.Delete(work.Store, refusals);

        work.Raise(new EndpointEvent.KeysPublished(work.Now, Tables.KeyPackages.All(work.Store).Count(package => package.Frame == frame), null));
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
        work.Raise(new EndpointEvent.KeysPublished(work.Now, published.Count, refusal));
    }

    private static PublicationRecord? Refusals(Work work) => Tables.Publication.Get(work.Store, PublicationRecord.Name);

    private static readonly long MaxClockDifference = (long)TimeSpan.FromHours(1).TotalMilliseconds;
}
