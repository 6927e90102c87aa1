using System.Diagnostics.CodeAnalysis;
using System.Text;
using Interconnect.Federation;
using Interconnect.Mls;
using Interconnect.Mls.PublicGroups;

namespace Interconnect.Hub;

/// <summary>
/// Turns a bus batch into prepared events. Pure but for the clock; what costs most and needs no state runs here, in parallel within a batch and outside the transaction: signatures of
/// frames, key packages and device lists, and the whole of the GroupInfo that makes a room. A later commit's place is in the decision, since it is judged by the stored group, which only the
/// transaction knows; no leaf's signature is checked for it again.
/// </summary>
internal static class Preparation
{
    private const int WorthParallel = 4;

    /// <summary>Prepares a batch in its order; bodies that are no envelopes are named in <paramref name="unusable"/>.</summary>
    public static IReadOnlyList<PreparedEvent> Prepare(HubStream stream, IReadOnlyList<BusBody> bodies, HubPolicy policy, FrameVerifiers verifiers, KnownLists lists, DateTimeOffset now, out IReadOnlyList<Unusable> unusable)
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
            else if (TryPrepare(stream, network, bodies[i].Bytes, policy, verifiers, lists, now, out var prepared, out var error))
            {
                events[i] = prepared;
            }
            else
            {
                errors[i] = error.ToString();
            }
        }
    }

    /// <summary>Prepares one body.</summary>
    public static bool TryPrepare(
        HubStream stream, NetworkId network, ReadOnlyMemory<byte> body, HubPolicy policy, FrameVerifiers verifiers, KnownLists lists, DateTimeOffset now,
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
            prepared = Examine(prepared, policy, verifiers, lists, now);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            prepared = prepared with { Defect = e };
        }

        return true;
    }

    private static PreparedEvent Examine(PreparedEvent prepared, HubPolicy policy, FrameVerifiers verifiers, KnownLists lists, DateTimeOffset now)
    {
        var envelope = prepared.Envelope;
        if (envelope.Proof is not { } proof)
        {
            return prepared;
        }

        var known = CipherSuite.TryGet(proof.CipherSuite, out var suite) && policy.IsAllowed(proof.CipherSuite);
        var valid = known && (policy.Options.UnsafeTrustFrameSignatures || verifiers.Verify(
            suite!, proof.SignatureKey.Span,
            FrameProof.SignedContent(proof.FrameId, proof.Client, proof.CreatedAt, proof.CipherSuite, envelope.EncodedEvent.Span), proof.Signature.Span));
        prepared = prepared with { FrameKey = FrameKey.Of(proof), SignatureValid = valid };

        // What is badly signed is refused for that; nothing costly is done for it.
        return !valid ? prepared : envelope.Event switch
        {
            KeyMaterialPublish publish => prepared with { Packages = [.. publish.KeyPackages.Select(p => KeyPackages.Verify(p, now, suite, maxLifetime: policy.Limits.MaxKeyPackageLifetime))] },
            DeviceListUpdate update when envelope.Sender is { } sender => prepared with { Lists = lists.Examine(update, sender, now) },
            IdentityObjection objection => prepared with { ObjectionValid = objection.IsSigned(KnownLists.Check) },
            RoomUpdate update when TotalBytes(update) <= policy.Limits.MaxHandshakeBytes => prepared with { Handshake = Examine(update, policy.Limits) },
            EncryptedMessage { Room: not null } message => PrivateMessageHeader.TryRead(message.Message, out var header, out var error)
                ? prepared with { Message = header }
                : prepared with { MessageError = error.Rule },
            _ => prepared,
        };
    }

    public static long TotalBytes(RoomUpdate update) => (long)update.Commit.Length + update.Welcome.Length + update.GroupInfo.Length;

    private static HandshakeFacts Examine(RoomUpdate update, HubLimits limits)
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

        if (members.Count > limits.MaxRoomClients || welcome?.KeyPackageRefs.Count > limits.MaxRoomClients)
        {
            return beyond;
        }

        // Only a commit of epoch 0 can make a room; the decision refuses others where there is none, and this one where there is one.
        var facts = new HandshakeFacts(commit, welcome, info, null) { Named = ClientsOf(members) };
        return commit.Epoch > 0 || facts.Named is null
            ? facts
            : PublicGroup.Open(RoomUpdates.Judging, update.GroupInfo).Match(
                made => made.LeafCount > 2 * limits.MaxRoomClients ? beyond : facts with { Made = made },
                refused => new HandshakeFacts(commit, welcome, null, refused.Rule));
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
