using System.CommandLine;
using Interconnect.Benchmarks;
using Interconnect.Benchmarks.Mls;

var broker = new Option<string>("--broker") { Description = "amqp://user:password@host:port/vhost; a virtual host that nobody else uses", Required = true };
var database = new Option<string>("--database") { Description = "Npgsql connection string; a database of its own is made there and dropped", Required = true };
var messages = new Option<int>("--messages") { Description = "Messages a throughput run", DefaultValueFactory = _ => 40_000 };
var rooms = new Option<int>("--rooms") { Description = "Conversations they are spread over", DefaultValueFactory = _ => 50 };
var window = new Option<int>("--window") { Description = "Unconfirmed publishes at once, in both pipelines", DefaultValueFactory = _ => 1_000 };
var partitions = new Option<int>("--partitions") { Description = "Partitions of submit and report", DefaultValueFactory = _ => 8 };
var seconds = new Option<int>("--seconds") { Description = "Length of the latency runs at 1,000 messages a second", DefaultValueFactory = _ => 10 };

var keys = new Option<string>("--keys") { Description = "The folder with the keys of the roles", Required = true };
var unverified = new Option<bool>("--unsafe-trust-signatures") { Description = "Take frame signatures for valid" };

CrossingOptions Read(ParseResult parsed) => new(
    new Uri(parsed.GetRequiredValue(broker)), parsed.GetRequiredValue(database), parsed.GetValue(messages), parsed.GetValue(rooms), parsed.GetValue(window), parsed.GetValue(partitions), parsed.GetValue(seconds));

var crossing = new Command("crossing", "Messages through submit, hub, ledger, outbox and deliver, against a bare pipeline of two quorum queues in the same run; prints JSON")
{
    broker, database, messages, rooms, window, partitions, seconds,
};
crossing.SetAction((parsed, cancellation) => CrossingCommand.RunAsync(Read(parsed), cancellation));

var hub = new Command("hub", "The hub role of the crossing, as a process of its own; started by 'crossing'") { broker, database, keys, partitions, unverified };
hub.Hidden = true;
hub.SetAction((parsed, cancellation) => HubProcess.RunAsync(
    new Uri(parsed.GetRequiredValue(broker)), parsed.GetRequiredValue(database), parsed.GetRequiredValue(keys), parsed.GetValue(partitions), parsed.GetValue(unverified), cancellation));

var sizes = new Option<int[]>("--sizes") { Description = "Group sizes to compare at", DefaultValueFactory = _ => [2, 50, 200, 1000], AllowMultipleArgumentsPerToken = true };
var serverSizes = new Option<int[]>("--server-sizes") { Description = "Group sizes that a server follows", DefaultValueFactory = _ => [10, 100, 1000, 5000], AllowMultipleArgumentsPerToken = true };
var rounds = new Option<int>("--rounds") { Description = "Rounds of each measurement", DefaultValueFactory = _ => 7 };
var alone = new Option<bool>("--alone") { Description = "Without ts-mls" };
var mls = new Command("mls", "The MLS library beside ts-mls and beside the bare primitives, and public groups by size; prints JSON") { sizes, serverSizes, rounds, alone };
mls.SetAction(parsed => new MlsCommand(
    parsed.GetRequiredValue(sizes), parsed.GetRequiredValue(serverSizes), parsed.GetValue(rounds), !parsed.GetValue(alone)).Run());

return await new RootCommand("Measures Interconnect and prints JSON") { crossing, hub, mls }.Parse(args).InvokeAsync();
