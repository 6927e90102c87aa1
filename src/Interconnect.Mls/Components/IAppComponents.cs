namespace Interconnect.Mls.Components;

/// <summary>
/// The application's logic for the components it knows (draft-ietf-mls-extensions-10 sections 4.7 and 4.8). Every member must come to the same answers, so they may
/// depend on nothing but the arguments. Must be quick and must not throw.
/// </summary>
public interface IAppComponents
{
    /// <summary>The components this application knows; listed in its leaves.</summary>
    IReadOnlyList<ushort> Supported { get; }

    /// <summary>The component's new data after these updates, in the order of the commit; null when it considers them invalid.</summary>
    /// <param name="componentId">One of <see cref="Supported"/>.</param>
    /// <param name="current">The data in the GroupContext; null when there is none.</param>
    /// <param name="updates">At least one.</param>
    ReadOnlyMemory<byte>? Update(ushort componentId, ReadOnlyMemory<byte>? current, IReadOnlyList<ComponentChange> updates);

    /// <summary>True when the component's data may be removed by this sender.</summary>
    bool AcceptsRemoval(ushort componentId, ReadOnlyMemory<byte> current, ProposalOrigin origin);

    /// <summary>True when the ephemeral data is valid for the component.</summary>
    bool AcceptsEphemeral(ComponentChange change);
}

/// <summary>Data proposed for a component, and by whom.</summary>
/// <param name="ComponentId">The component.</param>
/// <param name="Data">The update's or ephemeral proposal's data.</param>
/// <param name="Origin">Who proposed it.</param>
public sealed record ComponentChange(ushort ComponentId, ReadOnlyMemory<byte> Data, ProposalOrigin Origin)
{
    /// <summary>Redacted: the data is the application's.</summary>
    public override string ToString() => $"change of component {ComponentId}";
}

/// <summary>Who made a proposal. Closed set.</summary>
public abstract record ProposalOrigin
{
    private ProposalOrigin()
    {
    }

    /// <summary>A member, as it was before the commit.</summary>
    public sealed record OfMember(Member Member) : ProposalOrigin;

    /// <summary>An entry of the group's external_senders.</summary>
    public sealed record OfExternalSender(uint SenderIndex) : ProposalOrigin;

    /// <summary>Somebody who joins: by an external commit, or by proposing its own Add.</summary>
    public sealed record OfJoiner : ProposalOrigin;
}
