using Interconnect.Federation;

namespace Interconnect.Adapters.Matrix;

/// <summary>What a Matrix homeserver can carry.</summary>
internal static class MatrixFeatures
{
    /// <summary>Largest frame that fits in one event, in base64.</summary>
    public static int MaxFrameBytes(MatrixOptions options) => options.MaxFrameCharacters / 4 * 3;

    public static NetworkFeatures Of(MatrixOptions options) => new(
        $"matrix-1/{options.MaxFrameCharacters}/{options.MaxChunks}/{(options.DeliveredMeansRead ? "read" : "accepted")}",
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

        // The transaction id of a send is the event's, and the endpoint knows the event id inside.
        IdempotentDelivery: true,
        Receipts: options.DeliveredMeansRead);
}
