namespace Interconnect.Federation.Tests;

/// <summary>One fixed value of every event kind, and an envelope and frames around them.</summary>
internal static class Samples
{
    public static readonly NetworkId Network = NetworkId.Parse("xmpp-a");
    public static readonly UserUri Alice = UserUri.Parse("mimi://a.test/u/alice");
    public static readonly UserUri Bob = UserUri.Parse("mimi://hs.test/u/bob");
    public static readonly ClientUri AlicePhone = ClientUri.Parse("mimi://a.test/d/alice/phone");
    public static readonly ClientUri BobPhone = ClientUri.Parse("mimi://hs.test/d/bob/phone");
    public static readonly RoomUri Room = RoomUri.Parse("mimi://hub.test/r/8d6b");
    public static readonly DateTimeOffset Time = DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_123);
    public static readonly EventId Id = EventId.Derive(Network, "alice@a.test", "stanza-1");

    public static FrameId Frame => FrameId.TryParse("000102030405060708090a0b0c0d0e0f", out var id) ? id : throw new InvalidOperationException();

    public static IReadOnlyDictionary<string, FederationEvent> Events { get; } = new SortedDictionary<string, FederationEvent>(StringComparer.Ordinal)
    {
        ["encrypted_message_room"] = new EncryptedMessage(Room, null, Bytes(5, 9)),
        ["encrypted_message_direct"] = new EncryptedMessage(null, Bob, Bytes(0, 0)),
        ["room_update"] = new RoomUpdate(Room, Bytes(1, 4), Bytes(2, 5), Bytes(3, 6)),
        ["room_update_no_welcome"] = new RoomUpdate(Room, Bytes(1, 4), Bytes(0, 0), Bytes(3, 6)),
        ["key_material_publish"] = new KeyMaterialPublish(AlicePhone, [Bytes(1, 3), Bytes(2, 3)]),
        ["key_material_request"] = new KeyMaterialRequest(Bob, Room, [1, 2, 0x0a0a]),
        ["key_material_response"] = new KeyMaterialResponse(Frame, Bob, null, KeyMaterialStatus.PartialSuccess, [new(BobPhone, ClientKeyMaterialStatus.Success, Bytes(7, 3)), new(ClientUri.Parse("mimi://hs.test/d/bob/tab"), ClientKeyMaterialStatus.Exhausted, Bytes(0, 0))]),
        ["key_material_response_no_consent"] = new KeyMaterialResponse(Frame, Bob, Room, KeyMaterialStatus.NoConsent, []),
        ["key_material_count_request"] = new KeyMaterialCountRequest(AlicePhone),
        ["key_material_count"] = new KeyMaterialCount(Frame, AlicePhone, 17, Time),
        ["key_material_count_notice"] = new KeyMaterialCount(null, AlicePhone, 0, null),
        ["consent_entry"] = new ConsentEntry(ConsentOperation.Cancel, Alice, Bob, null),
        ["consent_entry_room"] = new ConsentEntry(ConsentOperation.Grant, Alice, Bob, Room),
        ["delivery_report"] = new DeliveryReport(Id, Frame, Bob, DeliveryStatus.Bounced, "XMPP-010", "No such user", Time),
        ["delivery_report_accepted"] = new DeliveryReport(Id, null, null, DeliveryStatus.Accepted, null, null, Time),
        ["refusal"] = new Refusal(Id, Frame, "HUB-012", "Wrong epoch", TimeSpan.FromSeconds(3), 0),
        ["refusal_final"] = new Refusal(Id, null, "HUB-001", "No agreement", null, null),
        ["room_update_with_lists"] = new RoomUpdate(Room, Bytes(1, 4), Bytes(2, 5), Bytes(3, 6)) { DeviceLists = [Bytes(10, 3), Bytes(20, 2)] },
        ["key_material_response_with_lists"] = new KeyMaterialResponse(Frame, Bob, null, KeyMaterialStatus.NoCompatibleMaterial, []) { DeviceLists = [Bytes(10, 3)] },
        ["consent_entry_with_lists"] = new ConsentEntry(ConsentOperation.Request, Alice, Bob, null) { DeviceLists = [Bytes(10, 3)] },
        ["device_list_update"] = new DeviceListUpdate([Bytes(10, 3), Bytes(20, 2)]),
        ["device_list_request"] = new DeviceListRequest(Bob),
        ["device_list_response"] = new DeviceListResponse(Frame, Bob, [Bytes(10, 3)]),
        ["device_link_message"] = new DeviceLinkMessage(Bytes(30, 4)),
        ["identity_objection"] = IdentityObjection.Sign(Alice, Identity.Signers.Key(1), Identity.Signers.Key(2), Time, Identity.Signers.With(Identity.Signers.Key(1))),
        ["unreadable"] = new Unreadable("FED-001", "Truncated"),
    };

    public static FrameProof Proof => new(Frame, AlicePhone, Time, 1, Bytes(32, 32), Bytes(64, 64));

    public static FederationEnvelope Envelope(FederationEvent @event) => FederationEnvelope.Create(Id, Network, Alice, @event.ConversationFor(Alice), new(OuterEncryption.Tls, InnerEncryption.Mls10), Time, @event) with
    {
        Proof = Proof,
        Recipients = [Bob],
        Sequence = 42,
        AcceptedAt = Time.AddMilliseconds(7),
        HubDomain = ProviderDomain.Parse("hub.test"),
    };

    public static ReadOnlyMemory<byte> Bytes(byte first, int count) => Enumerable.Range(0, count).Select(i => (byte)(first + i)).ToArray();
}
