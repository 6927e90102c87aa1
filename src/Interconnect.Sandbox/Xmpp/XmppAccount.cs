using System.Security.Cryptography;
using System.Xml.Linq;

namespace Interconnect.Sandbox;

/// <summary>One account: its keys, its sessions and what waits for it. Guarded by the router's lock.</summary>
internal sealed class XmppAccount(string user, IReadOnlyDictionary<HashAlgorithmName, ScramKeys> keys)
{
    public string User { get; } = user;

    public IReadOnlyDictionary<HashAlgorithmName, ScramKeys> Keys { get; } = keys;

    public Dictionary<string, XmppSession> Sessions { get; } = [];

    public Queue<XElement> Offline { get; } = [];
}
