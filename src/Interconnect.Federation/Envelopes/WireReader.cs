using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;

namespace Interconnect.Federation;

/// <summary>Checks decoded protobuf fields and keeps the first error, with the path of the field.</summary>
internal sealed class WireReader
{
    /// <summary>Latest time that is accepted, 9999-12-31 in Unix milliseconds.</summary>
    private const ulong MaxTimeMs = 253_402_300_799_999;

    private string path = "";

    internal delegate bool TryParser<T>(string? text, [NotNullWhen(true)] out T? value);

    public SchemaError? Error { get; private set; }

    public static bool TryParse<T>(MessageParser<T> parser, ReadOnlyMemory<byte> bytes, int maxBytes, string path, [NotNullWhen(true)] out T? message, [NotNullWhen(false)] out SchemaError? error)
        where T : IMessage<T>
    {
        message = default;
        error = null;
        if (bytes.Length > maxBytes)
        {
            error = new SchemaError("FED-002", $"Larger than {maxBytes} bytes", path);
            return false;
        }

        try
        {
            message = parser.ParseFrom(bytes.Span);
            return true;
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or IndexOutOfRangeException)
        {
            // Google.Protobuf 3 throws the second for some lengths that reach past the end (ParsingPrimitives.ReadRawByte).
            error = new SchemaError("FED-001", "Not a well-formed message of the schema (truncated or malformed)", path);
            return false;
        }
    }

    public static ByteString Wrap(ReadOnlyMemory<byte> bytes) => UnsafeByteOperations.UnsafeWrap(bytes);

    public static ByteString Frame(FrameId? id) => id is { } frame ? ByteString.CopyFrom(frame.ToBytes()) : ByteString.Empty;

    public static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    public WireReader At(string newPath)
    {
        path = newPath;
        return this;
    }

    public object? Fail(string ruleId, string reason, string field)
    {
        Error ??= new SchemaError(ruleId, reason, path.Length == 0 ? field : $"{path}.{field}");
        return null;
    }

    public void Check(bool condition, string ruleId, string reason, string field)
    {
        if (!condition)
        {
            Fail(ruleId, reason, field);
        }
    }

    public T? Required<T>(string text, TryParser<T> parse, string field)
        where T : class
    {
        if (text.Length == 0)
        {
            Fail("FED-004", "A required field is missing", field);
            return null;
        }

        return Optional(text, parse, field);
    }

    public T? Optional<T>(string text, TryParser<T> parse, string field)
        where T : class
    {
        if (text.Length == 0)
        {
            return null;
        }

        if (parse(text, out var value))
        {
            return value;
        }

        Fail("FED-005", "Not a valid identifier", field);
        return null;
    }

    public EventId? EventId(ByteString bytes, string field)
    {
        if (Federation.EventId.TryRead(bytes.Span, out var id))
        {
            return id;
        }

        Fail("FED-005", "An event id is 32 bytes", field);
        return null;
    }

    public FrameId? FrameId(ByteString bytes, string field, bool required)
    {
        if (bytes.IsEmpty && !required)
        {
            return null;
        }

        if (Federation.FrameId.TryRead(bytes.Span, out var id))
        {
            return id;
        }

        Fail("FED-005", "A frame id is 16 bytes", field);
        return null;
    }

    public DateTimeOffset Time(ulong milliseconds, string field)
    {
        if (milliseconds > MaxTimeMs)
        {
            Fail("FED-006", "A time after the year 9999", field);
            return DateTimeOffset.UnixEpoch;
        }

        return DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds);
    }

    public void Text(string text, int maxLength, string field)
    {
        Check(text.Length <= maxLength, "FED-006", $"At most {maxLength} characters", field);
        Check(!text.Any(char.IsControl), "FED-006", "Control characters", field);
    }

    public T? Done<T>(Func<T> make)
        where T : class => Error is null ? make() : null;
}
