using Interconnect.Federation;

namespace Interconnect.Adapters.Xmpp;

/// <summary>What an XMPP network can carry.</summary>
internal static class XmppFeatures
{
    /// <summary>Room for the stanza around a frame: addresses of at most 2 x 2,047 bytes, the fallback text, the other elements.</summary>
    public const int StanzaOverhead = 6_000;

    /// <summary>Largest frame that fits in one stanza, in base64.</summary>
    public static int MaxFrameBytes(XmppOptions options) => (options.MaxStanzaBytes - StanzaOverhead) / 4 * 3;

    public static NetworkFeatures Of(XmppOptions options) => new(
        $"xmpp-1/{options.MaxStanzaBytes}/{options.MaxChunks}",
        new Dictionary<string, FeatureLevel>
        {
            ["encrypted_message"] = FeatureLevel.Full,
            ["room_update"] = FeatureLevel.Full,
            ["key_material_response"] = FeatureLevel.Full,
            ["consent_entry"] = FeatureLevel.Full,
            ["delivery_report"] = FeatureLevel.Full,
            ["refusal"] = FeatureLevel.Full,
            ["device_list_update"] = FeatureLevel.Full,
            ["device_list_response"] = FeatureLevel.Full,
            ["device_link_message"] = FeatureLevel.Full,
            ["identity_objection"] = FeatureLevel.Full,
        },
        MaxFrameBytes(options),
        options.MaxChunks,

        // A stanza sent again has the same id and the endpoint knows the event id inside.
        IdempotentDelivery: true,
        Receipts: true);
}
