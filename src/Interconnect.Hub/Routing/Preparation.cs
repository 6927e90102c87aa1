using System.Diagnostics.CodeAnalysis;
using System.Text;
using Interconnect.Federation;
using Interconnect.Mls;
using Interconnect.Mls.PublicGroups;

namespace Interconnect.Hub;

/// <summary>
/// Turns a bus batch into prepared events, in parallel within a batch and outside the transaction. What it costs to check something is taken from its sender first, whatever comes of it, and
/// names are looked at before signatures; then those of frames, key packages and device lists are checked. Commits are judged next (<see cref="CommitVerification"/>).
/// </summary>
internal static class Preparation
{
    private const int WorthParallel = 4;

    /// <summary>Prepares a batch in its order; bodies that are no envelopes are named in <paramref name="unusable"/>.</summary>
    public static IReadOnlyList<PreparedEvent> Prepare(
        HubStream stream, IReadOnlyList<BusBody> bodies, HubPolicy policy, FrameVerifiers verifiers, SenderBudgets budgets, KnownLists lists, DateTimeOffset now, out IReadOnlyList<Unusable> unusable)
    {
        var events = new PreparedEvent?[bodies.Count];
        var errors = new string?[bodies.Count];
        if (bodies.Count >= WorthParallel && stream == HubStream.Submit)
        {
            Parallel.For(0, bodies.Count, One);
        }
        else
        {
            for (var i = 0; i < bodies.Count; i++)
            {
                One(i);
            }
        }

        unusable = [.. errors.Select((e, i) => (Error: e, Index: i)).Where(e => e.Error is not null).Select(e => new Unusable(e.Index, e.Error!))];
        return [.. events.OfType<PreparedEvent>()];

        void One(int i)
        {
            if (bodies[i].Sender is not BusSender.Network { Id: var network })
            {
                errors[i] = "Not from a network";
            }
            else if (TryPrepare(stream, network, bodies[i].Bytes, policy, verifiers, budgets, lists, now, out var prepared, out var error))
            {
                events[i] = prepared;
            }
            else
            {
                errors[i] = error.ToString();
            }
        }
    }

    /// <summary>Prepares one body. Without <paramref name="budgets"/> nothing is charged: what waited was paid for when it came.</summary>
    public static bool TryPrepare(
        HubStream stream, NetworkId network, ReadOnlyMemory<byte> body, HubPolicy policy, FrameVerifiers verifiers, SenderBudgets? budgets, KnownLists lists, DateTimeOffset now,
        [NotNullWhen(true)] out PreparedEvent? prepared, [NotNullWhen(false)] out SchemaError? error)
    {
        prepared = null;
        if (!EnvelopeCodec.TryDecode(body, out var envelope, out error))
        {
            return false;
        }

        // Nothing is looked at, and nothing is worked out, of what names somebody else as its origin.
        prepared = new PreparedEvent(stream, network, body, envelope);
        if (stream == HubStream.Report || !prepared.IsOfItsOrigin)
        {
            return true;
        }

        try
        {
            prepared = Examine(prepared, policy, verifiers, budgets, lists, now);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            prepared = prepared with { Defect = e };
        }

        return true;
    }

    private static PreparedEvent Examine(PreparedEvent prepared, HubPolicy policy, FrameVerifiers verifiers, SenderBudgets? budgets, KnownLists lists, DateTimeOffset now)
    {
        // Nobody pays for what another network says in its name, and nothing is checked for it.
        var envelope = prepared.Envelope;
        if (SubmitDecision.Origin(envelope, policy) is not null)
        {
            return prepared;
        }

        var sender = envelope.Sender!;
        var suite = default(CipherSuite);
        var known = envelope.Proof is { } claimed && CipherSuite.TryGet(claimed.CipherSuite, out suite) && policy.IsAllowed(claimed.CipherSuite);
        if (budgets?.Charge(sender, envelope.Event, EventCost.OfFrame(envelope, known), 0, now) is { } poor)
        {
            return prepared with { Unaffordable = poor };
        }

        if (envelope.Proof is not { } proof)
        {
            return prepared;
        }

        var valid = known && (policy.Options.UnsafeTrustFrameSignatures || verifiers.Verify(
            suite!, proof.SignatureKey.Span,
            FrameProof.SignedContent(proof.FrameId, proof.Client, proof.CreatedAt, proof.CipherSuite, envelope.EncodedEvent.Span), proof.Signature.Span));
        prepared = prepared with { FrameKey = FrameKey.Of(proof), SignatureValid = valid };

        // What is badly signed, by another's client or too old is refused for that; nothing costly is done for it.
        prepared = prepared with { Misclaimed = SubmitDecision.Claims(envelope, policy, now) };
        return !valid || prepared.Misclaimed is not null ? prepared : envelope.Event switch
        {
            KeyMaterialPublish publish => Examine(prepared, publish, suite!, policy.Limits, verifiers, budgets, now),
            DeviceListUpdate update => Examine(prepared, update, verifiers, budgets, lists, now),
            IdentityObjection objection => Examine(prepared, objection, verifiers, budgets, now),
            RoomUpdate update when TotalBytes(update) <= policy.Limits.MaxHandshakeBytes => Examine(prepared, update, policy.Limits, budgets, now),
            EncryptedMessage { Room: not null } message => PrivateMessageHeader.TryRead(message.Message, out var header, out var error)
                ? prepared with { Message = header }
                : prepared with { MessageError = error.Rule },
            _ => prepared,
        };
    }

    // The first bad one ends it: all of a publication is taken or none.
    private static PreparedEvent Examine(PreparedEvent prepared, KeyMaterialPublish publish, CipherSuite suite, HubLimits limits, FrameVerifiers verifiers, SenderBudgets? budgets, DateTimeOffset now)
    {
        var proof = prepared.Envelope.Proof!;
        if (publish.Client != proof.Client)
        {
            return prepared;
        }

        if (budgets?.Charge(prepared.Envelope.Sender!, publish, EventCost.OfPackages(publish.KeyPackages.Count, suite.Id), EventCost.OfFrame(prepared.Envelope, true), now) is { } poor)
        {
            return prepared with { Unaffordable = poor };
        }

        var packages = new List<MlsResult<VerifiedKeyPackage>>(publish.KeyPackages.Count);
        foreach (var encoded in publish.KeyPackages)
        {
            verifiers.Note(2, suite.Id);
            packages.Add(KeyPackages.Verify(encoded, now, suite, maxLifetime: limits.MaxKeyPackageLifetime));
            if (!packages[^1].TryGet(out var package, out _) || !IsNamed(package.Credential, publish.Client) || !package.SignatureKey.Span.SequenceEqual(proof.SignatureKey.Span))
            {
                break;
            }
        }

        return prepared with { Packages = packages };
    }

    private static PreparedEvent Examine(PreparedEvent prepared, DeviceListUpdate update, FrameVerifiers verifiers, SenderBudgets? budgets, KnownLists lists, DateTimeOffset now)
    {
        var sender = prepared.Envelope.Sender!;
        if (budgets?.Charge(sender, update, EventCost.OfLists(lists.Unknown(update, sender)), EventCost.OfFrame(prepared.Envelope, true), now) is { } poor)
        {
            return prepared with { Unaffordable = poor };
        }

        return prepared with { Lists = lists.Examine(update, sender, verifiers, now) };
    }

    private static PreparedEvent Examine(PreparedEvent prepared, IdentityObjection objection, FrameVerifiers verifiers, SenderBudgets? budgets, DateTimeOffset now)
    {
        if (budgets?.Charge(prepared.Envelope.Sender!, objection, EventCost.OfSignature(SignedDeviceList.IdentitySuite), EventCost.OfFrame(prepared.Envelope, true), now) is { } poor)
        {
            return prepared with { Unaffordable = poor };
        }

        return prepared with { ObjectionValid = objection.IsSigned(verifiers.Check) };
    }

    private static PreparedEvent Examine(PreparedEvent prepared, RoomUpdate update, HubLimits limits, SenderBudgets? budgets, DateTimeOffset now)
    {
        var facts = Read(update, limits);
        return facts is { Commit: { } commit, GroupInfo: { } info, Named: { } named, IsBeyondRooms: false }
            && budgets?.Charge(prepared.Envelope.Sender!, update, EventCost.OfCommit(commit, named.Count, info.CipherSuite), EventCost.OfFrame(prepared.Envelope, true), now) is { } poor
            ? prepared with { Unaffordable = poor }
            : prepared with { Handshake = facts };
    }

    public static long TotalBytes(RoomUpdate update) => (long)update.Commit.Length + update.Welcome.Length + update.GroupInfo.Length;

    private static HandshakeFacts Read(RoomUpdate update, HubLimits limits)
    {
        if (!PublicHandshake.TryRead(update.Commit, out var commit, out var error))
        {
            return new HandshakeFacts(null, null, null, error.Rule);
        }

        // What no room can need is not gone into: it names rows to load, keys to check and nodes to hash by the thousand.
        var beyond = new HandshakeFacts(commit, null, null, null) { IsBeyondRooms = true };
        if (commit.ProposalCount > limits.MaxProposals)
        {
            return beyond;
        }

        WelcomeHeader? welcome = null;
        if (!update.Welcome.IsEmpty && !WelcomeHeader.TryRead(update.Welcome, out welcome, out error))
        {
            return new HandshakeFacts(commit, null, null, error.Rule);
        }

        if (!GroupInfoHeader.TryRead(update.GroupInfo, out var info, out error) || !info.ReadMembers().TryGet(out var members, out error))
        {
            return new HandshakeFacts(commit, welcome, null, error.Rule);
        }

        // A tree ends with a leaf that is taken, so the last one's place is its width: what it costs to hash.
        return members.Count > limits.MaxRoomClients || (members.Count > 0 && members[^1].LeafIndex >= 2 * limits.MaxRoomClients) || welcome?.KeyPackageRefs.Count > limits.MaxRoomClients
            ? beyond
            : new HandshakeFacts(commit, welcome, info, null) { Named = ClientsOf(members) };
    }

    private static IReadOnlyList<ClientUri>? ClientsOf(IReadOnlyList<Member> members)
    {
        var clients = new List<ClientUri>(members.Count);
        foreach (var member in members)
        {
            if (!TryReadClient(member.Credential, out var client))
            {
                return null;
            }

            clients.Add(client);
        }

        return clients;
    }

    /// <summary>The client a basic credential names: its identity is the UTF-8 of the canonical URI.</summary>
    public static bool TryReadClient(MemberCredential credential, [NotNullWhen(true)] out ClientUri? client)
    {
        client = null;
        return credential.Type == MemberCredential.Basic
            && ClientUri.TryParse(Encoding.UTF8.GetString(credential.Identity.Span), out client)
            && IsNamed(credential, client);
    }

    /// <summary>Whether the credential names this client.</summary>
    public static bool IsNamed(MemberCredential credential, ClientUri client) =>
        credential.Type == MemberCredential.Basic && credential.Identity.Span.SequenceEqual(Encoding.UTF8.GetBytes(client.Value));
}
