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

    /// <summary>Bytes read for one tag, which the XML reader keeps whole.</summary>
    private const int MaxTagBytes = 4 << 20;

    /// <summary>Elements open at once, which the XML reader remembers.</summary>
    private const int MaxOpenElements = 65_536;

    /// <summary>What an element or attribute is taken to need besides its text.</summary>
    private const int NodeCost = 64;

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
    private readonly char[] piece = new char[4096];
    private Stream stream;
    private BoundedReadStream bounded;
    private XmlReader? reader;

    private XmppStream(XmppOptions options, Socket socket)
    {
        this.options = options;
        this.socket = socket;
        stream = new NetworkStream(socket, ownsSocket: true);
        bounded = new BoundedReadStream(stream, MaxTagBytes);
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
        var domain = XmlEscape(options.Address.Host.Written);
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
            TargetHost = options.Address.Host.Ascii,
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
        bounded = new BoundedReadStream(tls, MaxTagBytes);
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

    /// <summary>
    /// The element is built here, because XNode.ReadFrom reads on past its end and so waits for the next stanza. One that breaks a bound is read to its end and handed
    /// on without content: anybody may send such a thing, and a stanza that ends the stream instead would be delivered again on every resumption.
    /// </summary>
    private async Task<XElement?> ReadElementAsync(XmlReader from)
    {
        XElement? root = null;
        var open = new Stack<XElement>();
        var depth = 0;
        var budget = options.MaxStanzaBytes;
        while (true)
        {
            bounded.Restart();
            if (!await from.ReadAsync().ConfigureAwait(false))
                throw new XmppFailedException(XmppFailures.Lost);

            switch (from.NodeType)
            {
                case XmlNodeType.Element:
                    var empty = from.IsEmptyElement;
                    if (depth == 0)
                        root = new XElement(XName.Get(from.LocalName, from.NamespaceURI));

                    var element = depth == 0 ? root! : new XElement(XName.Get(from.LocalName, from.NamespaceURI));
                    if (depth >= options.MaxDepth)
                        budget = -1;

                    if (budget >= 0)
                        budget = ReadAttributes(from, element, budget);

                    if (budget < 0)
                        open.Clear();
                    else if (open.TryPeek(out var parent))
                        parent.Add(element);

                    if (empty && depth == 0)
                        return Whole(root!, budget);

                    if (empty)
                        break;

                    // The reader keeps something for every level, whatever is built.
                    if (++depth > MaxOpenElements)
                        throw new BoundExceededException();

                    if (budget >= 0)
                        open.Push(element);

                    break;
                case XmlNodeType.EndElement when depth == 0:
                    return null;
                case XmlNodeType.EndElement:
                    open.TryPop(out _);
                    if (--depth == 0)
                        return Whole(root!, budget);

                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace:
                    open.TryPeek(out var holder);
                    budget = await ReadTextAsync(from, holder, budget).ConfigureAwait(false);
                    break;
                case var _ when depth > 0:
                    budget = -1;
                    break;
                default:
                    throw new XmppFailedException(XmppFailures.Protocol("comments and processing instructions are not allowed"));
            }
        }
    }

    private static XElement Whole(XElement root, int budget) => budget >= 0 ? root : new XElement(root.Name);

    /// <summary>What is left of the budget; below zero when it was not enough.</summary>
    private static int ReadAttributes(XmlReader from, XElement element, int budget)
    {
        budget -= NodeCost + from.Name.Length;
        while (budget >= 0 && from.MoveToNextAttribute())
        {
            budget -= NodeCost + from.Name.Length + from.Value.Length;
            if (from.NamespaceURI != XNamespace.Xmlns.NamespaceName)
                element.SetAttributeValue(XName.Get(from.LocalName, from.NamespaceURI), from.Value);
        }

        from.MoveToElement();
        return budget;
    }

    private async Task<int> ReadTextAsync(XmlReader from, XElement? holder, int budget)
    {
        var built = holder is not null ? new StringBuilder() : null;
        while (true)
        {
            bounded.Restart();
            var count = await from.ReadValueChunkAsync(piece, 0, piece.Length).ConfigureAwait(false);
            if (count == 0)
                break;

            if (built is null || budget < 0)
                continue;

            budget -= count;
            built.Append(piece, 0, count);
        }

        if (built is not null && budget >= 0)
            holder!.Add(new XText(built.ToString()));

        return budget;
    }

    private static XmppFailedException? Translate(Exception e, CancellationToken cancellation) => e switch
    {
        XmppFailedException => null,
        _ when cancellation.IsCancellationRequested => new XmppFailedException(XmppFailures.NoAnswer),
        BoundExceededException => new XmppFailedException(XmppFailures.Protocol("a tag is too large"), stanza: true),
        XmlException => new XmppFailedException(XmppFailures.Protocol("not well-formed, or with a DTD")),
        IOException or ObjectDisposedException or InvalidOperationException or SocketException => new XmppFailedException(XmppFailures.Lost),
        _ => null,
    };

    private sealed class BoundExceededException : IOException;

    /// <summary>Counts what is read since the last tag or piece of text began.</summary>
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
