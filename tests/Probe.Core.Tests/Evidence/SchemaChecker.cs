using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Probe.Core.Tests.Evidence;

/// <summary>Checks a document against the part of JSON Schema 2020-12 that our schema uses; any other keyword is an error.</summary>
internal sealed class SchemaChecker(JsonObject root)
{
    private static readonly string[] Annotations = ["$schema", "title", "description", "default"];

    /// <summary>What is wrong, with its place; empty when the document is valid.</summary>
    public List<string> Check(JsonNode? document)
    {
        var errors = new List<string>();
        Check(root, document, "", errors);
        return errors;
    }

    private void Check(JsonObject schema, JsonNode? value, string at, List<string> errors)
    {
        foreach (var (keyword, rule) in schema)
        {
            switch (keyword)
            {
                case "$ref":
                    Check(Resolve((string)rule!), value, at, errors);
                    break;
                case "type":
                    var allowed = rule is JsonArray list ? list.Select(t => (string)t!).ToArray() : [(string)rule!];
                    if (!allowed.Any(type => Is(type, value)))
                    {
                        errors.Add($"{at}: not {string.Join(" or ", allowed)}");
                    }

                    break;
                case "enum":
                    if (!rule!.AsArray().Any(choice => JsonNode.DeepEquals(choice, value)))
                    {
                        errors.Add($"{at}: not one of {rule.ToJsonString()}");
                    }

                    break;
                case "pattern":
                    if (value?.GetValueKind() == JsonValueKind.String && !Regex.IsMatch((string)value!, (string)rule!, RegexOptions.None, TimeSpan.FromSeconds(1)))
                    {
                        errors.Add($"{at}: does not match {rule}");
                    }

                    break;
                case "required" when value is JsonObject some:
                    errors.AddRange(rule!.AsArray().Where(name => !some.ContainsKey((string)name!)).Select(name => $"{at}: lacks {name}"));
                    break;
                case "properties" when value is JsonObject some:
                    foreach (var (name, inner) in rule!.AsObject())
                    {
                        if (some.TryGetPropertyValue(name, out var property))
                        {
                            Check(inner!.AsObject(), property, $"{at}/{name}", errors);
                        }
                    }

                    break;
                case "items" when value is JsonArray items:
                    for (var i = 0; i < items.Count; i++)
                    {
                        Check(rule!.AsObject(), items[i], $"{at}/{i.ToString(CultureInfo.InvariantCulture)}", errors);
                    }

                    break;
                case "required" or "properties" or "items":
                    break;
                default:
                    if (!Annotations.Contains(keyword, StringComparer.Ordinal))
                    {
                        errors.Add($"{at}: the checker does not know {keyword}");
                    }

                    break;
            }
        }
    }

    private JsonObject Resolve(string pointer)
    {
        JsonNode node = root;
        foreach (var part in pointer.TrimStart('#').Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            node = node is JsonArray array ? array[int.Parse(part, CultureInfo.InvariantCulture)]! : node[part]!;
        }

        return node.AsObject();
    }

    private static bool Is(string type, JsonNode? value) => (type, value?.GetValueKind() ?? JsonValueKind.Null) switch
    {
        ("null", JsonValueKind.Null) or ("string", JsonValueKind.String) or ("object", JsonValueKind.Object) or ("array", JsonValueKind.Array)
            or ("number", JsonValueKind.Number) or ("boolean", JsonValueKind.True or JsonValueKind.False) => true,
        ("integer", JsonValueKind.Number) => long.TryParse(value!.ToJsonString(), CultureInfo.InvariantCulture, out _),
        _ => false,
    };
}
