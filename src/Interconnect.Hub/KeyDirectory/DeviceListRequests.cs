using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>Gives out a user's device lists: to the user's own devices, and to users in contact. Without consent the answer is the same whether the user exists, or has lists, or not.</summary>
internal static class DeviceListRequests
{
    public static Decision Decide(DeviceListRequest request, PreparedEvent prepared, HubView view, HubPolicy policy)
    {
        var sender = prepared.Envelope.Sender!;
        var proof = prepared.Envelope.Proof!;
        if (request.Target != sender)
        {
            if (policy.Peering(sender, request.Target, proof.CipherSuite) is { } refused)
            {
                return refused;
            }

            if (!view.ConsentsOf(sender, request.Target).InContact(sender, request.Target))
            {
                return new Decision.Refused(HubRule.Consented);
            }
        }

        return new Decision.Accepted { Response = new DeviceListResponse(proof.FrameId, request.Target, view.Chains[request.Target]) };
    }
}
