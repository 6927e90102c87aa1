using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;

namespace Interconnect.Federation;

/// <summary>Encodes and decodes <see cref="FederationEnvelope"/>s (<c>federation.proto</c>, message Envelope). Decoding never throws.</summary>
public static class EnvelopeCodec
{
    /// <summary>Largest encoded envelope in bytes: an event of the largest size and its header.</summary>
    public const int MaxBytes = EventCodec.MaxBytes + (1 << 20);

    /// <summary>Writes an envelope.</summary>
    public static byte[] Encode(FederationEnvelope envelope)
    {
        var wire = new Wire.Envelope
        {
            SchemaVersion = FederationEnvelope.SchemaVersion,
            EventId = ByteString.CopyFrom(envelope.Id.ToBytes()),
            OriginNetwork = envelope.Origin?.Value ?? "",
            Sender = envelope.Sender?.Value ?? "",
            Conversation = envelope.Conversation.Value,
            Outer = (uint)envelope.Labels.Outer,
            Inner = (uint)envelope.Labels.Inner,
            ReceivedMs = (ulong)envelope.ReceivedAt.ToUnixTimeMilliseconds(),
            Event = WireReader.Wrap(envelope.EncodedEvent),
            Proof = envelope.Proof is { } proof ? ProofToWire(proof) : null,
            Sequence = envelope.Sequence ?? 0,
            AcceptedMs = (ulong)(envelope.AcceptedAt?.ToUnixTimeMilliseconds() ?? 0),
            HubDomain = envelope.HubDomain?.Value ?? "",
        };
        wire.Recipients.AddRange(envelope.Recipients.Select(r => r.Value));
        return wire.ToByteArray();
    }

    /// <summary>Reads an envelope and its event.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out FederationEnvelope? envelope, [NotNullWhen(false)] out SchemaError? error)
    {
        envelope = null;
        if (!WireReader.TryParse(Wire.Envelope.Parser, bytes, MaxBytes, "envelope", out var wire, out error))
        {
            return false;
        }

        if (wire.SchemaVersion != FederationEnvelope.SchemaVersion)
        {
            error = new SchemaError("FED-003", $"Schema version {wire.SchemaVersion} is not known; this reads version {FederationEnvelope.SchemaVersion}", "envelope.schema_version");
            return false;
        }

        if (!EventCodec.TryDecode(wire.Event.Memory, out var @event, out error))
        {
            return false;
        }

        var reader = new WireReader().At("envelope");
        var id = reader.EventId(wire.EventId, "event_id");
        var origin = reader.Optional<NetworkId>(wire.OriginNetwork, NetworkId.TryParse, "origin_network");
        var sender = reader.Optional<UserUri>(wire.Sender, UserUri.TryParse, "sender");
        var conversation = reader.Required<ConversationKey>(wire.Conversation, ConversationKey.TryParse, "conversation");
        reader.Check(Enum.IsDefined((OuterEncryption)wire.Outer), "FED-006", "Unknown outer encryption label", "outer");
        reader.Check(Enum.IsDefined((InnerEncryption)wire.Inner), "FED-006", "Unknown inner encryption label", "inner");
        var received = reader.Time(wire.ReceivedMs, "received_ms");
        var accepted = reader.Time(wire.AcceptedMs, "accepted_ms");
        var hub = reader.Optional<ProviderDomain>(wire.HubDomain, ProviderDomain.TryParse, "hub_domain");
        reader.Check(wire.Recipients.Count <= FederationEnvelope.MaxRecipients, "FED-006", $"At most {FederationEnvelope.MaxRecipients} recipients", "recipients");
        var recipients = new List<UserUri>();
        foreach (var text in wire.Recipients.Take(FederationEnvelope.MaxRecipients))
        {
            if (reader.Required<UserUri>(text, UserUri.TryParse, "recipients") is { } recipient)
            {
                recipients.Add(recipient);
            }
        }

        var proof = wire.Proof is null ? null : ReadProof(wire.Proof, reader.At("envelope.proof"));
        envelope = reader.Done(() => new FederationEnvelope(id!.Value, origin, sender, conversation!, new((OuterEncryption)wire.Outer, (InnerEncryption)wire.Inner), received, @event, wire.Event.Memory)
        {
            Proof = proof,
            Recipients = recipients,
            Sequence = wire.Sequence == 0 ? null : wire.Sequence,
            AcceptedAt = wire.AcceptedMs == 0 ? null : accepted,
            HubDomain = hub,
        });
        error = reader.Error;
        return envelope is not null;
    }

    internal static Wire.FrameProof ProofToWire(FrameProof proof) => new()
    {
        FrameId = ByteString.CopyFrom(proof.FrameId.ToBytes()),
        Client = proof.Client.Value,
        CreatedMs = (ulong)proof.CreatedAt.ToUnixTimeMilliseconds(),
        CipherSuite = proof.CipherSuite,
        SignatureKey = WireReader.Wrap(proof.SignatureKey),
        Signature = WireReader.Wrap(proof.Signature),
    };

    internal static FrameProof? ReadProof(Wire.FrameProof wire, WireReader reader)
    {
        var frame = reader.FrameId(wire.FrameId, "frame_id", required: true);
        var client = reader.Required<ClientUri>(wire.Client, ClientUri.TryParse, "client");
        var created = reader.Time(wire.CreatedMs, "created_ms");
        reader.Check(wire.CipherSuite is > 0 and <= ushort.MaxValue, "FED-006", "A cipher suite is a number of 16 bits", "cipher_suite");
        reader.Check(wire.SignatureKey.Length is > 0 and <= 256, "FED-006", "A signature key is 1 to 256 bytes", "signature_key");
        reader.Check(wire.Signature.Length is > 0 and <= 512, "FED-006", "A signature is 1 to 512 bytes", "signature");
        return reader.Done(() => new FrameProof(frame!.Value, client!, created, (ushort)wire.CipherSuite, wire.SignatureKey.Memory, wire.Signature.Memory));
    }
}
