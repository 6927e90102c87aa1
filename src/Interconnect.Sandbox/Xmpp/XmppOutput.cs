using System.Text;
using System.Threading.Channels;
using System.Xml.Linq;

namespace Interconnect.Sandbox;

/// <summary>Writes one connection's stream in order, from a bounded queue. A reader slower than the queue is disconnected.</summary>
internal sealed class XmppOutput(Stream stream, XNamespace content, string place, SandboxObserver? observer, CancellationTokenSource life) : IStanzaOutput
{
    private const int Capacity = 20_000;
    private readonly Channel<(string Text, TaskCompletionSource? Written)> queue = Channel.CreateBounded<(string, TaskCompletionSource?)>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private Stream stream = stream;

    public void Post(XElement element) => Post(XmppNames.Translate(element, XmppNames.Client, content).ToString(SaveOptions.DisableFormatting | SaveOptions.OmitDuplicateNamespaces));

    public void Post(string text)
    {
        if (!queue.Writer.TryWrite((text, null)))
        {
            _ = AbortAsync();
        }
    }

    public void End(string condition, string text)
    {
        Post(new XElement(XmppNames.Stream + "error", new XAttribute(XNamespace.Xmlns + "stream", XmppNames.Stream), new XElement(XmppNames.StreamErrors + condition), new XElement(XmppNames.StreamErrors + "text", text)));
        Close();
    }

    /// <summary>Closes the stream after what is queued.</summary>
    public void Close()
    {
        queue.Writer.TryWrite(("</stream:stream>", null));
        queue.Writer.TryComplete();
    }

    /// <summary>Writes what is queued, then goes on with another stream (after STARTTLS).</summary>
    public async Task SwitchAsync(Func<Task<Stream>> upgrade)
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        queue.Writer.TryWrite((string.Empty, written));
        await written.Task.WaitAsync(life.Token);
        stream = await upgrade();
    }

    public async Task PumpAsync(CancellationToken cancellation)
    {
        try
        {
            var batch = new StringBuilder();
            while (await queue.Reader.WaitToReadAsync(cancellation))
            {
                TaskCompletionSource? written = null;
                while (written is null && batch.Length < 65_536 && queue.Reader.TryRead(out var item))
                {
                    batch.Append(item.Text);
                    written = item.Written;
                }

                var bytes = Encoding.UTF8.GetBytes(batch.ToString());
                batch.Clear();
                observer?.Invoke(place, bytes);
                await stream.WriteAsync(bytes, cancellation);
                await stream.FlushAsync(cancellation);
                written?.TrySetResult();
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            queue.Writer.TryComplete();
            while (queue.Reader.TryRead(out var left))
            {
                left.Written?.TrySetCanceled(CancellationToken.None);
            }
        }
    }

    private async Task AbortAsync()
    {
        try
        {
            await life.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // The connection has ended already.
        }
    }
}
