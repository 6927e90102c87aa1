using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;

namespace Interconnect.Federation;

/// <summary>Encodes and decodes <see cref="EndpointFrame"/>s (<c>federation.proto</c>, message EndpointFrame). Decoding never throws.</summary>
public static class FrameCodec
{
    /// <summary>Writes a frame. A request's event bytes go out as they were signed.</summary>
    public static byte[] Encode(EndpointFrame frame) => (frame switch
    {
        EndpointFrame.Request request => new Wire.EndpointFrame
        {
            Version = EndpointFrame.Version,
            Request = new Wire.SignedEvent { Event = WireReader.Wrap(request.EncodedEvent), Proof = EnvelopeCodec.ProofToWire(request.Proof) },
        },
        EndpointFrame.Delivery delivery => new Wire.EndpointFrame { Version = EndpointFrame.Version, Delivery = WireReader.Wrap(EnvelopeCodec.Encode(delivery.Envelope)) },
        _ => throw new InvalidOperationException("A frame is a request or a delivery."),
    }).ToByteArray();

    /// <summary>Reads a frame; at most <see cref="EndpointFrame.MaxBytes"/>.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out EndpointFrame? frame, [NotNullWhen(false)] out SchemaError? error)
    {
        frame = null;
        if (!WireReader.TryParse(Wire.EndpointFrame.Parser, bytes, EndpointFrame.MaxBytes, "frame", out var wire, out error))
        {
            return false;
        }

        if (wire.Version != EndpointFrame.Version)
        {
            error = new SchemaError("FED-003", $"Frame version {wire.Version} is not known; this reads version {EndpointFrame.Version}", "frame.version");
            return false;
        }

        switch (wire.BodyCase)
        {
            case Wire.EndpointFrame.BodyOneofCase.Request:
                return TryReadRequest(wire.Request, out frame, out error);
            case Wire.EndpointFrame.BodyOneofCase.Delivery:
                if (!EnvelopeCodec.TryDecode(wire.Delivery.Memory, out var envelope, out error))
                {
                    return false;
                }

                frame = new EndpointFrame.Delivery(envelope);
                return true;
            default:
                error = new SchemaError("FED-007", "The frame body is missing or not known to this version", "frame.body");
                return false;
        }
    }

    private static bool TryReadRequest(Wire.SignedEvent wire, [NotNullWhen(true)] out EndpointFrame? frame, [NotNullWhen(false)] out SchemaError? error)
    {
        frame = null;
        if (!EventCodec.TryDecode(wire.Event.Memory, out var @event, out error))
        {
            return false;
        }

        if (wire.Proof is null)
        {
            error = new SchemaError("FED-004", "A request is signed", "frame.request.proof");
            return false;
        }

        var reader = new WireReader().At("frame.request.proof");
        var proof = EnvelopeCodec.ReadProof(wire.Proof, reader);
        error = reader.Error;
        frame = proof is null ? null : new EndpointFrame.Request(@event, wire.Event.Memory, proof);
        return frame is not null;
    }
}
