using Interconnect.Mls.Components;

namespace Interconnect.Mls.Tests.Groups;

/// <summary>
/// An application with one component, a list of words: an update appends, "bad" is never accepted, and "keep" can not be removed. Only members may append "member".
/// </summary>
internal sealed class Words : IAppComponents
{
    public const ushort Component = 0x0101;

    public static readonly MlsOptions Options = new() { AppComponents = new Words() };

    public IReadOnlyList<ushort> Supported => [Component];

    public static string Of(MlsGroup group) =>
        group.AppData.Find(Component) is { } data ? System.Text.Encoding.UTF8.GetString(data.Span) : "(none)";

    public static AppDataChange Append(string word) => new(Component, System.Text.Encoding.UTF8.GetBytes(word));

    public static ComponentData Ephemeral(string word) => new(Component, System.Text.Encoding.UTF8.GetBytes(word));

    public ReadOnlyMemory<byte>? Update(ushort componentId, ReadOnlyMemory<byte>? current, IReadOnlyList<ComponentChange> updates)
    {
        if (updates.Any(update => Is(update.Data, "bad") || (Is(update.Data, "member") && update.Origin is not ProposalOrigin.OfMember)))
        {
            return null;
        }

        return current.GetValueOrDefault().ToArray().Concat(updates.SelectMany(update => update.Data.ToArray())).ToArray();
    }

    public bool AcceptsRemoval(ushort componentId, ReadOnlyMemory<byte> current, ProposalOrigin origin) => !Is(current, "keep");

    public bool AcceptsEphemeral(ComponentChange change) => !Is(change.Data, "bad");

    private static bool Is(ReadOnlyMemory<byte> data, string word) => data.Span.SequenceEqual(System.Text.Encoding.UTF8.GetBytes(word));
}
