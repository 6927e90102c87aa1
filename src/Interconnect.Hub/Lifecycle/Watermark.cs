using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>How far a sweep has come.</summary>
internal sealed record Watermark(string Name, long Value);

/// <summary>Table <c>hub_watermarks</c>.</summary>
internal static class WatermarkStore
{
    /// <summary>Through which event number every delivery has ended.</summary>
    public const string Expiry = "expiry";

    public static readonly RowStatement<string> ByName = new(
        "SELECT w.name, w.value FROM given JOIN hub_watermarks w ON w.name = given.name", RowColumn<string>.Text("name", n => n));

    public static readonly RowStatement<Watermark> Upsert = new(
        "INSERT INTO hub_watermarks (name, value) SELECT name, value FROM given WHERE true ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        RowColumn<Watermark>.Text("name", w => w.Name),
        RowColumn<Watermark>.Number("value", w => w.Value));
}
