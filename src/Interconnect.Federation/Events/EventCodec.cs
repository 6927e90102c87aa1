using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;

namespace Interconnect.Federation;

/// <summary>Encodes and decodes <see cref="FederationEvent"/>s (<c>federation.proto</c>, message Event). Decoding never throws.</summary>
public static class EventCodec
{
    /// <summary>Largest encoded event in bytes.</summary>
    public const int MaxBytes = EndpointFrame.MaxBytes;

    /// <summary>Most key packages in one publication, and clients in one response.</summary>
    public const int MaxKeyPackages = 100;

    /// <summary>Most cipher suites in one request.</summary>
    public const int MaxCipherSuites = 64;

    /// <summary>Longest rule id and reason in characters.</summary>
    public const int MaxRuleIdLength = 32;

    /// <summary>Longest reason in characters.</summary>
    public const int MaxReasonLength = 512;

    /// <summary>Writes an event. The same event gives the same bytes.</summary>
    public static byte[] Encode(FederationEvent @event) => ToWire(@event).ToByteArray();

    /// <summary>Reads an event.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out FederationEvent? @event, [NotNullWhen(false)] out SchemaError? error)
    {
        @event = null;
        if (!WireReader.TryParse(Wire.Event.Parser, bytes, MaxBytes, "event", out var wire, out error))
        {
            return false;
        }

        var reader = new WireReader();
        @event = FromWire(wire, reader);
        error = reader.Error;
        if (error is not null)
        {
            @event = null;
        }

        return @event is not null;
    }

    private static Wire.Event ToWire(FederationEvent @event) => @event switch
    {
        EncryptedMessage e => new() { EncryptedMessage = new() { Room = e.Room?.Value ?? "", Recipient = e.Recipient?.Value ?? "", Message = WireReader.Wrap(e.Message) } },
        RoomUpdate e => new() { RoomUpdate = new() { Room = e.Room.Value, Commit = WireReader.Wrap(e.Commit), Welcome = WireReader.Wrap(e.Welcome), GroupInfo = WireReader.Wrap(e.GroupInfo), DeviceLists = { e.DeviceLists.Select(WireReader.Wrap) } } },
        KeyMaterialPublish e => new() { KeyMaterialPublish = new() { Client = e.Client.Value, KeyPackages = { e.KeyPackages.Select(WireReader.Wrap) } } },
        KeyMaterialRequest e => new() { KeyMaterialRequest = new() { Target = e.Target.Value, Room = e.Room?.Value ?? "", CipherSuites = { e.CipherSuites.Select(s => (uint)s) } } },
        KeyMaterialResponse e => new()
        {
            KeyMaterialResponse = new()
            {
                RequestFrameId = ByteString.CopyFrom(e.RequestFrame.ToBytes()),
                Target = e.Target.Value,
                Room = e.Room?.Value ?? "",
                Status = (uint)e.Status,
                Clients = { e.Clients.Select(c => new Wire.ClientKeyMaterial { Client = c.Client.Value, Status = (uint)c.Status, KeyPackage = WireReader.Wrap(c.KeyPackage) }) },
                DeviceLists = { e.DeviceLists.Select(WireReader.Wrap) },
            },
        },
        ConsentEntry e => new()
        {
            ConsentEntry = new() { Operation = (uint)e.Operation, Requester = e.Requester.Value, Target = e.Target.Value, Room = e.Room?.Value ?? "", DeviceLists = { e.DeviceLists.Select(WireReader.Wrap) } },
        },
        DeliveryReport e => new()
        {
            DeliveryReport = new()
            {
                EventId = ByteString.CopyFrom(e.Event.ToBytes()),
                FrameId = WireReader.Frame(e.Frame),
                Recipient = e.Recipient?.Value ?? "",
                Status = (uint)e.Status,
                RuleId = e.RuleId ?? "",
                Reason = e.Reason ?? "",
                AtMs = (ulong)e.At.ToUnixTimeMilliseconds(),
            },
        },
        Refusal e => new()
        {
            Refusal = new()
            {
                EventId = ByteString.CopyFrom(e.Event.ToBytes()),
                FrameId = WireReader.Frame(e.Frame),
                RuleId = e.RuleId,
                Reason = e.Reason,
                RetryAfterMs = (ulong)(e.RetryAfter?.TotalMilliseconds ?? 0),
                CurrentEpoch = e.CurrentEpoch ?? 0,
                HasCurrentEpoch = e.CurrentEpoch is not null,
            },
        },
        Unreadable e => new() { Unreadable = new() { RuleId = e.RuleId, Reason = e.Reason } },
        KeyMaterialCountRequest e => new() { KeyMaterialCountRequest = new() { Client = e.Client.Value } },
        KeyMaterialCount e => new()
        {
            KeyMaterialCount = new()
            {
                RequestFrameId = WireReader.Frame(e.RequestFrame),
                Client = e.Client.Value,
                Left = (uint)e.Left,
                LastResortMs = (ulong)(e.LastResortEnds?.ToUnixTimeMilliseconds() ?? 0),
            },
        },
        DeviceListUpdate e => new() { DeviceListUpdate = new() { Lists = { e.Lists.Select(WireReader.Wrap) } } },
        DeviceListRequest e => new() { DeviceListRequest = new() { Target = e.Target.Value } },
        DeviceListResponse e => new()
        {
            DeviceListResponse = new() { RequestFrameId = ByteString.CopyFrom(e.RequestFrame.ToBytes()), Target = e.Target.Value, Lists = { e.Lists.Select(WireReader.Wrap) } },
        },
        DeviceLinkMessage e => new() { DeviceLinkMessage = new() { Message = WireReader.Wrap(e.Message) } },
        IdentityObjection e => new()
        {
            IdentityObjection = new()
            {
                User = e.User.Value,
                IdentityKey = WireReader.Wrap(e.IdentityKey),
                Objected = WireReader.Wrap(e.Objected),
                IssuedMs = (ulong)e.IssuedAt.ToUnixTimeMilliseconds(),
                Signature = WireReader.Wrap(e.Signature),
            },
        },
        _ => throw new InvalidOperationException("An event kind has no wire form: " + @event.Kind),
    };

    private static FederationEvent? FromWire(Wire.Event wire, WireReader reader) => wire.KindCase switch
    {
        Wire.Event.KindOneofCase.EncryptedMessage => ReadMessage(wire.EncryptedMessage, reader.At("event.encrypted_message")),
        Wire.Event.KindOneofCase.RoomUpdate => ReadRoomUpdate(wire.RoomUpdate, reader.At("event.room_update")),
        Wire.Event.KindOneofCase.KeyMaterialPublish => ReadPublish(wire.KeyMaterialPublish, reader.At("event.key_material_publish")),
        Wire.Event.KindOneofCase.KeyMaterialRequest => ReadRequest(wire.KeyMaterialRequest, reader.At("event.key_material_request")),
        Wire.Event.KindOneofCase.KeyMaterialResponse => ReadResponse(wire.KeyMaterialResponse, reader.At("event.key_material_response")),
        Wire.Event.KindOneofCase.ConsentEntry => ReadConsent(wire.ConsentEntry, reader.At("event.consent_entry")),
        Wire.Event.KindOneofCase.DeliveryReport => ReadReport(wire.DeliveryReport, reader.At("event.delivery_report")),
        Wire.Event.KindOneofCase.Refusal => ReadRefusal(wire.Refusal, reader.At("event.refusal")),
        Wire.Event.KindOneofCase.Unreadable => ReadUnreadable(wire.Unreadable, reader.At("event.unreadable")),
        Wire.Event.KindOneofCase.KeyMaterialCountRequest => ReadCountRequest(wire.KeyMaterialCountRequest, reader.At("event.key_material_count_request")),
        Wire.Event.KindOneofCase.KeyMaterialCount => ReadCount(wire.KeyMaterialCount, reader.At("event.key_material_count")),
        Wire.Event.KindOneofCase.DeviceListUpdate => ReadListUpdate(wire.DeviceListUpdate, reader.At("event.device_list_update")),
        Wire.Event.KindOneofCase.DeviceListRequest => ReadListRequest(wire.DeviceListRequest, reader.At("event.device_list_request")),
        Wire.Event.KindOneofCase.DeviceListResponse => ReadListResponse(wire.DeviceListResponse, reader.At("event.device_list_response")),
        Wire.Event.KindOneofCase.DeviceLinkMessage => ReadLink(wire.DeviceLinkMessage, reader.At("event.device_link_message")),
        Wire.Event.KindOneofCase.IdentityObjection => ReadObjection(wire.IdentityObjection, reader.At("event.identity_objection")),
        _ => reader.Fail("FED-007", "The event kind is missing or not known to this version", "event.kind") as FederationEvent,
    };

    private static EncryptedMessage? ReadMessage(Wire.EncryptedMessage wire, WireReader reader)
    {
        var room = reader.Optional<RoomUri>(wire.Room, RoomUri.TryParse, "room");
        var recipient = reader.Optional<UserUri>(wire.Recipient, UserUri.TryParse, "recipient");
        reader.Check((room is null) != (recipient is null), "FED-006", "Exactly one of room and recipient is set", "room");
        return reader.Done(() => new EncryptedMessage(room, recipient, wire.Message.Memory));
    }

    private static RoomUpdate? ReadRoomUpdate(Wire.RoomUpdate wire, WireReader reader)
    {
        var room = reader.Required<RoomUri>(wire.Room, RoomUri.TryParse, "room");
        reader.Check(!wire.Commit.IsEmpty, "FED-004", "A room update has a commit", "commit");
        reader.Check(!wire.GroupInfo.IsEmpty, "FED-004", "A room update has a GroupInfo", "group_info");
        var lists = Attached(wire.DeviceLists, reader);
        return reader.Done(() => new RoomUpdate(room!, wire.Commit.Memory, wire.Welcome.Memory, wire.GroupInfo.Memory) { DeviceLists = lists });
    }

    private static KeyMaterialPublish? ReadPublish(Wire.KeyMaterialPublish wire, WireReader reader)
    {
        var client = reader.Required<ClientUri>(wire.Client, ClientUri.TryParse, "client");
        reader.Check(wire.KeyPackages.Count is > 0 and <= MaxKeyPackages, "FED-006", $"1 to {MaxKeyPackages} key packages", "key_packages");
        reader.Check(wire.KeyPackages.All(p => !p.IsEmpty), "FED-004", "A key package is empty", "key_packages");
        return reader.Done(() => new KeyMaterialPublish(client!, [.. wire.KeyPackages.Select(p => p.Memory)]));
    }

    private static KeyMaterialRequest? ReadRequest(Wire.KeyMaterialRequest wire, WireReader reader)
    {
        var target = reader.Required<UserUri>(wire.Target, UserUri.TryParse, "target");
        var room = reader.Optional<RoomUri>(wire.Room, RoomUri.TryParse, "room");
        reader.Check(wire.CipherSuites.Count is > 0 and <= MaxCipherSuites && wire.CipherSuites.All(s => s is > 0 and <= ushort.MaxValue), "FED-006", $"1 to {MaxCipherSuites} cipher suites of 16 bits", "cipher_suites");
        return reader.Done(() => new KeyMaterialRequest(target!, room, [.. wire.CipherSuites.Select(s => (ushort)s)]));
    }

    private static KeyMaterialResponse? ReadResponse(Wire.KeyMaterialResponse wire, WireReader reader)
    {
        var frame = reader.FrameId(wire.RequestFrameId, "request_frame_id", required: true);
        var target = reader.Required<UserUri>(wire.Target, UserUri.TryParse, "target");
        var room = reader.Optional<RoomUri>(wire.Room, RoomUri.TryParse, "room");
        reader.Check(Enum.IsDefined((KeyMaterialStatus)wire.Status), "FED-006", "Unknown key material status", "status");
        reader.Check(wire.Clients.Count <= MaxKeyPackages, "FED-006", $"At most {MaxKeyPackages} clients", "clients");
        var clients = new List<ClientKeyMaterial>();
        foreach (var entry in wire.Clients.Take(MaxKeyPackages))
        {
            var client = reader.Required<ClientUri>(entry.Client, ClientUri.TryParse, "clients.client");
            reader.Check(Enum.IsDefined((ClientKeyMaterialStatus)entry.Status), "FED-006", "Unknown client key material status", "clients.status");
            reader.Check(entry.KeyPackage.IsEmpty == ((ClientKeyMaterialStatus)entry.Status != ClientKeyMaterialStatus.Success), "FED-006", "A key package comes with success and only then", "clients.key_package");
            if (client is not null)
            {
                clients.Add(new ClientKeyMaterial(client, (ClientKeyMaterialStatus)entry.Status, entry.KeyPackage.Memory));
            }
        }

        var lists = Attached(wire.DeviceLists, reader);
        reader.Check(clients.Count == 0 || (KeyMaterialStatus)wire.Status is KeyMaterialStatus.Success or KeyMaterialStatus.PartialSuccess or KeyMaterialStatus.NoCompatibleMaterial, "FED-006", "Clients come with success only", "clients");
        return reader.Done(() => new KeyMaterialResponse(frame!.Value, target!, room, (KeyMaterialStatus)wire.Status, clients) { DeviceLists = lists });
    }

    private static ConsentEntry? ReadConsent(Wire.ConsentEntry wire, WireReader reader)
    {
        var requester = reader.Required<UserUri>(wire.Requester, UserUri.TryParse, "requester");
        var target = reader.Required<UserUri>(wire.Target, UserUri.TryParse, "target");
        var room = reader.Optional<RoomUri>(wire.Room, RoomUri.TryParse, "room");
        reader.Check(Enum.IsDefined((ConsentOperation)wire.Operation), "FED-006", "Unknown consent operation", "operation");
        var lists = Attached(wire.DeviceLists, reader);
        return reader.Done(() => new ConsentEntry((ConsentOperation)wire.Operation, requester!, target!, room) { DeviceLists = lists });
    }

    private static DeliveryReport? ReadReport(Wire.DeliveryReport wire, WireReader reader)
    {
        var id = reader.EventId(wire.EventId, "event_id");
        var frame = reader.FrameId(wire.FrameId, "frame_id", required: false);
        var recipient = reader.Optional<UserUri>(wire.Recipient, UserUri.TryParse, "recipient");
        var at = reader.Time(wire.AtMs, "at_ms");
        reader.Check(Enum.IsDefined((DeliveryStatus)wire.Status), "FED-006", "Unknown delivery status", "status");
        reader.Text(wire.RuleId, MaxRuleIdLength, "rule_id");
        reader.Text(wire.Reason, MaxReasonLength, "reason");
        return reader.Done(() => new DeliveryReport(id!.Value, frame, recipient, (DeliveryStatus)wire.Status, WireReader.NullIfEmpty(wire.RuleId), WireReader.NullIfEmpty(wire.Reason), at));
    }

    private static Refusal? ReadRefusal(Wire.Refusal wire, WireReader reader)
    {
        var id = reader.EventId(wire.EventId, "event_id");
        var frame = reader.FrameId(wire.FrameId, "frame_id", required: false);
        reader.Check(wire.RuleId.Length > 0, "FED-004", "A refusal names its rule", "rule_id");
        reader.Text(wire.RuleId, MaxRuleIdLength, "rule_id");
        reader.Text(wire.Reason, MaxReasonLength, "reason");
        reader.Check(wire.RetryAfterMs <= (ulong)TimeSpan.FromDays(366).TotalMilliseconds, "FED-006", "Retry after is at most a year", "retry_after_ms");
        reader.Check(wire.HasCurrentEpoch || wire.CurrentEpoch == 0, "FED-006", "An epoch without its flag", "current_epoch");
        return reader.Done(() => new Refusal(id!.Value, frame, wire.RuleId, wire.Reason, wire.RetryAfterMs == 0 ? null : TimeSpan.FromMilliseconds(wire.RetryAfterMs), wire.HasCurrentEpoch ? wire.CurrentEpoch : null));
    }

    private static Unreadable? ReadUnreadable(Wire.Unreadable wire, WireReader reader)
    {
        reader.Check(wire.RuleId.Length > 0, "FED-004", "An unreadable event names its rule", "rule_id");
        reader.Text(wire.RuleId, MaxRuleIdLength, "rule_id");
        reader.Text(wire.Reason, MaxReasonLength, "reason");
        return reader.Done(() => new Unreadable(wire.RuleId, wire.Reason));
    }

    private static DeviceListUpdate? ReadListUpdate(Wire.DeviceListUpdate wire, WireReader reader)
    {
        reader.Check(wire.Lists.Count is > 0 and <= DeviceChain.MaxLists, "FED-006", $"1 to {DeviceChain.MaxLists} device lists", "lists");
        reader.Check(Fits(wire.Lists), "FED-002", $"Device lists of at most {AttachedLists.MaxBytes} bytes in all", "lists");
        return reader.Done(() => new DeviceListUpdate([.. wire.Lists.Select(l => l.Memory)]));
    }

    private static DeviceListRequest? ReadListRequest(Wire.DeviceListRequest wire, WireReader reader)
    {
        var target = reader.Required<UserUri>(wire.Target, UserUri.TryParse, "target");
        return reader.Done(() => new DeviceListRequest(target!));
    }

    private static DeviceListResponse? ReadListResponse(Wire.DeviceListResponse wire, WireReader reader)
    {
        var frame = reader.FrameId(wire.RequestFrameId, "request_frame_id", required: true);
        var target = reader.Required<UserUri>(wire.Target, UserUri.TryParse, "target");
        reader.Check(wire.Lists.Count <= DeviceChain.MaxLists, "FED-006", $"At most {DeviceChain.MaxLists} device lists", "lists");
        reader.Check(Fits(wire.Lists), "FED-002", $"Device lists of at most {AttachedLists.MaxBytes} bytes in all", "lists");
        return reader.Done(() => new DeviceListResponse(frame!.Value, target!, [.. wire.Lists.Select(l => l.Memory)]));
    }

    private static DeviceLinkMessage? ReadLink(Wire.DeviceLinkMessage wire, WireReader reader)
    {
        reader.Check(wire.Message.Length is > 0 and <= DeviceLinkMessage.MaxBytes, "FED-006", $"A link message is 1 to {DeviceLinkMessage.MaxBytes} bytes", "message");
        return reader.Done(() => new DeviceLinkMessage(wire.Message.Memory));
    }

    private static IdentityObjection? ReadObjection(Wire.IdentityObjection wire, WireReader reader)
    {
        var user = reader.Required<UserUri>(wire.User, UserUri.TryParse, "user");
        var issued = reader.Time(wire.IssuedMs, "issued_ms");
        reader.Check(wire.IdentityKey.Length == DeviceList.KeySize, "FED-006", $"An identity key is {DeviceList.KeySize} bytes", "identity_key");
        reader.Check(wire.Objected.Length == DeviceList.KeySize, "FED-006", $"A hash is {DeviceList.KeySize} bytes", "objected");
        reader.Check(wire.Signature.Length is > 0 and <= SignedDeviceList.MaxSignatureBytes, "FED-006", $"A signature is 1 to {SignedDeviceList.MaxSignatureBytes} bytes", "signature");
        return reader.Done(() => new IdentityObjection(user!, wire.IdentityKey.Memory, wire.Objected.Memory, issued, wire.Signature.Memory));
    }

    private static IReadOnlyList<ReadOnlyMemory<byte>> Attached(Google.Protobuf.Collections.RepeatedField<ByteString> wire, WireReader reader)
    {
        reader.Check(wire.Count <= AttachedLists.MaxLists, "FED-006", $"At most {AttachedLists.MaxLists} device lists", "device_lists");
        reader.Check(Fits(wire), "FED-002", $"Device lists of at most {AttachedLists.MaxBytes} bytes in all", "device_lists");
        return wire.Count == 0 ? [] : [.. wire.Select(l => l.Memory)];
    }

    private static bool Fits(Google.Protobuf.Collections.RepeatedField<ByteString> lists) => lists.Sum(l => (long)l.Length) <= AttachedLists.MaxBytes;

    private static KeyMaterialCountRequest? ReadCountRequest(Wire.KeyMaterialCountRequest wire, WireReader reader)
    {
        var client = reader.Required<ClientUri>(wire.Client, ClientUri.TryParse, "client");
        return reader.Done(() => new KeyMaterialCountRequest(client!));
    }

    private static KeyMaterialCount? ReadCount(Wire.KeyMaterialCount wire, WireReader reader)
    {
        var frame = reader.FrameId(wire.RequestFrameId, "request_frame_id", required: false);
        var client = reader.Required<ClientUri>(wire.Client, ClientUri.TryParse, "client");
        var ends = reader.Time(wire.LastResortMs, "last_resort_ms");
        reader.Check(wire.Left <= KeyMaterialCount.MaxLeft, "FED-006", $"At most {KeyMaterialCount.MaxLeft} key packages", "left");
        return reader.Done(() => new KeyMaterialCount(frame, client!, (int)wire.Left, wire.LastResortMs == 0 ? null : ends));
    }
}
