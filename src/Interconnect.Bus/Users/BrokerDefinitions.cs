using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interconnect.Bus.RabbitMq;
using Interconnect.Federation;

namespace Interconnect.Bus;

/// <summary>Users, permissions, exchanges, queues and bindings in RabbitMQ's own form for import, so that every stream is there before the first role starts.</summary>
public static class BrokerDefinitions
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The JSON for <c>rabbitmqctl import_definitions</c> and for <c>POST /api/definitions</c>.</summary>
    /// <param name="options">Partitions and names of users.</param>
    /// <param name="networks">All networks.</param>
    /// <param name="passwordOf">A user's password, of which a salted hash is written; null: the user cannot sign in with one until it is given one.</param>
    public static string Json(BusOptions options, IReadOnlyCollection<NetworkId> networks, Func<string, string?> passwordOf)
    {
        var vhost = VirtualHost(options);
        var users = BrokerUser.All(options, networks);
        var streams = ((BusAddress[])[new BusAddress.Submit(), new BusAddress.Report()]).Concat(networks.OrderBy(n => n.Value, StringComparer.Ordinal).Select(n => new BusAddress.Deliver(n))).ToList();
        var queues = streams.SelectMany(s => Enumerable.Range(0, BrokerNames.PartitionsOf(s, options)).Select(p => (Stream: s, Queue: BrokerNames.Queue(s, p), Key: BrokerNames.RoutingKey(p)))).ToList();
        return new JsonObject
        {
            ["vhosts"] = new JsonArray(new JsonObject { ["name"] = vhost }),
            ["users"] = Array(users, u => new() { ["name"] = u.Name, ["password_hash"] = passwordOf(u.Name) is { } password ? Hash(password) : "", ["hashing_algorithm"] = "rabbit_password_hashing_sha256", ["tags"] = new JsonArray() }),
            ["permissions"] = Array(users, u => new() { ["user"] = u.Name, ["vhost"] = vhost, ["configure"] = u.Configure, ["write"] = u.Write, ["read"] = u.Read }),
            ["exchanges"] = Array([.. streams.Select(s => (BrokerNames.Exchange(s), "direct")), (BrokerNames.Parked, "fanout"), (BrokerNames.Unauthentic, "fanout")], e => Exchange(vhost, e.Item1, e.Item2)),
            ["queues"] = Array(
                [.. queues.Select(q => (q.Queue, QueueArguments.Stream())), (BrokerNames.Parked, QueueArguments.Parked()), (BrokerNames.Unauthentic, QueueArguments.Unauthentic())],
                q => new() { ["name"] = q.Item1, ["vhost"] = vhost, ["durable"] = true, ["auto_delete"] = false, ["arguments"] = Arguments(q.Item2) }),
            ["bindings"] = Array(
                [.. queues.Select(q => (BrokerNames.Exchange(q.Stream), q.Queue, q.Key)), (BrokerNames.Parked, BrokerNames.Parked, ""), (BrokerNames.Unauthentic, BrokerNames.Unauthentic, "")],
                b => new() { ["source"] = b.Item1, ["vhost"] = vhost, ["destination"] = b.Item2, ["destination_type"] = "queue", ["routing_key"] = b.Item3, ["arguments"] = new JsonObject() }),
        }.ToJsonString(Readable);
    }

    /// <summary>The same users as commands to type; each <c>add_user</c> asks for a password.</summary>
    public static IReadOnlyList<string> Commands(BusOptions options, IEnumerable<NetworkId> networks) =>
        [.. BrokerUser.All(options, networks).SelectMany(u => (string[])[$"rabbitmqctl add_user {Quote(u.Name)}", $"rabbitmqctl set_permissions -p {Quote(VirtualHost(options))} {Quote(u.Name)} {Quote(u.Configure)} {Quote(u.Write)} {Quote(u.Read)}"])];

    private static string VirtualHost(BusOptions options) => options.Amqp is { AbsolutePath.Length: > 1 } amqp ? Uri.UnescapeDataString(amqp.AbsolutePath[1..]) : "/";

    private static JsonObject Exchange(string vhost, string name, string type) => new()
    {
        ["name"] = name, ["vhost"] = vhost, ["type"] = type, ["durable"] = true, ["auto_delete"] = false, ["internal"] = false, ["arguments"] = new JsonObject(),
    };

    private static JsonArray Array<T>(IEnumerable<T> items, Func<T, JsonObject> make) => [.. items.Select(i => (JsonNode)make(i))];

    private static JsonObject Arguments(IDictionary<string, object?> arguments) => new(arguments.Select(a => KeyValuePair.Create(a.Key, JsonSerializer.SerializeToNode(a.Value))));

    // https://www.rabbitmq.com/docs/passwords: base64 of a 4 byte salt and SHA-256 over salt and password.
    private static string Hash(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(4);
        return Convert.ToBase64String([.. salt, .. SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(password)])]);
    }

    private static string Quote(string text) => "'" + text.Replace("'", @"'\''", StringComparison.Ordinal) + "'";
}
