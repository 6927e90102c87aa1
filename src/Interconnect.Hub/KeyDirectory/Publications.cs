using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>A client publishes key packages; the first accepted publication registers it. All of a publication is taken or none; one of last resort takes the place of the one before.</summary>
internal static class Publications
{
    // Checked before the signatures, with the hub's own bound.
    private const string LifetimeBound = "MLS-123";

    public static Decision Decide(KeyMaterialPublish publish, PreparedEvent prepared, HubView view, HubPolicy policy, DateTimeOffset now)
    {
        var proof = prepared.Envelope.Proof!;
        if (publish.Client != proof.Client)
        {
            return new Decision.Refused(HubRule.PublishOwn);
        }

        var entries = new List<KeyPackageEntry>(prepared.Packages.Count);
        foreach (var result in prepared.Packages)
        {
            if (!result.TryGet(out var package, out var error))
            {
                return error.Rule == LifetimeBound ? new Decision.Refused(HubRule.PackageLifetime) : new Decision.Refused(HubRule.PackageValid, error.Rule);
            }

            if (!Preparation.TryReadClient(package.Credential, out var named) || named != publish.Client)
            {
                return new Decision.Refused(HubRule.PackageIdentity);
            }

            if (!package.SignatureKey.Span.SequenceEqual(proof.SignatureKey.Span))
            {
                return new Decision.Refused(HubRule.PackageKey);
            }

            entries.Add(new KeyPackageEntry(package.Reference.ToArray(), publish.Client, package.Suite.Id, package.NotAfter, now, package.Encoded.ToArray(), package.IsLastResort));
        }

        if (entries.Count(e => e.LastResort) > 1)
        {
            return new Decision.Refused(HubRule.LastResortOnce);
        }

        if (entries.Exists(e => view.KnownPackages.Contains(e.Key)) || entries.DistinctBy(e => e.Key).Count() != entries.Count)
        {
            return new Decision.Refused(HubRule.PackageNew);
        }

        if ((view.Counts.GetValueOrDefault(publish.Client)?.Left ?? 0) + entries.Count(e => !e.LastResort) > policy.Limits.MaxKeyPackagesPerClient)
        {
            return new Decision.Refused(HubRule.PackagePool);
        }

        var known = view.Clients[publish.Client] is not null;
        if (!known && view.ClientsOf[publish.Client.Owner].Count >= policy.Limits.MaxClientsPerUser)
        {
            return new Decision.Refused(HubRule.ClientBound);
        }

        return new Decision.Accepted
        {
            Published = entries,
            Client = known ? null : new Client(publish.Client, proof.CipherSuite, proof.SignatureKey.ToArray(), now, now),
        };
    }
}
