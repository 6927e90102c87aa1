using System.Xml;
using System.Xml.Linq;

namespace Interconnect.Sandbox;

/// <summary>
/// Reads one XML stream element by element as the bytes come (RFC 6120 section 4 and 11): no DTD, no comments, no processing instructions, bounded depth and
/// size. A restart of the stream takes a new reader.
/// </summary>
internal sealed class XmlStreamReader : IDisposable
{
    private readonly BoundedInput input;
    private readonly XmlReader reader;
    private readonly int maxCharacters;
    private readonly int maxDepth;
    private readonly CancellationToken cancellation;

    public XmlStreamReader(Stream stream, int maxCharacters, int maxDepth, CancellationToken cancellation)
    {
        this.maxCharacters = maxCharacters;
        this.maxDepth = maxDepth;
        this.cancellation = cancellation;
        input = new BoundedInput(stream, (4L * maxCharacters) + 65_536, cancellation);
        reader = XmlReader.Create(input, new XmlReaderSettings { Async = true, CheckCharacters = true, DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersFromEntities = 1_024 });
    }

    /// <summary>The opening tag: its attributes and default namespace.</summary>
    public async Task<StreamHeader> ReadHeaderAsync()
    {
        input.Renew();
        while (await NextAsync())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.XmlDeclaration or XmlNodeType.Whitespace:
                    continue;
                case XmlNodeType.Element when reader.LocalName == "stream" && reader.NamespaceURI == XmppNames.Stream.NamespaceName && !reader.IsEmptyElement:
                    return new StreamHeader(reader.GetAttribute("to"), reader.GetAttribute("from"), reader.GetAttribute("version"), reader.LookupNamespace(string.Empty) ?? string.Empty);
                case XmlNodeType.Element when reader.LocalName == "stream":
                    throw new XmppStreamException("invalid-namespace", "the stream's namespace is not known");
                default:
                    throw new XmppStreamException("bad-format", "a stream starts with its header");
            }
        }

        throw new EndOfStreamException();
    }

    /// <summary>The next element, complete; null when the other side closed the stream.</summary>
    public async Task<XElement?> ReadElementAsync()
    {
        input.Renew();
        while (await NextAsync())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace:
                    input.Renew();
                    continue;
                case XmlNodeType.Element:
                    return await BuildAsync();
                case XmlNodeType.EndElement:
                    return null;
                default:
                    throw new XmppStreamException(IsForbidden ? "restricted-xml" : "bad-format", "only elements are allowed here");
            }
        }

        throw new EndOfStreamException();
    }

    public void Dispose() => reader.Dispose();

    private bool IsForbidden => reader.NodeType is XmlNodeType.Comment or XmlNodeType.ProcessingInstruction or XmlNodeType.EntityReference;

    private async Task<XElement> BuildAsync()
    {
        var size = 0;
        var root = Open(ref size);
        var current = root;
        var depth = 1;
        var open = !reader.IsEmptyElement;
        while (open)
        {
            if (!await NextAsync())
            {
                throw new EndOfStreamException();
            }

            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    if (depth + 1 > maxDepth)
                    {
                        throw new XmppStreamException("policy-violation", "the stanza is nested too deep");
                    }

                    var isEmpty = reader.IsEmptyElement;
                    var child = Open(ref size);
                    current.Add(child);
                    if (!isEmpty)
                    {
                        current = child;
                        depth++;
                    }

                    break;
                case XmlNodeType.EndElement when --depth == 0:
                    open = false;
                    break;
                case XmlNodeType.EndElement:
                    current = current.Parent!;
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace:
                    var text = await TypedAsync(reader.GetValueAsync);
                    Grow(ref size, text.Length);
                    current.Add(new XText(text));
                    break;
                default:
                    throw new XmppStreamException("restricted-xml", "comments, processing instructions and entities are not allowed");
            }
        }

        return root;
    }

    private XElement Open(ref int size)
    {
        var element = new XElement(XName.Get(reader.LocalName, reader.NamespaceURI));
        Grow(ref size, reader.LocalName.Length + 5);
        while (reader.MoveToNextAttribute())
        {
            Grow(ref size, reader.LocalName.Length + reader.Value.Length + 4);
            if (reader.Name != "xmlns")
            {
                element.Add(new XAttribute(XName.Get(reader.LocalName, reader.NamespaceURI), reader.Value));
            }
        }

        reader.MoveToElement();
        return element;
    }

    private void Grow(ref int size, int by)
    {
        size += by;
        if (size > maxCharacters)
        {
            throw new XmppStreamException("policy-violation", "the stanza is too large");
        }
    }

    private Task<bool> NextAsync() => TypedAsync(reader.ReadAsync);

    // The rest of a long text is read when it is asked for, so that can fail, too.
    private async Task<T> TypedAsync<T>(Func<Task<T>> read)
    {
        try
        {
            cancellation.ThrowIfCancellationRequested();
            return await read();
        }
        catch (XmlException e) when (e.Message.Contains("DTD", StringComparison.Ordinal))
        {
            throw new XmppStreamException("restricted-xml", "no document type declaration");
        }
        catch (XmlException) when (input.Ended)
        {
            throw new EndOfStreamException();
        }
        catch (XmlException)
        {
            throw new XmppStreamException("not-well-formed", "not well-formed XML");
        }
    }
}

/// <summary>A stream's opening tag.</summary>
internal sealed record StreamHeader(string? To, string? From, string? Version, string ContentNamespace);
