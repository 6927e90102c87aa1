using System.Net.Sockets;
using System.Text;
using Interconnect.Adapters.Xmpp;
using Interconnect.Federation;

namespace Interconnect.Gateway.Checks;

/// <summary>Opens a component stream and goes no further, so that a running gateway keeps its place.</summary>
internal static class XmppProbe
{
    private const int MaxAnswer = 4_096;

    public static async Task<string?> RunAsync(XmppOptions options, CancellationToken cancellation)
    {
        try
        {
            // Spelled as the adapter spells it.
            var component = XmppDomain.TryParse(options.Component, out var domain) ? domain.Written : options.Component;
            using var client = new TcpClient();
            await client.ConnectAsync(options.Host, options.Port, cancellation);
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.UTF8.GetBytes($"<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='{component}'>"), cancellation);
            var answer = await ReadAsync(stream, cancellation);
            return answer.Contains("host-unknown", StringComparison.Ordinal) ? "the server does not know the component's domain"
                : answer.Contains("<stream:error", StringComparison.Ordinal) ? "the server refuses the component's stream"
                : answer.Contains("jabber:component:accept", StringComparison.Ordinal) ? null
                : "what answers there is no component port (XEP-0114)";
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

    /// <summary>The stream's opening tag, and an error behind it when one comes soon.</summary>
    private static async Task<string> ReadAsync(NetworkStream stream, CancellationToken cancellation)
    {
        var answer = new StringBuilder();
        var buffer = new byte[MaxAnswer];
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            while (answer.Length < MaxAnswer)
            {
                var count = await stream.ReadAsync(buffer, soon.Token);
                answer.Append(Encoding.UTF8.GetString(buffer, 0, count));
                if (count == 0 || answer.ToString().Contains("</stream:error>", StringComparison.Ordinal))
                {
                    break;
                }

                if (IsOpen(answer.ToString()))
                {
                    soon.CancelAfter(TimeSpan.FromMilliseconds(500));
                }
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Open and quiet: the server waits for the handshake.
        }

        return answer.ToString();
    }

    private static bool IsOpen(string text)
    {
        var header = text.IndexOf("<stream:stream", StringComparison.Ordinal);
        return header >= 0 && text.IndexOf('>', header) > 0;
    }
}
