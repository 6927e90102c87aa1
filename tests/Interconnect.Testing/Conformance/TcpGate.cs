using System.Net;
using System.Net.Sockets;

namespace Interconnect.Testing.Conformance;

/// <summary>A loopback port in front of another that can be shut: open connections are reset and new ones are refused while it is.</summary>
public sealed class TcpGate : IAsyncDisposable
{
    private readonly int target;
    private readonly Lock gate = new();
    private readonly HashSet<Socket> sockets = [];
    private TcpListener? listener;

    public TcpGate(int target)
    {
        this.target = target;
        Open();
    }

    /// <summary>The port to connect to; the same for the gate's whole life.</summary>
    public int Port { get; private set; }

    public void Open()
    {
        listener = new TcpListener(IPAddress.Loopback, Port);
        listener.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _ = AcceptAsync(listener);
    }

    public void Shut()
    {
        listener?.Stop();
        lock (gate)
        {
            foreach (var socket in sockets)
            {
                socket.Close(0);
            }

            sockets.Clear();
        }
    }

    public ValueTask DisposeAsync()
    {
        Shut();
        return ValueTask.CompletedTask;
    }

    private async Task AcceptAsync(TcpListener from)
    {
        try
        {
            while (true)
            {
                _ = CarryAsync(await from.AcceptSocketAsync());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Shut.
        }
    }

    private async Task CarryAsync(Socket near)
    {
        var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, target);
            lock (gate)
            {
                sockets.Add(near);
                sockets.Add(far);
            }

            await Task.WhenAny(CopyAsync(near, far), CopyAsync(far, near));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // One of the two ends is gone.
        }

        lock (gate)
        {
            sockets.Remove(near);
            sockets.Remove(far);
        }

        near.Dispose();
        far.Dispose();
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[32 << 10];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var count)
            {
                await to.SendAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Shut, or one of the two ends is gone.
        }
    }
}
