using System.Xml.Linq;
using Interconnect.Adapters.Xmpp;
using Interconnect.Adapters.Xmpp.Wire;
using Interconnect.Federation;
using Interconnect.Testing.Conformance;

namespace Interconnect.Scenarios;

/// <summary>An ordinary client's stream.</summary>
internal interface IAdapterXmppClient : IAsyncDisposable
{
    string FullJid { get; }

    Task SendAsync(XElement stanza);

    Task<XElement> NextMessageAsync(TimeSpan limit);

    /// <summary>The next presence or iq.</summary>
    Task<XElement> NextOtherAsync(TimeSpan limit);
}

/// <summary>A user's device on an XMPP server, over whatever client stream.</summary>
internal sealed class AdapterXmppDevice(IAdapterXmppClient client, XmppIdentifiers identifiers, string component) : IFarUser
{
    private static readonly XNamespace Client = "jabber:client";
    private readonly FrameAssembler assembler = new(new FrameAssemblerOptions(), TimeProvider.System);

    public IAdapterXmppClient Native => client;

    public UserUri User { get; } = Jid.TryParse(client.FullJid, out var jid) && identifiers.TryUser(jid.Bare, out var user) ? user : throw new InvalidOperationException("not a user");

    public async Task SendFrameAsync(UserUri? to, ReadOnlyMemory<byte> frame, string id)
    {
        const int Most = 200_000;
        if (frame.Length <= Most)
        {
            await client.SendAsync(Message(to, id, new XElement(XmppNames.Frame + "frame", Convert.ToBase64String(frame.Span))));
            return;
        }

        var part = 0;
        foreach (var chunk in FrameChunks.Split(frame.Span, FrameId.Create(), Most)!)
        {
            await client.SendAsync(Message(to, $"{id}-{++part}", new XElement(XmppNames.Frame + "chunk", chunk)));
        }
    }

    public Task SendDamagedFrameAsync(UserUri to, string text, string id) => client.SendAsync(Message(to, id, new XElement(XmppNames.Frame + "frame", text)));

    public Task SendPlainAsync(UserUri to, string text, string id) => client.SendAsync(Message(to, id, new XElement(Client + "body", text)));

    public async Task<FarFrame> NextFrameAsync(TimeSpan limit)
    {
        while (true)
        {
            var message = await client.NextMessageAsync(limit);
            if ((string?)message.Attribute("type") == "error")
            {
                continue;
            }

            var bytes = message.Element(XmppNames.Frame + "frame") is { } frame ? Convert.FromBase64String(frame.Value)
                : message.Element(XmppNames.Frame + "chunk") is { } chunk && FrameChunks.TryParse(chunk.Value, out var part, out _) && assembler.Add("gateway", part) is AssemblyOutcome.Complete whole ? whole.Frame
                : null;
            if (bytes is not null)
            {
                Assert.True(Jid.TryParse((string?)message.Attribute("from"), out var from));
                var isGhost = identifiers.TryGhostUser(from, out var sender);
                Assert.True(isGhost || from.ToString() == component);
                return new FarFrame(sender, bytes, (string)message.Attribute("id")!);
            }
        }
    }

    public async Task<string> NextNoticeAsync(TimeSpan limit)
    {
        while (true)
        {
            var message = await client.NextMessageAsync(limit);
            if ((string?)message.Attribute("type") == "error")
            {
                return message.Descendants(XmppNames.StanzaErrors + "text").Single().Value;
            }
        }
    }

    public Task ConfirmAsync(FarFrame frame) => client.SendAsync(new XElement(
        Client + "message", new XAttribute("to", Address(frame.From)), new XAttribute("id", Guid.NewGuid().ToString("N")), new XElement(XmppNames.Receipts + "received", new XAttribute("id", frame.NativeId))));

    public ValueTask DisposeAsync() => client.DisposeAsync();

    private string Address(UserUri? to) => to is null ? component : identifiers.TryGhost(to, out var ghost) ? ghost.ToString() : throw new InvalidOperationException("no ghost");

    private XElement Message(UserUri? to, string id, XElement content) =>
        new(Client + "message", new XAttribute("type", "chat"), new XAttribute("to", Address(to)), new XAttribute("id", id), content, new XElement(XmppNames.Receipts + "request"));
}
