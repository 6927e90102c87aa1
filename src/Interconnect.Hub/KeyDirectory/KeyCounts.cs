using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>Tells a client how much of its own key material is left, so that it need not guess by what it has not seen used.</summary>
internal static class KeyCounts
{
    public static Decision Decide(KeyMaterialCountRequest request, PreparedEvent prepared, HubView view)
    {
        var proof = prepared.Envelope.Proof!;
        if (request.Client != proof.Client)
        {
            return new Decision.Refused(HubRule.PublishOwn);
        }

        var count = view.Counts.GetValueOrDefault(request.Client);
        return new Decision.Accepted { Response = new KeyMaterialCount(proof.FrameId, request.Client, count?.Left ?? 0, count?.LastResortEnds) };
    }
}
