using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interconnect.Adapters.Hosting;
using Interconnect.Federation;
using Interconnect.Hub;

namespace Interconnect.Gateway.Configuration;

/// <summary>
/// Fills options records from a JSON tree. Keys are compared without regard to case; an unknown key, a value of the wrong kind or a null where none may be is a
/// problem, and all of them are collected. White space around a value is cut off. Durations are <c>[d.]hh:mm:ss</c>; values from the environment arrive as text and are read as what is wanted.
/// </summary>
internal static class StrictBinder
{
    /// <summary>Told from elsewhere in the configuration: the database, the partitions of the bus, the folders of networks and peerings.</summary>
    private static readonly (Type Type, string Property)[] Hidden =
    [
        (typeof(HubOptions), nameof(HubOptions.Partitions)),
        (typeof(HubOptions), nameof(HubOptions.Database)),
        (typeof(HubOptions), nameof(HubOptions.Networks)),
        (typeof(HubOptions), nameof(HubOptions.Peerings)),
        (typeof(AdapterHostOptions), nameof(AdapterHostOptions.Network)),
    ];

    /// <summary>The record, with its defaults where nothing is said or what is said is wrong.</summary>
    public static T Bind<T>(JsonNode? node, string path, List<string> problems)
        where T : class => (T)(Value(node ?? new JsonObject(), typeof(T), path, problems) ?? Activator.CreateInstance<T>());

    private static object? Value(JsonNode node, Type type, string path, List<string> problems)
    {
        var wanted = Nullable.GetUnderlyingType(type) ?? type;
        if (ElementOf(wanted) is { } element)
        {
            return List(node, element, path, problems);
        }

        if (wanted.IsGenericType && wanted.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>))
        {
            return Map(node, wanted.GetGenericArguments()[1], path, problems);
        }

        if (wanted == typeof(string) || wanted == typeof(Uri) || wanted == typeof(TimeSpan) || wanted == typeof(ProviderDomain) || wanted.IsEnum || wanted.IsPrimitive)
        {
            return Scalar(node, wanted, path, problems);
        }

        return Record(node, wanted, path, problems);
    }

    private static object? Record(JsonNode node, Type type, string path, List<string> problems)
    {
        if (node is not JsonObject o)
        {
            problems.Add($"{path}: an object {{...}} is expected.");
            return null;
        }

        var record = Activator.CreateInstance(type)!;
        var properties = Settable(type).ToList();
        foreach (var (key, child) in o)
        {
            var here = path.Length == 0 ? key : $"{path}:{key}";
            var property = properties.FirstOrDefault(p => string.Equals(p.Name, key.Replace("-", string.Empty, StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase));
            if (property is null)
            {
                problems.Add($"{here}: unknown key. Known here: {string.Join(", ", properties.Select(p => Name(p)))}.");
            }
            else if (child is null)
            {
                if (new NullabilityInfoContext().Create(property).WriteState == NullabilityState.Nullable)
                {
                    property.SetValue(record, null);
                }
                else
                {
                    problems.Add($"{here}: null is not a value here; leave the key out for the default.");
                }
            }
            else if (Value(child, property.PropertyType, here, problems) is { } value)
            {
                property.SetValue(record, value);
            }
        }

        return record;
    }

    private static IEnumerable<PropertyInfo> Settable(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.SetMethod?.IsPublic == true && !typeof(Delegate).IsAssignableFrom(p.PropertyType) && !Hidden.Contains((type, p.Name)));

    private static object? Scalar(JsonNode node, Type type, string path, List<string> problems)
    {
        // White space around a value is nobody's intention: a secret that is mounted or exported often ends with a line break.
        var text = node is not JsonValue value ? null : value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>().Trim() : value.ToJsonString();
        var kind = node.GetValueKind();
        if (text?.Any(char.IsControl) == true)
        {
            problems.Add($"{path}: a value without line breaks and other control characters is expected.");
            return null;
        }

        object? result = text is null ? null : type switch
        {
            _ when type == typeof(string) => kind == JsonValueKind.String ? text : null,
            _ when type == typeof(bool) => bool.TryParse(text, out var flag) ? flag : null,
            _ when type == typeof(int) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null,
            _ when type == typeof(long) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null,
            _ when type == typeof(ushort) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null,
            _ when type == typeof(double) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null,
            _ when type == typeof(TimeSpan) => text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) ? time : null,
            _ when type == typeof(Uri) => kind == JsonValueKind.String && Uri.TryCreate(text, UriKind.Absolute, out var uri) ? uri : null,
            _ when type == typeof(ProviderDomain) => ProviderDomain.TryParse(text, out var domain) ? domain : null,
            _ when type.IsEnum => Enum.GetNames(type).Any(n => string.Equals(n, text, StringComparison.OrdinalIgnoreCase)) ? Enum.Parse(type, text, ignoreCase: true) : null,
            _ => throw new InvalidOperationException($"Options of type {type.Name} are not read."),
        };
        if (result is null)
        {
            problems.Add($"{path}: {Expected(type)} is expected.");
        }

        return result;
    }

    private static string Expected(Type type) =>
        type == typeof(bool) ? "true or false"
        : type == typeof(TimeSpan) ? "a duration such as \"00:00:30\" (hours:minutes:seconds, with days: \"7.00:00:00\")"
        : type == typeof(Uri) ? "an absolute address such as \"http://host:port\""
        : type == typeof(string) ? "text"
        : type == typeof(ProviderDomain) ? "a domain such as \"hub.example\""
        : type.IsEnum ? "one of " + string.Join(", ", Enum.GetNames(type).Select(n => n.ToLowerInvariant()))
        : type == typeof(double) ? "a number"
        : "a whole number";

    private static object? List(JsonNode node, Type element, string path, List<string> problems)
    {
        // The environment can give a list in one variable, with commas.
        if (node is JsonValue value && value.TryGetValue<string>(out var text))
        {
            node = new JsonArray([.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(t => (JsonNode)t)]);
        }

        if (node is not JsonArray array)
        {
            problems.Add($"{path}: a list [...] is expected.");
            return null;
        }

        var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(element))!;
        for (var i = 0; i < array.Count; i++)
        {
            if (array[i] is not { } child)
            {
                problems.Add($"{path}:{i}: null is not a value here.");
            }
            else if (Value(child, element, $"{path}:{i}", problems) is { } item)
            {
                list.Add(item);
            }
        }

        return list;
    }

    private static object? Map(JsonNode node, Type element, string path, List<string> problems)
    {
        if (node is not JsonObject o)
        {
            problems.Add($"{path}: an object {{...}} is expected.");
            return null;
        }

        var map = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(typeof(string), element))!;
        foreach (var (key, child) in o)
        {
            if (child is not null && Value(child, element, $"{path}:{key}", problems) is { } item)
            {
                map.Add(key, item);
            }
        }

        return map;
    }

    private static Type? ElementOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() is var open && (open == typeof(IReadOnlyList<>) || open == typeof(List<>) || open == typeof(IReadOnlyCollection<>)) ? type.GetGenericArguments()[0] : null;

    private static string Name(PropertyInfo property) => char.ToLowerInvariant(property.Name[0]) + property.Name[1..];
}
