using Google.Protobuf;

namespace Interconnect.Federation.Tests.Envelopes;

public sealed class CodecTests
{
    public static TheoryData<string> Names => new(Samples.Events.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public void Event_EncodedAndDecoded_IsTheSame(string name)
    {
        var encoded = EventCodec.Encode(Samples.Events[name]);
        Assert.True(EventCodec.TryDecode(encoded, out var decoded, out var error), error?.ToString());
        Assert.Equal(Samples.Events[name].GetType(), decoded.GetType());
        Assert.Equal(encoded, EventCodec.Encode(decoded));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Envelope_EncodedAndDecoded_KeepsEveryFieldAndTheSignedBytes(string name)
    {
        var envelope = Samples.Envelope(Samples.Events[name]);
        Assert.True(EnvelopeCodec.TryDecode(EnvelopeCodec.Encode(envelope), out var decoded, out var error), error?.ToString());
        Assert.Equal(envelope.Id, decoded.Id);
        Assert.Equal(envelope.Origin, decoded.Origin);
        Assert.Equal(envelope.Sender, decoded.Sender);
        Assert.Equal(envelope.Conversation, decoded.Conversation);
        Assert.Equal(envelope.Labels, decoded.Labels);
        Assert.Equal(envelope.ReceivedAt, decoded.ReceivedAt);
        Assert.True(envelope.EncodedEvent.Span.SequenceEqual(decoded.EncodedEvent.Span));
        Assert.Equal(envelope.Recipients, decoded.Recipients);
        Assert.Equal(envelope.Sequence, decoded.Sequence);
        Assert.Equal(envelope.AcceptedAt, decoded.AcceptedAt);
        Assert.Equal(envelope.HubDomain, decoded.HubDomain);
        Assert.Equal(envelope.Proof!.FrameId, decoded.Proof!.FrameId);
        Assert.Equal(envelope.Proof.Client, decoded.Proof.Client);
        Assert.Equal(envelope.Proof.CreatedAt, decoded.Proof.CreatedAt);
        Assert.True(envelope.Proof.Signature.Span.SequenceEqual(decoded.Proof.Signature.Span));
    }

    [Fact]
    public void Request_UnknownFieldInTheEvent_KeepsTheBytesThatWereSigned()
    {
        var newer = EventCodec.Encode(Samples.Events["consent_entry"]).Concat(new byte[] { 0xfa, 0x3f, 0x01, 0x07 }).ToArray();
        var frame = FrameCodec.Encode(new EndpointFrame.Request(Samples.Events["consent_entry"], newer, Samples.Proof));
        Assert.True(FrameCodec.TryDecode(frame, out var decoded, out _));
        Assert.Equal(newer, Assert.IsType<EndpointFrame.Request>(decoded).EncodedEvent.ToArray());
    }

    public static TheoryData<string, string, byte[]> BadEvents => new()
    {
        { "FED-001", "truncated", EventCodec.Encode(Samples.Events["room_update"])[..^1] },
        { "FED-001", "a length before the beginning", Convert.FromHexString("080112FFFFFFFF47") },
        { "FED-001", "a length past the end of memory", Convert.FromHexString("08011AFFFFFFFFA7F90208011220B497F1621CA9A8") },
        { "FED-002", "oversized", new byte[EventCodec.MaxBytes + 1] },
        { "FED-007", "empty", [] },
        { "FED-007", "unknown kind", [0xfa, 0x3f, 0x00] },
        { "FED-004", "no room", new Wire.Event { RoomUpdate = new() { Commit = ByteString.CopyFromUtf8("x"), GroupInfo = ByteString.CopyFromUtf8("x") } }.ToByteArray() },
        { "FED-004", "no commit", new Wire.Event { RoomUpdate = new() { Room = Samples.Room.Value, GroupInfo = ByteString.CopyFromUtf8("x") } }.ToByteArray() },
        { "FED-004", "no group info", new Wire.Event { RoomUpdate = new() { Room = Samples.Room.Value, Commit = ByteString.CopyFromUtf8("x") } }.ToByteArray() },
        { "FED-005", "bad room", new Wire.Event { EncryptedMessage = new() { Room = "mimi://hub.test/u/x" } }.ToByteArray() },
        { "FED-006", "room and recipient", new Wire.Event { EncryptedMessage = new() { Room = Samples.Room.Value, Recipient = Samples.Bob.Value } }.ToByteArray() },
        { "FED-006", "neither room nor recipient", new Wire.Event { EncryptedMessage = new() }.ToByteArray() },
        { "FED-006", "no key packages", new Wire.Event { KeyMaterialPublish = new() { Client = Samples.AlicePhone.Value } }.ToByteArray() },
        { "FED-006", "too many key packages", new Wire.Event { KeyMaterialPublish = new() { Client = Samples.AlicePhone.Value, KeyPackages = { Enumerable.Repeat(ByteString.CopyFromUtf8("x"), 101) } } }.ToByteArray() },
        { "FED-004", "empty key package", new Wire.Event { KeyMaterialPublish = new() { Client = Samples.AlicePhone.Value, KeyPackages = { ByteString.Empty } } }.ToByteArray() },
        { "FED-006", "no suites", new Wire.Event { KeyMaterialRequest = new() { Target = Samples.Bob.Value } }.ToByteArray() },
        { "FED-006", "suite of 17 bits", new Wire.Event { KeyMaterialRequest = new() { Target = Samples.Bob.Value, CipherSuites = { 65_537 } } }.ToByteArray() },
        { "FED-006", "unknown status", new Wire.Event { KeyMaterialResponse = new() { RequestFrameId = ByteString.CopyFrom(Samples.Frame.ToBytes()), Target = Samples.Bob.Value, Status = 99 } }.ToByteArray() },
        { "FED-006", "clients without success", new Wire.Event { KeyMaterialResponse = new() { RequestFrameId = ByteString.CopyFrom(Samples.Frame.ToBytes()), Target = Samples.Bob.Value, Status = 5, Clients = { new Wire.ClientKeyMaterial { Client = Samples.BobPhone.Value, Status = 1 } } } }.ToByteArray() },
        { "FED-004", "no client to count for", new Wire.Event { KeyMaterialCountRequest = new() }.ToByteArray() },
        { "FED-006", "too many left", new Wire.Event { KeyMaterialCount = new() { Client = Samples.AlicePhone.Value, Left = 1_000_001 } }.ToByteArray() },
        { "FED-006", "last resort after the year 9999", new Wire.Event { KeyMaterialCount = new() { Client = Samples.AlicePhone.Value, LastResortMs = ulong.MaxValue } }.ToByteArray() },
        { "FED-006", "unknown operation", new Wire.Event { ConsentEntry = new() { Operation = 4, Requester = Samples.Alice.Value, Target = Samples.Bob.Value } }.ToByteArray() },
        { "FED-005", "event id of 31 bytes", new Wire.Event { DeliveryReport = new() { EventId = ByteString.CopyFrom(new byte[31]), Status = 1 } }.ToByteArray() },
        { "FED-006", "unknown delivery status", new Wire.Event { DeliveryReport = new() { EventId = ByteString.CopyFrom(new byte[32]), Status = 0 } }.ToByteArray() },
        { "FED-006", "after the year 9999", new Wire.Event { DeliveryReport = new() { EventId = ByteString.CopyFrom(new byte[32]), Status = 1, AtMs = ulong.MaxValue } }.ToByteArray() },
        { "FED-006", "identity key of 31 bytes", new Wire.Event { IdentityObjection = Objection(key: 31) }.ToByteArray() },
        { "FED-006", "hash of 33 bytes", new Wire.Event { IdentityObjection = Objection(objected: 33) }.ToByteArray() },
        { "FED-006", "objection without a signature", new Wire.Event { IdentityObjection = Objection(signature: 0) }.ToByteArray() },
        { "FED-006", "objection with a signature of 513 bytes", new Wire.Event { IdentityObjection = Objection(signature: 513) }.ToByteArray() },
        { "FED-004", "objection of nobody", new Wire.Event { IdentityObjection = Objection(user: "") }.ToByteArray() },
        { "FED-004", "refusal without rule", new Wire.Event { Refusal = new() { EventId = ByteString.CopyFrom(new byte[32]) } }.ToByteArray() },
        { "FED-006", "epoch without flag", new Wire.Event { Refusal = new() { EventId = ByteString.CopyFrom(new byte[32]), RuleId = "X-1", CurrentEpoch = 3 } }.ToByteArray() },
        { "FED-006", "reason with a line break", new Wire.Event { Unreadable = new() { RuleId = "X-1", Reason = "a\nb" } }.ToByteArray() },
        { "FED-006", "reason too long", new Wire.Event { Unreadable = new() { RuleId = "X-1", Reason = new string('a', 513) } }.ToByteArray() },
    };

    [Theory]
    [MemberData(nameof(BadEvents))]
    public void Event_Bad_SaysTheRule(string rule, string what, byte[] bytes)
    {
        Assert.False(EventCodec.TryDecode(bytes, out var decoded, out var error), what);
        Assert.Null(decoded);
        Assert.Equal(rule, error.RuleId);
        Assert.NotEmpty(error.Path);
    }

    public static TheoryData<string, string> BadEnvelopes => new()
    {
        { "FED-003", "version" }, { "FED-005", "id" }, { "FED-005", "origin" }, { "FED-005", "sender" }, { "FED-004", "conversation" },
        { "FED-006", "outer" }, { "FED-006", "inner" }, { "FED-005", "hub" }, { "FED-006", "recipients" }, { "FED-004", "recipient" },
        { "FED-006", "suite" }, { "FED-006", "signature" }, { "FED-006", "key" }, { "FED-005", "client" }, { "FED-006", "created" },
    };

    [Theory]
    [MemberData(nameof(BadEnvelopes))]
    public void Envelope_Bad_SaysTheRuleAndTheGoodOnePasses(string rule, string what)
    {
        var wire = Wire.Envelope.Parser.ParseFrom(EnvelopeCodec.Encode(Samples.Envelope(Samples.Events["encrypted_message_room"])));
        Assert.True(EnvelopeCodec.TryDecode(wire.ToByteArray(), out _, out _));
        switch (what)
        {
            case "version": wire.SchemaVersion = 2; break;
            case "id": wire.EventId = ByteString.CopyFrom(new byte[33]); break;
            case "origin": wire.OriginNetwork = "XMPP"; break;
            case "sender": wire.Sender = "alice@a.test"; break;
            case "conversation": wire.Conversation = ""; break;
            case "outer": wire.Outer = 77; break;
            case "inner": wire.Inner = 77; break;
            case "hub": wire.HubDomain = "127.0.0.1"; break;
            case "recipients": wire.Recipients.AddRange(Enumerable.Repeat(Samples.Bob.Value, FederationEnvelope.MaxRecipients)); break;
            case "recipient": wire.Recipients.Add(""); break;
            case "suite": wire.Proof.CipherSuite = 0; break;
            case "signature": wire.Proof.Signature = ByteString.Empty; break;
            case "key": wire.Proof.SignatureKey = ByteString.CopyFrom(new byte[257]); break;
            case "client": wire.Proof.Client = "mimi://a.test/u/alice"; break;
            case "created": wire.Proof.CreatedMs = ulong.MaxValue; break;
            default: throw new InvalidOperationException(what);
        }

        Assert.False(EnvelopeCodec.TryDecode(wire.ToByteArray(), out _, out var error));
        Assert.Equal(rule, error.RuleId);
    }

    [Fact]
    public void Frame_Bad_SaysTheRule()
    {
        Assert.False(FrameCodec.TryDecode(new byte[EndpointFrame.MaxBytes + 1], out _, out var large));
        Assert.Equal("FED-002", large.RuleId);
        Assert.False(FrameCodec.TryDecode(new Wire.EndpointFrame { Version = 9 }.ToByteArray(), out _, out var version));
        Assert.Equal("FED-003", version.RuleId);
        Assert.False(FrameCodec.TryDecode(new Wire.EndpointFrame { Version = 1 }.ToByteArray(), out _, out var empty));
        Assert.Equal("FED-007", empty.RuleId);
        var unsigned = new Wire.EndpointFrame { Version = 1, Request = new() { Event = ByteString.CopyFrom(EventCodec.Encode(Samples.Events["consent_entry"])) } };
        Assert.False(FrameCodec.TryDecode(unsigned.ToByteArray(), out _, out var proof));
        Assert.Equal("FED-004", proof.RuleId);
    }

    [Fact]
    public void Printed_NothingPersonalOrSecret_Shows()
    {
        foreach (var @event in Samples.Events.Values)
        {
            var texts = new[] { @event.ToString(), Samples.Envelope(@event).ToString(), Samples.Proof.ToString(), Samples.Envelope(@event).Conversation.ToString() };
            Assert.All(texts, t => Assert.DoesNotContain("alice", t, StringComparison.OrdinalIgnoreCase));
            Assert.All(texts, t => Assert.DoesNotContain("mimi://", t, StringComparison.OrdinalIgnoreCase));
        }
    }

    [Fact]
    public void Decoders_MutatedAndRandomBytes_AnswerOrRefuseButNeverThrow()
    {
        var random = new Random(20260101);
        var seeds = Samples.Events.Values.SelectMany(e => new[]
        {
            EventCodec.Encode(e), EnvelopeCodec.Encode(Samples.Envelope(e)), FrameCodec.Encode(new EndpointFrame.Delivery(Samples.Envelope(e))),
            FrameCodec.Encode(new EndpointFrame.Request(e, EventCodec.Encode(e), Samples.Proof)),
        }).ToList();
        var refused = 0;
        for (var i = 0; i < 60_000; i++)
        {
            var bytes = seeds[random.Next(seeds.Count)].ToArray();
            for (var changes = random.Next(1, 5); changes > 0; changes--)
            {
                bytes = Mutate(bytes, random);
            }

            refused += EventCodec.TryDecode(bytes, out var e, out var error1) ? 0 : 1;
            Assert.True(e is not null ^ error1 is not null);
            Assert.True(EnvelopeCodec.TryDecode(bytes, out var envelope, out var error2) ? envelope is not null : error2 is not null);
            Assert.True(FrameCodec.TryDecode(bytes, out var frame, out var error3) ? frame is not null : error3 is not null);
        }

        Assert.InRange(refused, 1, 60_000);
    }

    private static byte[] Mutate(byte[] bytes, Random random) => random.Next(5) switch
    {
        0 when bytes.Length > 0 => Changed(bytes, random.Next(bytes.Length), (byte)random.Next(256)),
        1 when bytes.Length > 0 => bytes[..random.Next(bytes.Length)],
        2 => [.. bytes, (byte)random.Next(256)],
        3 when bytes.Length > 1 => [.. bytes[random.Next(bytes.Length)..], .. bytes[..random.Next(bytes.Length)]],
        _ => [.. bytes.Take(3), 0xff, 0xff, 0xff, 0xff, 0x0f, .. bytes.Skip(3)],
    };

    private static byte[] Changed(byte[] bytes, int at, byte value)
    {
        bytes[at] = value;
        return bytes;
    }

    private static Wire.IdentityObjection Objection(string? user = null, int key = 32, int objected = 32, int signature = 64) => new()
    {
        User = user ?? Samples.Alice.Value,
        IdentityKey = ByteString.CopyFrom(new byte[key]),
        Objected = ByteString.CopyFrom(new byte[objected]),
        Signature = ByteString.CopyFrom(new byte[signature]),
    };
}
