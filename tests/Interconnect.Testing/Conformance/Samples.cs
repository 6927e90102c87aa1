using System.Security.Cryptography;
using Interconnect.Federation;

namespace Interconnect.Testing.Conformance;

/// <summary>Frames and envelopes for tests of adapters, which look at neither signatures nor ciphertext.</summary>
public static class Samples
{
    /// <summary>A user of a provider that is no network of the test.</summary>
    public static UserUri Bob { get; } = UserUri.Parse("mimi://far.example/u/bob");

    /// <summary>Where sample rooms live.</summary>
    public static ProviderDomain HubDomain { get; } = ProviderDomain.Parse("hub.example");

    /// <summary>A room of its own.</summary>
    public static RoomUri Room() => RoomUri.Parse($"mimi://{HubDomain.Value}/r/{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}");

    /// <summary>A request frame with an encrypted message of <paramref name="size"/> bytes.</summary>
    public static EndpointFrame.Request Request(UserUri sender, int size = 200)
    {
        var encoded = EventCodec.Encode(new EncryptedMessage(Room(), null, RandomNumberGenerator.GetBytes(size)));
        return Signed(sender, encoded);
    }

    /// <summary>An envelope on its way to <paramref name="recipient"/>, as the hub fans it out.</summary>
    public static FederationEnvelope Envelope(UserUri recipient, int size = 200, UserUri? sender = null, RoomUri? room = null, string? key = null)
    {
        sender ??= Bob;
        var request = Signed(sender, EventCodec.Encode(new EncryptedMessage(room ?? Room(), null, RandomNumberGenerator.GetBytes(size))));
        var id = EventId.Derive(NetworkId.Parse("sample"), key ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        return FederationEnvelope.Create(id, NetworkId.Parse("sample"), sender, request.Event.ConversationFor(sender), new(OuterEncryption.Tls, InnerEncryption.Mls10), DateTimeOffset.UnixEpoch, request.Event, request.EncodedEvent)
            with { Proof = request.Proof, Recipients = [recipient], Sequence = 1, AcceptedAt = DateTimeOffset.UnixEpoch, HubDomain = HubDomain };
    }

    /// <summary>An envelope that the hub made, about <paramref name="about"/>.</summary>
    public static FederationEnvelope FromHub(UserUri recipient, EventId about, FederationEvent @event) =>
        FederationEnvelope.Create(EventId.Derive(about, "answer " + @event.Kind), null, null, ConversationKey.OfUser(recipient), default, DateTimeOffset.UnixEpoch, @event)
            with { Recipients = [recipient], AcceptedAt = DateTimeOffset.UnixEpoch, HubDomain = HubDomain };

    private static EndpointFrame.Request Signed(UserUri sender, byte[] encoded)
    {
        if (!EventCodec.TryDecode(encoded, out var @event, out var error) || !ClientUri.TryCreate(sender, "laptop", out var client))
        {
            throw new InvalidOperationException(error?.ToString() ?? "no client");
        }

        return new EndpointFrame.Request(@event, encoded, new FrameProof(FrameId.Create(), client, DateTimeOffset.UnixEpoch, 1, RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(64)));
    }
}
