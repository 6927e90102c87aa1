using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>
/// Gives out one package of each of the target's clients that the newest device list names, each package once, and a client's one of last resort when it has no other; of one's own user, of
/// the other devices. The answer is a <see cref="KeyMaterialResponse"/> to the asker, with the target's device lists; the owner is told when few packages are left. Nothing of the target is
/// looked at, nor loaded, before its consent is.
/// </summary>
internal static class KeyRequests
{
    public static Decision Decide(KeyMaterialRequest request, PreparedEvent prepared, HubView view, HubPolicy policy, DateTimeOffset now)
    {
        var sender = prepared.Envelope.Sender!;
        var proof = prepared.Envelope.Proof!;
        var own = request.Target == sender;
        if (request.Room is { } room && room.Domain != policy.Options.Domain)
        {
            return new Decision.Refused(HubRule.RoomHere);
        }

        if (!own && policy.Peering(sender, request.Target, proof.CipherSuite) is { } refused)
        {
            return refused;
        }

        // The same answer whether the target exists or not.
        if (!own && !view.ConsentsOf(sender, request.Target).Granted(sender, request.Target, request.Room))
        {
            return new Decision.Refused(HubRule.Consented);
        }

        var suites = policy.UsableSuites(sender, request.Target, request.CipherSuites);
        if (suites.Count == 0)
        {
            return new Decision.Accepted { Response = Answer(KeyMaterialStatus.IncompatibleProtocol, []) };
        }

        // What a user's devices take of each other's is the user's own affair.
        var identity = view.Identities[request.Target];
        var clients = view.ClientsOf[request.Target].FindAll(c => c.Uri != proof.Client && identity?.Names(c.Uri, c.Suite, c.SignatureKey) == true);
        if (!own && clients.Exists(c => view.RecentClaims.GetValueOrDefault((sender, c.Uri)) >= policy.Limits.ClaimsPerDay))
        {
            return new Decision.Refused(HubRule.ClaimQuota, RetryAfter: policy.Limits.QuotaRetryAfter);
        }

        var claims = new List<KeyClaim>();
        var notices = new List<KeyMaterialCount>();
        var answers = new List<ClientKeyMaterial>();
        foreach (var client in clients)
        {
            answers.Add(Claim(client));
        }

        return new Decision.Accepted { Claimed = claims, Notices = notices, Response = Answer(StatusOf(answers), answers) };

        ClientKeyMaterial Claim(Client client)
        {
            var pool = view.Pools.GetValueOrDefault(client.Uri) ?? [];
            var usable = suites.SelectMany(s => pool.Where(p => p.Suite == s && p.NotAfter > now)).ToList();
            var package = usable.Find(p => !p.LastResort) ?? usable.FirstOrDefault();
            if (package is null)
            {
                return new ClientKeyMaterial(client.Uri, suites.Contains(client.Suite) ? ClientKeyMaterialStatus.Exhausted : ClientKeyMaterialStatus.NothingCompatible, default);
            }

            claims.Add(new KeyClaim(package.Reference, client.Uri, sender, request.Room, now, package.NotAfter) { LastResort = package.LastResort });
            var count = view.Counts.GetValueOrDefault(client.Uri) ?? new PoolCount(client.Uri, 0, null);
            if (!package.LastResort && (count.Left - 1 == policy.Limits.KeyPackageLowWater || count.Left == 1))
            {
                notices.Add(new KeyMaterialCount(null, client.Uri, count.Left - 1, count.LastResortEnds));
            }

            return new ClientKeyMaterial(client.Uri, ClientKeyMaterialStatus.Success, package.Package);
        }

        KeyMaterialResponse Answer(KeyMaterialStatus status, IReadOnlyList<ClientKeyMaterial> clients) =>
            new(proof.FrameId, request.Target, request.Room, status, clients) { DeviceLists = view.Chains[request.Target] };
    }

    private static KeyMaterialStatus StatusOf(List<ClientKeyMaterial> answers)
    {
        var served = answers.Count(a => a.Status == ClientKeyMaterialStatus.Success);
        return served == 0 ? KeyMaterialStatus.NoCompatibleMaterial : served == answers.Count ? KeyMaterialStatus.Success : KeyMaterialStatus.PartialSuccess;
    }
}
