using Interconnect.Federation;
using Interconnect.Storage;
using Microsoft.Extensions.Logging;

namespace Interconnect.Hub;

/// <summary>What everything within one tenure of the lease shares.</summary>
internal sealed record HubParts(
    Database Database, Lease Lease, CommitStep Commit, HubPolicy Policy, FrameVerifiers Verifiers, SenderBudgets Budgets, KnownLists Lists, IBusPublisher Publisher, IBusConsumer Consumer, HubMetrics Metrics, TimeProvider Clock, ClockWatch Watch,
    ILogger Log);
