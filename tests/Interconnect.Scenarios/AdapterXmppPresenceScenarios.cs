using System.Xml.Linq;
using Interconnect.Adapters.Xmpp.Wire;
using Interconnect.Testing;
using Interconnect.Testing.Conformance;

namespace Interconnect.Scenarios;

/// <summary>What an ordinary client on a real server sees of a ghost.</summary>
public sealed class AdapterXmppPresenceScenarios
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Theory(DisplayName = "Alice adds a ghost to her roster, sees it present, and asks what it can do")]
    [InlineData("prosody")]
    [InlineData("ejabberd")]
    public async Task Ghost_IsThereForAnOrdinaryClient(string name)
    {
        var servers = DevServers.Load();
        var (server, socket) = name == "prosody"
            ? (servers.Prosody, new Uri($"ws://127.0.0.1:{servers.Prosody.HttpPort}/xmpp-websocket"))
            : (servers.Ejabberd, new Uri($"ws://127.0.0.1:{servers.Ejabberd.HttpPort}/ws"));
        await using var far = new AdapterXmppFarSide(servers, server, socket);
        await using var adapter = far.CreateAdapter();
        await using var alice = (AdapterXmppDevice)await far.SignInAsync("alice");
        await adapter.StartAsync(new RecordingSink(), default);
        var ghost = "bob\\40far.example@" + server.ComponentDomain;
        XNamespace client = "jabber:client";

        // A server tells of subscriptions only a client that has asked for the roster.
        await alice.Native.SendAsync(new XElement(client + "iq", new XAttribute("type", "get"), new XAttribute("id", "roster-1"), new XElement(XName.Get("query", "jabber:iq:roster"))));
        await alice.Native.SendAsync(new XElement(client + "presence", new XAttribute("type", "subscribe"), new XAttribute("to", ghost)));

        var presences = new List<string?>();
        while (!presences.Contains("subscribed") || !presences.Contains(null))
        {
            var stanza = await alice.Native.NextOtherAsync(Limit);
            if (stanza.Name.LocalName == "presence" && ((string?)stanza.Attribute("from"))!.StartsWith(ghost, StringComparison.Ordinal))
            {
                presences.Add((string?)stanza.Attribute("type"));
            }
        }

        await alice.Native.SendAsync(new XElement(client + "iq", new XAttribute("type", "get"), new XAttribute("id", "disco-1"), new XAttribute("to", ghost), new XElement(XmppNames.DiscoInfo + "query")));
        XElement answer;
        do
        {
            answer = await alice.Native.NextOtherAsync(Limit);
        }
        while ((string?)answer.Attribute("id") != "disco-1");
        Assert.Contains("urn:xmpp:receipts", answer.Descendants(XmppNames.DiscoInfo + "feature").Select(f => (string?)f.Attribute("var")));
    }
}
