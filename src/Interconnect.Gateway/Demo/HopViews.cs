using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Gateway.Demo;

/// <summary>Looks at what was recorded with the eyes of each hop: what it could make out of Alice's first message, and whether a text is in its bytes.</summary>
internal sealed partial class HopViews(DemoWorld world, IReadOnlyList<TextSearch> searches)
{
    private const int CiphertextBytes = 36;

    public async Task<IReadOnlyList<Hop>> AllAsync(byte[] metrics, CancellationToken cancellation)
    {
        var message = Envelopes(BusTap.Handled).First(e => e.Event is EncryptedMessage);
        var content = ((EncryptedMessage)message.Event).Message;
        var fanned = Envelopes(BusTap.Published).First(e => e.Id == message.Id.From(message.Origin!) && e.Recipients.Count > 0);
        var stanza = FirstWith("xmpp client in", content);
        var component = FirstWith("xmpp component out", content);
        var put = FirstWith("matrix service request", content);
        var line = Convert.ToBase64String(content.Span[^Math.Min(CiphertextBytes, content.Length)..]);
        var labels = Labels(message);
        return
        [
            Of("XMPP network a.test", $"{Attribute(stanza, "from")} to {Attribute(stanza, "to")}, {stanza.Length:N0} bytes", labels, line, "xmpp client in", "xmpp client out"),
            Of("adapter xmpp-a", $"{Attribute(component, "from")} to {Attribute(component, "to")}, {component.Length:N0} bytes", labels, line, "xmpp component in", "xmpp component out"),
            Of("bus", $"submit: {message.Event.Kind}, {content.Length:N0} bytes of ciphertext; deliver: number {fanned.Sequence} of its conversation", Labels(fanned), line, BusTap.Published),
            Of("hub", $"{message.Event.Kind} from {message.Sender!.Value}, signed by its client, {content.Length:N0} bytes", labels, line, BusTap.Handled),
            await LedgerAsync(message, cancellation),
            Of("adapter matrix-b", $"delivery of number {fanned.Sequence} to {fanned.Recipients[0].Value}", Labels(fanned), line, "matrix service request", "matrix transaction"),
            Of("Matrix network hs.test", $"a ghost's event, {put.Length:N0} bytes, readable part: \"{Fallback(put)}\"", Labels(fanned), line, "matrix request", "matrix service request", "matrix response", "matrix transaction"),
            Named("log of the gateway", "what happened; neither users nor rooms nor secrets", world.Log.At(MemoryLog.Place), message),
            Named("metrics", "counts and times; neither users nor rooms nor secrets", [metrics], message),
        ];
    }

    private Hop Of(string name, string saw, string? labels, string? line, params string[] places)
    {
        var bytes = world.Log.At(places);
        return new Hop(name, bytes.Sum(b => (long)b.Length), bytes.Count, saw, labels, line, bytes.Any(Has));
    }

    /// <summary>A hop that must not know people either: text, users, rooms and secrets are all searched for.</summary>
    private Hop Named(string name, string saw, IReadOnlyList<byte[]> bytes, FederationEnvelope message)
    {
        string[] names = [message.Sender!.Value, "alice@a.test", "bob@hs.test", "@bob:hs.test", ((EncryptedMessage)message.Event).Room!.Value, message.Proof!.Client.Value, .. world.Secrets];
        var searched = names.Select(n => new TextSearch(n)).ToList();
        return new Hop(name, bytes.Sum(b => (long)b.Length), bytes.Count, saw, null, null, bytes.Any(b => Has(b) || searched.Any(s => s.IsIn(b))));
    }

    private async Task<Hop> LedgerAsync(FederationEnvelope message, CancellationToken cancellation)
    {
        await using var database = Database.Create(new DatabaseOptions { ConnectionString = world.DatabasePath });
        await using var connection = await database.OpenAsync(cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT l.bytes, l.sequence, d.status FROM hub_ledger l JOIN hub_deliveries d ON d.event_no = l.event_no WHERE l.event_id = @id";
        var id = command.CreateParameter();
        (id.ParameterName, id.Value) = ("@id", message.Id.From(message.Origin!).ToBytes());
        command.Parameters.Add(id);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var saw = await row.ReadAsync(cancellation)
            ? string.Create(CultureInfo.InvariantCulture, $"{message.Event.Kind}, {row.GetInt64(0):N0} bytes, number {row.GetInt64(1)}, state {((DeliveryStatus)row.GetInt64(2)).ToString().ToLowerInvariant()}")
            : throw new DemoFailure("The ledger has no row of Alice's message.");
        string[] files = [.. Directory.GetFiles(Path.GetDirectoryName(world.DatabasePath)!).Where(f => !f.EndsWith(".lease", StringComparison.Ordinal))];
        var bytes = new List<byte[]>();
        foreach (var file in files)
        {
            await using var open = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var content = new byte[open.Length];
            await open.ReadAtLeastAsync(content, content.Length, throwOnEndOfStream: false, cancellation);
            bytes.Add(content);
        }

        return new Hop("ledger", bytes.Sum(b => (long)b.Length), files.Length, saw, Labels(message), null, bytes.Any(Has));
    }

    private bool Has(byte[] bytes) => searches.Any(s => s.IsIn(bytes));

    private IEnumerable<FederationEnvelope> Envelopes(string place)
    {
        foreach (var body in world.Log.At(place))
        {
            if (EnvelopeCodec.TryDecode(body, out var envelope, out _))
            {
                yield return envelope;
            }
        }
    }

    /// <summary>The first piece at a place whose endpoint frame carries exactly this ciphertext.</summary>
    private string FirstWith(string place, ReadOnlyMemory<byte> content) =>
        world.Log.At(place).Select(bytes => Encoding.UTF8.GetString(bytes).Replace(@"\u002B", "+", StringComparison.OrdinalIgnoreCase)).FirstOrDefault(text => Frame().Matches(text).Any(m => Carries(m.Groups[1].Value + m.Groups[2].Value, content)))
        ?? throw new DemoFailure($"Alice's message was not seen at: {place}.");

    private static bool Carries(string base64, ReadOnlyMemory<byte> content)
    {
        var bytes = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, bytes, out var length) || !FrameCodec.TryDecode(bytes.AsMemory(0, length), out var frame, out _))
        {
            return false;
        }

        var carried = frame switch
        {
            EndpointFrame.Request { Event: EncryptedMessage m } => m.Message,
            EndpointFrame.Delivery { Envelope.Event: EncryptedMessage m } => m.Message,
            _ => ReadOnlyMemory<byte>.Empty,
        };
        return carried.Span.SequenceEqual(content.Span);
    }

    private static string Labels(FederationEnvelope envelope) => $"outside {envelope.Labels.Outer.ToString().ToLowerInvariant()}, inside {envelope.Labels.Inner.ToString().ToLowerInvariant()}";

    private static string Attribute(string stanza, string name) => Regex.Match(stanza, $"""<message[^>]*\b{name}="([^"]*)""").Groups[1].Value is { Length: > 0 } value ? value : "the stream of alice";

    private static string Fallback(string put) => put.IndexOf('{', StringComparison.Ordinal) is > 0 and var start ? (string?)JsonNode.Parse(put[start..])!["body"] ?? string.Empty : string.Empty;

    [GeneratedRegex("""<frame xmlns="urn:interconnect:frame:1">([A-Za-z0-9+/=]+)</frame>|"org\.interconnect\.frame":"([A-Za-z0-9+/=]+)""")]
    private static partial Regex Frame();
}
