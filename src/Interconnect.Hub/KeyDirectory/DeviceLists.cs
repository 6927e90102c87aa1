using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>
/// Decides on a user's device lists. Everything that costs (reading, signatures) was done before; here the verified chain is held against the stored one. Checks, in this order:
/// (1) readable and the sender's own, (2) brought by a device that it, or the list before, names, (3) newer than what is known, (4) not too often.
/// <para>
/// The first list pins the identity. A chain under another one opens a reset, which waits: an account that was taken over must not be its thief's before the person has had time to
/// object. Nothing but time ends the wait: a list under the pinned identity does not, since a thief who has the phrase would sign one for ever.
/// </para>
/// </summary>
internal static class DeviceLists
{
    public static Decision Decide(PreparedEvent prepared, HubView view, HubPolicy policy, DateTimeOffset now)
    {
        var sender = prepared.Envelope.Sender!;
        var proof = prepared.Envelope.Proof!;

        // (1)
        var facts = prepared.Lists!;
        if (facts.IsForeign)
        {
            return new Decision.Refused(HubRule.ListOwn);
        }

        if (facts.Chain is not { } chain)
        {
            return new Decision.Refused(HubRule.ListReadable, facts.Error);
        }

        // (2) A device may take itself off the list, so the list before counts too.
        var known = view.Identities[sender];
        var step = known is null ? null : StoredChain.Open(view.Chains[sender]).Compare(chain);
        if (!chain.Names(proof.Client, proof.CipherSuite, proof.SignatureKey.Span) && (step is null or ChainStep.OtherIdentity || !known!.Names(proof)))
        {
            return new Decision.Refused(HubRule.ListNamesSender);
        }

        // (3)
        return step switch
        {
            null => Take(chain, null, prepared, view, policy, now),
            ChainStep.Same => new Decision.Accepted(),
            ChainStep.Older => new Decision.Refused(HubRule.ListNotBack),
            ChainStep.Fork(var one, var other) => new Decision.Refused(HubRule.ListFollows) { Fork = (one, other) },
            ChainStep.OtherIdentity => Reset(chain, known!, prepared, view, policy, now),
            _ => Change(chain, known!, prepared, view, policy, now),
        };
    }

    /// <summary>A reset that can still be taken up.</summary>
    public static PendingReset? Waiting(UserIdentity identity, HubPolicy policy, DateTimeOffset now) =>
        identity.Reset is { } reset && now < reset.EffectiveAt + policy.Options.ResetLapse ? reset : null;

    // (4)
    private static Decision Change(DeviceChain chain, UserIdentity known, PreparedEvent prepared, HubView view, HubPolicy policy, DateTimeOffset now)
    {
        var opensEra = chain.Newest.List.Era > known.Newest.List.Era;
        var wait = policy.DeviceChanges.Wait(opensEra ? known.ErasUntil : known.ListsUntil, now);
        return wait is not null && !OnlyRemoves(known.Newest.List, chain.Newest.List)
            ? new Decision.Refused(HubRule.ListRate, RetryAfter: wait)
            : Take(chain, known, prepared, view, policy, now);
    }

    private static Decision Reset(DeviceChain chain, UserIdentity known, PreparedEvent prepared, HubView view, HubPolicy policy, DateTimeOffset now)
    {
        if (Waiting(known, policy, now) is not { } waiting)
        {
            var reset = new PendingReset(chain.IdentityKey.ToArray(), now, now + policy.Options.ResetWait, false);
            return new Decision.Waiting(
                new Decision.Refused(HubRule.ResetWaits, RetryAfter: policy.Options.ResetWait), new IdentityChange(known with { Reset = reset }, null, []), Contacts.ToTell(prepared, view, policy));
        }

        if (!chain.IdentityKey.Span.SequenceEqual(waiting.IdentityKey))
        {
            return new Decision.Refused(HubRule.ResetOne);
        }

        return now < waiting.EffectiveAt
            ? new Decision.Refused(HubRule.ResetWaits, RetryAfter: waiting.EffectiveAt - now)
            : Take(chain, null, prepared, view, policy, now);
    }

    private static Decision.Accepted Take(DeviceChain chain, UserIdentity? known, PreparedEvent prepared, HubView view, HubPolicy policy, DateTimeOffset now)
    {
        var replaced = view.Identities[chain.User];
        var urgent = known is not null && OnlyRemoves(known.Newest.List, chain.Newest.List);
        var opensEra = known is null || chain.Newest.List.Era > known.Newest.List.Era;
        var identity = new UserIdentity(
            chain.Newest, known?.PinnedAt ?? now, now, Used(known?.ListsUntil ?? now, !opensEra && !urgent), Used(known?.ErasUntil ?? now, opensEra && !urgent)) { Reset = known?.Reset };
        return new Decision.Accepted
        {
            Recipients = Contacts.ToTell(prepared, view, policy),
            Identity = new IdentityChange(identity, chain, [.. view.ClientsOf[chain.User].Where(c => !identity.Names(c.Uri, c.Suite, c.SignatureKey))]) { TakesOver = known is null && replaced is not null },
            IsUrgent = urgent,
        };

        DateTimeOffset Used(DateTimeOffset until, bool one) => one ? policy.DeviceChanges.Use(until, now) : until;
    }

    // Each such list has a device less, so there is an end to them.
    private static bool OnlyRemoves(DeviceList old, DeviceList young) => young.Devices.Count < old.Devices.Count && young.Devices.All(old.Devices.Contains);
}
