using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>Who may write to whom (MIMI consent). A word counts when an authorised device of its owner signed it, once, and when it is newer than what was heard before.</summary>
internal sealed class ConsentFlow(EndpointSession session, OutgoingFrames frames)
{
    /// <summary>Most users that are known by nothing but what they said themselves.</summary>
    public const int MaxStrangers = 500;

    /// <summary>Asks, takes back, allows or withdraws. What is said again is sent again; the hub takes it as the same.</summary>
    public RequestOutcome Say(Work work, ConsentOperation operation, UserUri peer)
    {
        if (peer == session.User)
            return new RequestOutcome.Blocked("END-106", "That is this user", "Name another user");

        var contact = ContactBook.Get(work, peer);
        if (operation == ConsentOperation.Grant && contact.Blocked)
            return MessageFlow.Unsettled;

        if (operation == ConsentOperation.Grant && contact.Ours == ConsentState.None)
            return new RequestOutcome.Blocked("END-109", "This user has not asked", "Let them ask first, and run 'listen' to receive what they asked; only what was asked can be granted");

        // Each word is dated after the one before, so that the other side can tell them apart in whatever order they come.
        var at = Math.Max(work.NowMs, contact.SaidAt + 1);
        Said(work, operation, contact, at);
        var ours = operation is ConsentOperation.Request or ConsentOperation.Cancel;
        var entry = (ours ? new ConsentEntry(operation, session.User, peer, null) : new ConsentEntry(operation, peer, session.User, null)) with { DeviceLists = session.Book.Attach(work) };
        return new RequestOutcome.Queued(frames.Enqueue(work, entry, peer, FramePurpose.Consent, message: operation.ToString(), peer: peer, atMs: at));
    }

    /// <summary>What somebody else said, or another device of our own user. Returns why it was dropped, or null.</summary>
    public SchemaError? OnEntry(Work work, FederationEnvelope envelope, ConsentEntry entry)
    {
        var sender = envelope.Sender!;
        var own = sender == session.User;
        var asks = entry.Operation is ConsentOperation.Request or ConsentOperation.Cancel;
        var (speaker, hearer) = asks ? (entry.Requester, entry.Target) : (entry.Target, entry.Requester);
        if (speaker != sender || own == (hearer == session.User))
            return new SchemaError("END-012", "The consent is not the sender's to give or ask", "consent_entry");

        if (!own && Tables.Contacts.Get(work.Store, sender.Value) is null && Tables.Contacts.All(work.Store).Count(IsStranger) >= MaxStrangers)
            return new SchemaError("END-047", "Too many users that nobody answered wait already", "consent_entry");

        if (session.Book.Learn(work, entry.DeviceLists, sender, signer: envelope.Proof) is { } broken)
            return broken;

        var proof = envelope.Proof!;
        if (session.Book.TrustOf(work, proof) is not (KeyTrust.Pinned or KeyTrust.Verified))
            return new SchemaError("END-042", "Consent counts from a device that its owner authorised, under a confirmed identity", "envelope.proof");

        // One that is dated ahead would keep all later ones from counting.
        var contact = ContactBook.Get(work, own ? hearer : sender);
        var at = proof.CreatedAt.ToUnixTimeMilliseconds();
        if (at <= (own ? contact.SaidAt : contact.HeardAt) || proof.CreatedAt < work.Now - session.Options.RememberSeen || proof.CreatedAt > work.Now + DeviceChain.MaxAhead)
            return new SchemaError("END-043", "The word on consent is not newer than what was heard before, or dated ahead of the clock", "envelope.proof.created");

        if (own)
        {
            Said(work, entry.Operation, contact, at);
            return null;
        }

        contact = contact with { HeardAt = at };
        switch (entry.Operation)
        {
            case ConsentOperation.Request:
                OnRequest(work, sender, contact);
                break;
            case ConsentOperation.Cancel:
                ContactBook.Put(work, contact.Ours == ConsentState.Requested ? contact with { Ours = ConsentState.None } : contact);
                work.Raise(new EndpointEvent.ConsentCancelled(work.Now, sender));
                break;
            case ConsentOperation.Grant:
                ContactBook.Put(work, contact with { Theirs = ConsentState.Granted });
                work.Raise(new EndpointEvent.ConsentGranted(work.Now, sender));
                break;
            case ConsentOperation.Revoke:
                ContactBook.Put(work, contact with { Theirs = ConsentState.Revoked });
                work.Raise(new EndpointEvent.ConsentRevoked(work.Now, sender));
                break;
        }

        return null;
    }

    // Our user said it, here or on another device.
    private static void Said(Work work, ConsentOperation operation, ContactRecord contact, long at) => ContactBook.Put(work, (operation switch
    {
        ConsentOperation.Request => contact.Theirs == ConsentState.Granted ? contact : contact with { Theirs = ConsentState.Requested },
        ConsentOperation.Cancel => contact with { Theirs = ConsentState.None },
        ConsentOperation.Grant => contact with { Ours = ConsentState.Granted },
        ConsentOperation.Revoke => contact with { Ours = ConsentState.Revoked },
    }) with { SaidAt = at });

    private static bool IsStranger(ContactRecord contact) => contact is { SaidAt: 0, Theirs: ConsentState.None, Ours: ConsentState.None or ConsentState.Requested };

    private void OnRequest(Work work, UserUri sender, ContactRecord contact)
    {
        switch (contact.Ours)
        {
            case ConsentState.Granted:
                // Asked again after it was granted: the grant may have been lost, so it is said again.
                ContactBook.Put(work, contact);
                Say(work, ConsentOperation.Grant, sender);
                break;
            case ConsentState.Revoked:
                // What was withdrawn stays withdrawn until its owner says otherwise, however often it is asked for.
                ContactBook.Put(work, contact);
                break;
            case ConsentState.None or ConsentState.Requested:
                ContactBook.Put(work, contact with { Ours = ConsentState.Requested });
                work.Raise(new EndpointEvent.ConsentRequested(work.Now, sender));
                if (session.Options.AutoConsent)
                    Say(work, ConsentOperation.Grant, sender);

                break;
        }
    }
}
