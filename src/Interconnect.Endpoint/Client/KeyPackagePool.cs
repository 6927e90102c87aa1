using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>Keeps enough unused key packages with the hub.</summary>
internal sealed class KeyPackagePool(EndpointSession session, OutgoingFrames frames)
{
    /// <summary>How many are unused and not about to end.</summary>
    public int Count(Work work)
    {
        var bound = (work.Now + session.Options.KeyPackageRenewal).ToUnixTimeMilliseconds();
        return Tables.KeyPackages.All(work.Store).Count(package => package.NotAfter > bound);
    }

    /// <summary>
    /// Makes and publishes new ones when fewer than the low-water mark are left. Private parts are saved in the same step as the publication, so that no Welcome
    /// can come for a package we do not have.
    /// </summary>
    public void Replenish(Work work)
    {
        var expired = Tables.KeyPackages.All(work.Store).Where(package => package.NotAfter < work.NowMs - MaxClockDifference);
        foreach (var package in expired)
            Tables.KeyPackages.Delete(work.Store, package);

        var count = Count(work);
        if (count >= session.Options.KeyPackagesLowWater)
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

    public void Accepted(Work work, string frame) =>
        work.Raise(new EndpointEvent.KeysPublished(work.Now, Tables.KeyPackages.All(work.Store).Count(package => package.Frame == frame), null));

    /// <summary>They are published by another frame now.</summary>
    public static void SentAgain(Work work, string frame, string by)
    {
        foreach (var package in Tables.KeyPackages.All(work.Store).Where(package => package.Frame == frame))
            Tables.KeyPackages.Put(work.Store, package with { Frame = by });
    }

    /// <summary>The hub did not take them: nobody can use them, so they go.</summary>
    public void Refused(Work work, string frame, HubRefusal refusal)
    {
        var published = Tables.KeyPackages.All(work.Store).Where(package => package.Frame == frame).ToList();
        foreach (var package in published)
            Tables.KeyPackages.Delete(work.Store, package);

        work.Raise(new EndpointEvent.KeysPublished(work.Now, published.Count, refusal));
    }

    private static readonly long MaxClockDifference = (long)TimeSpan.FromHours(1).TotalMilliseconds;
}
