using System.Net.Sockets;

namespace Interconnect.Gateway.Checks;

/// <summary>Whether something that speaks AMQP 0-9-1 answers at the broker's address. It does not sign in; readiness of a running gateway does.</summary>
internal static class BrokerProbe
{
    private const byte MethodFrame = 1;

    public static async Task<string?> RunAsync(Uri broker, CancellationToken cancellation)
    {
        if (broker.Scheme != "amqp")
        {
            return await ConnectAsync(broker, _ => Task.FromResult<string?>(null), cancellation);
        }

        return await ConnectAsync(broker, async stream =>
        {
            await stream.WriteAsync("AMQP\0\0\t\u0001"u8.ToArray(), cancellation);
            var first = new byte[7];
            var count = await stream.ReadAtLeastAsync(first, first.Length, throwOnEndOfStream: false, cancellation);
            return count == first.Length && first[0] == MethodFrame ? null : "what answers there does not speak AMQP 0-9-1";
        }, cancellation);
    }

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
