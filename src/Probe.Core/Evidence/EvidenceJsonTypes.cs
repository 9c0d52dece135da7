using System.Text.Json.Serialization.Metadata;
using System.Text.Json.Serialization;
using System.Text.Json;
using Probe.Core.Vocabulary;

namespace Probe.Core.Evidence;

/// <summary>
/// The one JSON context: names in camelCase, enums in kebab-case, unknown fields ignored, doubled fields and nulls where none may be refused.
/// A null is left out unless its property says that null has a meaning.
/// </summary>
internal static class EvidenceJsonTypes
{
    /// <summary>Deepest nesting that is read; the document itself needs about ten.</summary>
    public const int MaxDepth = 64;

    private static readonly JsonSerializerOptions IndentedOptions = Options(indented: true);
    private static readonly JsonSerializerOptions CompactOptions = Options(indented: false);

    /// <summary>For files and stdout.</summary>
    public static JsonTypeInfo<T> Indented<T>() => (JsonTypeInfo<T>)IndentedOptions.GetTypeInfo(typeof(T));

    /// <summary>For NDJSON, and for reading.</summary>
    public static JsonTypeInfo<T> Compact<T>() => (JsonTypeInfo<T>)CompactOptions.GetTypeInfo(typeof(T));

    private static JsonSerializerOptions Options(bool indented) => new()
    {
        TypeInfoResolver = EvidenceJsonContext.Default.WithAddedModifier(RefuseNullElements),
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        AllowDuplicateProperties = false,
        MaxDepth = MaxDepth,
        WriteIndented = indented,
        NewLine = "\n",
        Encoder = TerminalSafeEncoder.Instance,
        Converters =
        {
            new KebabCaseEnumConverter<ReplyKind>(),
            new KebabCaseEnumConverter<ProbeProtocol>(),
            new KebabCaseEnumConverter<CheckKind>(),
            new KebabCaseEnumConverter<CheckEngineKind>(),
            new KebabCaseEnumConverter<CheckVerdict>(),
            new KebabCaseEnumConverter<ExpectedState>(),
            new KebabCaseEnumConverter<PathMtuVerdict>(),
            new KebabCaseEnumConverter<PathMtuRole>(),
            new KebabCaseEnumConverter<PathMtuProof>(),
            new KebabCaseEnumConverter<TcpPacing>(),
            new KebabCaseEnumConverter<TcpDirection>(),
            new KebabCaseEnumConverter<TcpEnd>(),
            new KebabCaseEnumConverter<TcpTransferVerdict>(),
            new KebabCaseEnumConverter<TcpStallVerdict>(),
            new KebabCaseEnumConverter<Severity>(),
            new KebabCaseEnumConverter<Confidence>(),
        },
    };

    // RespectNullableAnnotations looks at properties only: [null] would pass for a list of records.
    private static void RefuseNullElements(JsonTypeInfo type)
    {
        if (type.Kind == JsonTypeInfoKind.Enumerable && !(type.ElementType?.IsValueType ?? false))
        {
            type.OnDeserialized = EvidenceCheck.RefuseNullElements;
        }
    }
}

/// <summary>What the source generator writes.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(Bundle))]
internal sealed partial class EvidenceJsonContext : JsonSerializerContext;

/// <summary>An enum by its name in kebab-case, never by number.</summary>
internal sealed class KebabCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
