using System.Xml.Linq;

namespace Interconnect.Sandbox;

/// <summary>
/// A bound resource. With stream management it outlives its connection: what the client has not acknowledged is kept and sent again on resumption (XEP-0198).
/// </summary>
internal sealed class XmppSession(XmppAccount account, Jid jid, int maxUnacknowledged)
{
    private readonly Lock gate = new();
    private readonly Queue<XElement> unacknowledged = [];
    private uint acknowledged;
    private bool managed;
    private bool asked;

    public XmppAccount Account { get; } = account;

    public Jid Jid { get; } = jid;

    public string? ResumptionId { get; private set; }

    /// <summary>Last presence sent to all; null while unavailable.</summary>
    public XElement? Presence { get; set; }

    public int Priority { get; set; }

    public HashSet<string> DirectedPresence { get; } = [];

    public ITimer? Expiry { get; set; }

    /// <summary>Stanzas received from the client since management began, modulo 2^32.</summary>
    public uint Handled { get; private set; }

    public IStanzaOutput? Output { get; private set; }

    public void Attach(IStanzaOutput output)
    {
        lock (gate)
        {
            Output = output;
        }
    }

    public void CountInbound()
    {
        lock (gate)
        {
            if (managed)
            {
                Handled++;
            }
        }
    }

    public void EnableManagement(string? resumptionId)
    {
        lock (gate)
        {
            managed = true;
            ResumptionId = resumptionId;
        }
    }

    /// <summary>Hands a stanza to the client, or keeps it while the connection is away. False when nothing more can be kept.</summary>
    public bool Deliver(XElement stanza)
    {
        lock (gate)
        {
            if (managed)
            {
                if (unacknowledged.Count >= maxUnacknowledged)
                {
                    return false;
                }

                unacknowledged.Enqueue(stanza);
            }

            if (Output is null)
            {
                return managed;
            }

            Output.Post(stanza);
            AskForAcknowledgement();
            return true;
        }
    }

    /// <summary>The client says how many stanzas it has. False when it counts more than were sent.</summary>
    public bool Acknowledge(uint count)
    {
        lock (gate)
        {
            asked = false;
            var fresh = unchecked(count - acknowledged);
            if (fresh > unacknowledged.Count)
            {
                return false;
            }

            for (; fresh > 0; fresh--)
            {
                unacknowledged.Dequeue();
            }

            acknowledged = count;
            return true;
        }
    }

    /// <summary>Puts the session on a new connection: says so there, then sends again what is not acknowledged.</summary>
    public void Resume(IStanzaOutput output)
    {
        lock (gate)
        {
            Output = output;
            asked = false;
            output.Post(new XElement(XmppNames.Sm + "resumed", new XAttribute("previd", ResumptionId!), new XAttribute("h", Handled)));
            foreach (var stanza in unacknowledged)
            {
                output.Post(stanza);
            }

            if (unacknowledged.Count > 0)
            {
                AskForAcknowledgement();
            }
        }
    }

    /// <summary>The connection is gone. True when the session waits for resumption.</summary>
    public bool Detach(IStanzaOutput output)
    {
        lock (gate)
        {
            if (Output != output)
            {
                return true;
            }

            Output = null;
            return managed && ResumptionId is not null;
        }
    }

    /// <summary>Takes what the client never acknowledged; the session ends.</summary>
    public IReadOnlyList<XElement> TakeUnacknowledged()
    {
        lock (gate)
        {
            var left = unacknowledged.ToList();
            unacknowledged.Clear();
            ResumptionId = null;
            return left;
        }
    }

    private void AskForAcknowledgement()
    {
        if (managed && !asked)
        {
            asked = true;
            Output!.Post(new XElement(XmppNames.Sm + "r"));
        }
    }
}

/// <summary>Takes elements for one connection without waiting; a connection that is too slow is ended by its own bound.</summary>
internal interface IStanzaOutput
{
    void Post(XElement element);

    void End(string condition, string text);
}
