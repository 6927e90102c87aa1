using Interconnect.Mls.Framing;
using Interconnect.Mls.Groups;
using Interconnect.Mls.PublicGroups;
using Interconnect.Mls.Tests.Groups;

namespace Interconnect.Mls.Tests.PublicGroups;

/// <summary>
/// Holds a public group beside a member: whatever handshake the member judges in any test, the server must judge the same, by the same rule, unless that rule
/// needs a secret.
/// </summary>
internal static class ServerView
{
    // The client's own size bound; membership tag, own message, HPKE, path secrets, confirmation tag, PSK values: what needs a secret, or is asked of members only.
    private static readonly HashSet<string> MembersOnly =
        ["MLS-007", "MLS-305", "MLS-312", "MLS-113", "MLS-115", "MLS-506", "MLS-508", "MLS-509", "MLS-511", "MLS-701", "MLS-904"];

    public static PublicGroup Of(Person person)
    {
        var state = person.State;
        var options = new PublicGroupOptions
        {
            Authentication = person.Client.Authentication,
            Clock = person.Clock,
            ClockTolerance = person.Client.Options.ClockTolerance,
            EnforceLifetimesOnReceipt = person.Client.Options.EnforceLifetimesOnReceipt,
            MaxPendingProposals = person.Client.Options.MaxPendingProposals,
            Components = person.Client.GroupPolicy.Components,
            ExtensionsDraftChoices = person.Client.Options.ExtensionsDraftChoices,
        };
        var entered = PublicGroupState.Enter(state.Suite, state.Context, state.Tree, state.ConfirmationTag);
        return new PublicGroup(entered with { IsActive = state.Status == GroupStatus.Active, Pending = state.Stored }, options);
    }

    public static void AssertRefuses(PublicGroup server, byte[] message, string memberRule)
    {
        if (Judge(server, message) is { } verdict && !MembersOnly.Contains(memberRule))
        {
            Assert.Equal(memberRule, verdict.Match(_ => "accepted", error => error.Rule));
        }
    }

    public static void AssertFollows(PublicGroup server, byte[] message, Processed processed)
    {
        if (Judge(server, message) is not { } verdict)
        {
            return;
        }

        var next = verdict.Value;
        if (processed is Processed.RemovedFromGroup)
        {
            Assert.Equal(server.Epoch + 1, next.Epoch);
            return;
        }

        var state = processed.NewState.State;
        Assert.Equal(state.Context.Epoch, next.Epoch);
        Assert.Equal(state.EncodedContext, next.State.EncodedContext);
        Assert.Equal(state.InterimTranscriptHash, next.State.InterimTranscriptHash);
        Assert.Equal(state.ConfirmationTag, next.State.ConfirmationTag);
        Assert.Equal(state.Stored.Select(item => Convert.ToHexString(item.Reference)), next.State.Pending.Select(item => Convert.ToHexString(item.Reference)));
        Assert.Equal(state.Status == GroupStatus.Active, next.IsActive);
    }

    // Null for what a server does not read: encrypted handshakes and application messages.
    private static MlsResult<PublicGroup>? Judge(PublicGroup server, byte[] message)
    {
        if (!PublicHandshake.TryRead(message, out var header, out var error))
        {
            return error.Rule is "MLS-008" or "MLS-311" ? default(MlsResult<PublicGroup>?) : error;
        }

        return header.IsCommit
            ? server.ReceiveCommit(message).Match(step => step.Next, refused => (MlsResult<PublicGroup>)refused)
            : server.ReceiveProposal(message).Match(step => step.Next, refused => (MlsResult<PublicGroup>)refused);
    }
}
