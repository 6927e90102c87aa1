using System.Text.Json;
using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>
/// Reads peering agreements, one a JSON file. Comments and trailing commas are allowed; an unknown key is a mistake, because a misspelt limit must not be silently absent.
/// </summary>
public static class PeeringLoader
{
    /// <summary>Largest file in bytes.</summary>
    public const int MaxFileBytes = 64 * 1024;

    private static readonly IReadOnlyDictionary<string, InnerEncryption> Lanes = new Dictionary<string, InnerEncryption>(StringComparer.Ordinal)
    {
        ["mls10"] = InnerEncryption.Mls10,
    };

    /// <summary>Every <c>*.json</c> of a folder in the order of names, with all mistakes at once; an absent folder is a mistake too.</summary>
    public static (IReadOnlyList<PeeringAgreement> Agreements, IReadOnlyList<string> Problems) LoadFolder(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return ([], [$"the peering folder {folder} does not exist."]);
        }

        var agreements = new List<PeeringAgreement>();
        var problems = new List<string>();
        foreach (var path in Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(path);
            try
            {
                if (new FileInfo(path).Length > MaxFileBytes)
                {
                    problems.Add($"{name}: larger than {MaxFileBytes} bytes.");
                }
                else if (Read(name, File.ReadAllBytes(path), problems) is { } agreement)
                {
                    agreements.Add(agreement);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                problems.Add($"{name}: cannot be read ({e.GetType().Name}).");
            }
        }

        return (agreements, problems);
    }

    /// <summary>Reads one agreement; null with the mistakes added to <paramref name="problems"/>.</summary>
    /// <param name="name">What the mistakes call the source.</param>
    public static PeeringAgreement? Read(string name, ReadOnlyMemory<byte> json, ICollection<string> problems)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 8 });
            var reader = new Reader(name);
            var agreement = reader.Agreement(document.RootElement);
            foreach (var problem in reader.Problems)
            {
                problems.Add(problem);
            }

            return reader.Problems.Count == 0 ? agreement : null;
        }
        catch (JsonException e)
        {
            problems.Add($"{name}: not JSON, line {e.LineNumber + 1}.");
            return null;
        }
    }

    private sealed class Reader(string name)
    {
        private readonly HashSet<string> seen = new(StringComparer.Ordinal);

        public List<string> Problems { get; } = [];

        public PeeringAgreement? Agreement(JsonElement root)
        {
            if (root.ValueKind != JsonValueKind.Object)
            {
                Wrong("", "is an object");
                return null;
            }

            string? id = null;
            IReadOnlyList<ProviderDomain> sides = [];
            IReadOnlyList<InnerEncryption> lanes = [];
            var suite = 0;
            var bytes = 0;
            foreach (var property in root.EnumerateObject())
            {
                if (!seen.Add(property.Name))
                {
                    Wrong(property.Name, "is there once");
                }

                switch (property.Name)
                {
                    case "id":
                        id = Id(property.Value);
                        break;
                    case "between":
                        sides = Sides(property.Value);
                        break;
                    case "lanes":
                        lanes = ReadLanes(property.Value);
                        break;
                    case "minimumSuite":
                        suite = Number(property, 1, 7);
                        break;
                    case "maxMessageBytes":
                        bytes = Number(property, 1024, EndpointFrame.MaxBytes);
                        break;
                    default:
                        Wrong(property.Name, "is not a key of a peering agreement (id, between, lanes, minimumSuite, maxMessageBytes)");
                        break;
                }
            }

            foreach (var missing in new[] { "id", "between", "lanes", "minimumSuite", "maxMessageBytes" }.Where(k => !seen.Contains(k)))
            {
                Wrong(missing, "is missing");
            }

            return Problems.Count > 0 ? null : new PeeringAgreement { Id = id!, First = sides[0], Second = sides[1], Lanes = lanes, MinimumSuite = (ushort)suite, MaxMessageBytes = bytes };
        }

        private string? Id(JsonElement value)
        {
            var text = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
            if (text is not { Length: > 0 and <= 64 } || !text.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
            {
                Wrong("id", "is 1 to 64 letters, digits and hyphens");
            }

            return text;
        }

        private IReadOnlyList<ProviderDomain> Sides(JsonElement value)
        {
            var sides = new List<ProviderDomain>();
            if (value.ValueKind == JsonValueKind.Array)
            {
                foreach (var side in value.EnumerateArray())
                {
                    if (side.ValueKind == JsonValueKind.String && ProviderDomain.TryParse(side.GetString(), out var domain))
                    {
                        sides.Add(domain);
                    }
                }
            }

            if (sides.Count != 2 || value.GetArrayLength() != 2 || sides[0] == sides[1])
            {
                Wrong("between", "names the domains of two different providers");
                return [];
            }

            return sides;
        }

        private IReadOnlyList<InnerEncryption> ReadLanes(JsonElement value)
        {
            var lanes = new List<InnerEncryption>();
            var items = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToList() : [];
            foreach (var lane in items)
            {
                if (lane.ValueKind == JsonValueKind.String && Lanes.TryGetValue(lane.GetString()!, out var known) && !lanes.Contains(known))
                {
                    lanes.Add(known);
                }
            }

            if (lanes.Count == 0 || lanes.Count != items.Count)
            {
                Wrong("lanes", "lists lanes, each once: " + string.Join(", ", PeeringLoader.Lanes.Keys));
            }

            return lanes;
        }

        private int Number(JsonProperty property, int least, int most)
        {
            if (property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetInt32(out var number) && number >= least && number <= most)
            {
                return number;
            }

            Wrong(property.Name, $"is a whole number from {least} to {most}");
            return least;
        }

        private void Wrong(string key, string demand) => Problems.Add(key.Length == 0 ? $"{name}: the file {demand}." : $"{name}: {key} {demand}.");
    }
}
