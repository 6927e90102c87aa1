namespace Interconnect.Mls.Components;

/// <summary>A wanted AppDataUpdate.</summary>
/// <param name="ComponentId">The component.</param>
/// <param name="Update">What its logic makes new data of; null = remove the component's data.</param>
public sealed record AppDataChange(ushort ComponentId, ReadOnlyMemory<byte>? Update)
{
    /// <summary>Redacted: the data is the application's.</summary>
    public override string ToString() => Update is null ? $"removal of component {ComponentId}" : $"update of component {ComponentId}";
}
