using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using System.Text.Json.Serialization;
using System.Text.Json;
using System.Xml.Linq;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Evidence;

/// <summary>Makes the JSON Schema of the document out of the records: names and types from the serializer, descriptions from their XML documentation.</summary>
internal static class BundleSchema
{
    private static readonly Dictionary<string, string> Summaries = ReadSummaries();

    public static string Make()
    {
        var schema = EvidenceJsonTypes.Indented<Bundle>().GetJsonSchemaAsNode(new JsonSchemaExporterOptions
        {
            TreatNullObliviousAsNonNullable = true,
            TransformSchemaNode = Transform,
        }).AsObject();

        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", "probe.bundle/1.0");
        schema["properties"]!["schema"]!["pattern"] = @"^probe\.bundle/1\.[0-9]+$";
        schema["required"]!.AsArray().Insert(0, "schema");
        return schema.ToJsonString(new JsonSerializerOptions { WriteIndented = true, NewLine = "\n", Encoder = EvidenceJsonTypes.Indented<Bundle>().Options.Encoder }) + "\n";
    }

    private static JsonNode Transform(JsonSchemaExporterContext context, JsonNode node)
    {
        if (context.TypeInfo.Type == typeof(Instant))
        {
            node = new JsonObject
            {
                ["type"] = "string",
                ["pattern"] = @"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z$",
            };
        }

        if ((Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type) == typeof(CheckReason))
        {
            var words = Word.All<CheckReasonKind>().Select(word => word == Word.Of(CheckReasonKind.Status) ? $"{word}-[1-9][0-9]*" : word);
            node = new JsonObject { ["type"] = "string", ["pattern"] = $"^({string.Join('|', words)})$" };
        }

        if ((Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type) is { IsEnum: true } kind)
        {
            node = new JsonObject { ["enum"] = Words(kind) };
        }

        // Of elements that a converter writes the exporter says nothing.
        if (node is JsonObject list && context.TypeInfo is { Kind: JsonTypeInfoKind.Enumerable, ElementType: { IsEnum: true } element })
        {
            list["items"] = new JsonObject { ["enum"] = Words(element) };
        }

        if (node is not JsonObject schema)
        {
            return node;
        }

        if (context.PropertyInfo is { AttributeProvider: MemberInfo member } property)
        {
            // A property that is left out when null is never written as null.
            if (property.ShouldSerialize is null && !WritesNull(member) && schema["type"] is JsonArray types)
            {
                types.RemoveAll(type => string.Equals((string?)type, "null", StringComparison.Ordinal));
                if (types.Count == 1)
                {
                    schema["type"] = types[0]!.DeepClone();
                }
            }

            if (schema["enum"] is JsonArray values && WritesNull(member))
            {
                values.Add(null);
            }

            Describe(schema, $"P:{member.DeclaringType!.FullName}.{member.Name}", $"{member.DeclaringType.FullName}({member.Name})");
        }
        else
        {
            Describe(schema, $"T:{context.TypeInfo.Type.FullName}");
        }

        return schema;
    }

    private static JsonArray Words(Type kind)
    {
        var of = typeof(Word).GetMethod(nameof(Word.All))!.MakeGenericMethod(kind);
        return [.. ((IEnumerable<string>)of.Invoke(null, null)!).Select(word => JsonValue.Create(word))];
    }

    private static bool WritesNull(MemberInfo member) =>
        member.GetCustomAttribute<JsonIgnoreAttribute>() is { Condition: JsonIgnoreCondition.Never };

    private static void Describe(JsonObject schema, params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
        {
            if (Summaries.TryGetValue(key, out var summary) && !schema.ContainsKey("description"))
            {
                schema.Insert(0, "description", summary);
            }
        }
    }

    private static Dictionary<string, string> ReadSummaries()
    {
        var xml = XDocument.Load(Path.ChangeExtension(typeof(Bundle).Assembly.Location, ".xml"));
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in xml.Descendants("member"))
        {
            var name = member.Attribute("name")!.Value;
            if (member.Element("summary") is { } summary)
            {
                result[name] = Plain(summary);
            }

            // Parameters of a positional record document its properties.
            if (name.StartsWith("T:", StringComparison.Ordinal))
            {
                foreach (var parameter in member.Elements("param"))
                {
                    result[$"{name[2..]}({parameter.Attribute("name")!.Value})"] = Plain(parameter);
                }
            }
        }

        return result;
    }

    private static string Plain(XElement element)
    {
        foreach (var see in element.Descendants("see").ToList())
        {
            var name = see.Attribute("cref")!.Value.Split('.')[^1];
            see.ReplaceWith(JsonNamingPolicy.CamelCase.ConvertName(name));
        }

        return string.Join(' ', element.Value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }
}
