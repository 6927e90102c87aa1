using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Interconnect.Endpoint;

/// <summary>One TCP connection with its XML streams: bounded elements in, text out. Knows nothing of stanzas. One reader, many writers.</summary>
internal sealed class XmppStream : IAsyncDisposable
{
    public static readonly XNamespace Streams = "http://etherx.jabber.org/streams";
    public static readonly XNamespace Client = "jabber:client";

    private static readonly XmlReaderSettings Settings = new()
    {
        Async = true,
        CloseInput = false,
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        ConformanceLevel = ConformanceLevel.Document,
    };

    private readonly XmppOptions options;
    private readonly Socket socket;
    private readonly SemaphoreSlim writing = new(1, 1);
    private Stream stream;
    private BoundedReadStream bounded;
    private XmlReader? reader;

    private XmppStream(XmppOptions options, Socket socket)
    {
        this.options = options;
        this.socket = socket;
        stream = new NetworkStream(socket, ownsSocket: true);
        bounded = new BoundedReadStream(stream, options.MaxStanzaBytes);
    }

    /// <summary>True when the other end is this machine.</summary>
    public bool IsLoopback => socket.RemoteEndPoint is IPEndPoint { Address: var address } && IPAddress.IsLoopback(address);

    public static async Task<XmppStream> ConnectAsync(XmppOptions options, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(options.Host, options.Port, cancellation).ConfigureAwait(false);
            return new XmppStream(options, socket);
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw new XmppFailedException(XmppFailures.Unreachable);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Begins a stream in what is there now (again after TLS and after SASL) and returns the server's features.</summary>
    public async Task<XElement> OpenAsync(CancellationToken cancellation)
    {
        var domain = XmlEscape(options.Address.Domain.Value);
        await WriteAsync($"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='{Streams}' to='{domain}' version='1.0'>", cancellation).ConfigureAwait(false);
        reader = XmlReader.Create(bounded, Settings);
        bounded.Restart();
        using var abort = cancellation.Register(Abort);
        try
        {
            while (await reader.ReadAsync().ConfigureAwait(false) && reader.NodeType != XmlNodeType.Element)
            {
                if (reader.NodeType is not (XmlNodeType.XmlDeclaration or XmlNodeType.Whitespace))
                    throw new XmppFailedException(XmppFailures.Protocol("no stream header"));
            }

            if (reader.LocalName != "stream" || reader.NamespaceURI != Streams.NamespaceName)
                throw new XmppFailedException(XmppFailures.Protocol("no stream header"));
        }
        catch (Exception e) when (Translate(e, cancellation) is { } failure)
        {
            throw failure;
        }

        var features = await ReadAsync(cancellation).ConfigureAwait(false) ?? throw new XmppFailedException(XmppFailures.Lost);
        return features.Name == Streams + "features" ? features : throw new XmppFailedException(XmppFailures.Protocol("no stream features"));
    }

    /// <summary>The next element of the stream; null when the server ended it properly.</summary>
    public async Task<XElement?> ReadAsync(CancellationToken cancellation)
    {
        bounded.Restart();
        using var abort = cancellation.Register(Abort);
        try
        {
            var element = await ReadElementAsync(reader!).ConfigureAwait(false);
            if (element?.Name == Streams + "error")
                throw new XmppFailedException(XmppFailures.StreamError(element.Elements().FirstOrDefault()?.Name.LocalName ?? "unknown"));

            return element;
        }
        catch (Exception e) when (Translate(e, cancellation) is { } failure)
        {
            throw failure;
        }
    }

    public async Task WriteAsync(string xml, CancellationToken cancellation)
    {
        var bytes = Encoding.UTF8.GetBytes(xml);
        await writing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            // Half a stanza would break the stream, so a write that began is finished or the connection ends.
            await stream.WriteAsync(bytes, CancellationToken.None).ConfigureAwait(false);
            await stream.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            throw new XmppFailedException(XmppFailures.Lost);
        }
        finally
        {
            writing.Release();
        }
    }

    /// <summary>Goes over to TLS; whatever the server sent after it agreed and before TLS is dropped with the old reader.</summary>
    public async Task StartTlsAsync(CancellationToken cancellation)
    {
        var trusted = LoadAuthorities(options.TlsAuthorityFile);
        var tls = new SslStream(stream, leaveInnerStreamOpen: false);
        var tlsOptions = new SslClientAuthenticationOptions
        {
            TargetHost = options.Address.Domain.Value,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            CertificateChainPolicy = trusted is null ? null : new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck },
        };
        if (trusted is not null)
            tlsOptions.CertificateChainPolicy!.CustomTrustStore.AddRange(trusted);

        try
        {
            await tls.AuthenticateAsClientAsync(tlsOptions, cancellation).ConfigureAwait(false);
        }
        catch (AuthenticationException)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw new XmppFailedException(XmppFailures.Untrusted);
        }
        catch (IOException)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw new XmppFailedException(XmppFailures.Lost);
        }

        stream = tls;
        bounded = new BoundedReadStream(tls, options.MaxStanzaBytes);
    }

    /// <summary>Cuts the connection; a read in progress ends.</summary>
    public void Abort()
    {
        try
        {
            socket.Close(0);
        }
        catch (ObjectDisposedException)
        {
            // Closed already.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync().ConfigureAwait(false);
        socket.Dispose();
    }

    public static string XmlEscape(string text) => new XText(text).ToString().Replace("'", "&apos;", StringComparison.Ordinal).Replace("\"", "&quot;", StringComparison.Ordinal);

    private static X509Certificate2Collection? LoadAuthorities(string? file)
    {
        if (file is null)
            return null;

        try
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPemFile(file);
            return certificates.Count > 0 ? certificates : throw new XmppFailedException(XmppFailures.BadAuthorityFile);
        }
        catch (Exception e) when (e is IOException or CryptographicException or UnauthorizedAccessException)
        {
            throw new XmppFailedException(XmppFailures.BadAuthorityFile);
        }
    }

    private async Task<XElement?> ReadElementAsync(XmlReader from)
    {
        // The element is built here, because XNode.ReadFrom reads on past its end and so waits for the next stanza.
        var open = new Stack<XElement>();
        while (await from.ReadAsync().ConfigureAwait(false))
        {
            switch (from.NodeType)
            {
                case XmlNodeType.Element:
                    var element = ReadStart(from, out var empty);
                    if (open.TryPeek(out var parent))
                        parent.Add(element);

                    if (empty && open.Count == 0)
                        return element;

                    if (!empty)
                        open.Push(element);

                    if (open.Count > options.MaxDepth)
                        throw new XmppFailedException(XmppFailures.Protocol("nested too deep"));

                    break;
                case XmlNodeType.EndElement when open.Count == 0:
                    return null;
                case XmlNodeType.EndElement:
                    var done = open.Pop();
                    if (open.Count == 0)
                        return done;

                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace:
                    var text = await from.GetValueAsync().ConfigureAwait(false);
                    if (open.TryPeek(out var holder))
                        holder.Add(new XText(text));
                    else
                        bounded.Restart();

                    break;
                default:
                    throw new XmppFailedException(XmppFailures.Protocol("comments and processing instructions are not allowed"));
            }
        }

        throw new XmppFailedException(XmppFailures.Lost);
    }

    private static XElement ReadStart(XmlReader from, out bool empty)
    {
        var element = new XElement(XName.Get(from.LocalName, from.NamespaceURI));
        empty = from.IsEmptyElement;
        while (from.MoveToNextAttribute())
        {
            if (from.NamespaceURI != XNamespace.Xmlns.NamespaceName)
                element.SetAttributeValue(XName.Get(from.LocalName, from.NamespaceURI), from.Value);
        }

        from.MoveToElement();
        return element;
    }

    private static XmppFailedException? Translate(Exception e, CancellationToken cancellation) => e switch
    {
        XmppFailedException => null,
        _ when cancellation.IsCancellationRequested => new XmppFailedException(XmppFailures.NoAnswer),
        BoundExceededException => new XmppFailedException(XmppFailures.Protocol("a stanza is too large")),
        XmlException => new XmppFailedException(XmppFailures.Protocol("not well-formed, or with a DTD")),
        IOException or ObjectDisposedException or InvalidOperationException or SocketException => new XmppFailedException(XmppFailures.Lost),
        _ => null,
    };

    private sealed class BoundExceededException : IOException;

    /// <summary>Counts what is read since the last stanza began.</summary>
    private sealed class BoundedReadStream(Stream inner, int limit) : Stream
    {
        private long read;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public void Restart() => read = 0;

        public override int Read(byte[] buffer, int offset, int count) => Count(inner.Read(buffer, offset, count));

        public override async Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            Count(await inner.ReadAsync(buffer.AsMemory(offset, count), cancellationToken).ConfigureAwait(false));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Count(await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private int Count(int bytes) => (read += bytes) <= limit ? bytes : throw new BoundExceededException();
    }
}
