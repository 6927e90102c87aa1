using System.Net.Sockets;
using Interconnect.Bus;

namespace Interconnect.Gateway.Checks;

/// <summary>Whether something that speaks AMQP 0-9-1 answers at the broker's address, and then whether it lets us in: user, password, virtual host.</summary>
internal static class BrokerProbe
{
    private const byte MethodFrame = 1;

    public static async Task<string?> RunAsync(BusOptions options, CancellationToken cancellation)
    {
        var broker = options.Amqp!;
        Task<string?> SpeakAsync(NetworkStream stream) => broker.Scheme == "amqp" ? GreetAsync(stream, cancellation) : Task.FromResult<string?>(null);
        return await ConnectAsync(broker, SpeakAsync, cancellation) ?? Lower(await BrokerCheck.WhyNotAsync(options, cancellation));
    }

    private static async Task<string?> GreetAsync(NetworkStream stream, CancellationToken cancellation)
    {
        await stream.WriteAsync("AMQP\0\0\t\u0001"u8.ToArray(), cancellation);
        var first = new byte[7];
        var count = await stream.ReadAtLeastAsync(first, first.Length, throwOnEndOfStream: false, cancellation);
        return count == first.Length && first[0] == MethodFrame ? null : "what answers there does not speak AMQP 0-9-1";
    }

    private static string? Lower(string? reason) => reason is null ? null : char.ToLowerInvariant(reason[0]) + reason[1..];

    private static async Task<string?> ConnectAsync(Uri broker, Func<NetworkStream, Task<string?>> talk, CancellationToken cancellation)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(broker.Host, broker.Port > 0 ? broker.Port : broker.Scheme == "amqps" ? 5671 : 5672, cancellation);
            return await talk(client.GetStream());
        }
        catch (SocketException e)
        {
            return $"cannot be reached ({e.SocketErrorCode})";
        }
        catch (IOException)
        {
            return "the connection broke";
        }
    }
}
