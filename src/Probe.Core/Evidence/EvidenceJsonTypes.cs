using System.Text.Json.Serialization.Metadata;
using System.Text.Json.Serialization;
using System.Text.Json;
using Probe.Core.Vocabulary;

namespace Probe.Core.Evidence;

/// <summary>
/// The one JSON context: names in camelCase, enums by their words, unknown fields ignored, doubled fields and nulls where none may be
/// refused.
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
            new WordConverter<ReplyKind>(),
            new WordConverter<ProbeProtocol>(),
            new WordConverter<SweepEnd>(),
            new WordConverter<TraceMode>(),
            new WordConverter<SweptTtl>(),
            new WordConverter<StopReason>(),
            new WordConverter<NotProbedReason>(),
            new WordConverter<NodeStamps>(),
            new WordConverter<NodeBalancing>(),
            new WordConverter<FlowKind>(),
            new WordConverter<MultipathAlgorithm>(),
            new WordConverter<ConfidenceScope>(),
            new WordConverter<CheckKind>(),
            new WordConverter<CheckEngineKind>(),
            new WordConverter<CheckVerdict>(),
            new WordConverter<CheckPhase>(),
            new WordConverter<ExpectedState>(),
            new WordConverter<PathMtuVerdict>(),
            new WordConverter<PathMtuReason>(),
            new WordConverter<PathMtuRole>(),
            new WordConverter<PathMtuProof>(),
            new WordConverter<TcpPacing>(),
            new WordConverter<TcpDirection>(),
            new WordConverter<TcpEnd>(),
            new WordConverter<TcpSocketState>(),
            new WordConverter<TcpTimer>(),
            new WordConverter<RewrittenField>(),
            new WordConverter<TcpTransferVerdict>(),
            new WordConverter<TcpStallVerdict>(),
            new WordConverter<Severity>(),
            new WordConverter<Confidence>(),
        },
    };

    // RespectNullableAnnotations looks at properties only: [null] would pass for a list of records.
    private static void RefuseNullElements(JsonTypeInfo type)
    {
        if (type.Kind == JsonTypeInfoKind.Enumerable && !(type.ElementType?.IsValueType ?? false))
        {
            type.OnDeserialized = DocumentValidation.RefuseNullElements;
        }
    }
}

/// <summary>What the source generator writes.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(Bundle))]
internal sealed partial class EvidenceJsonContext : JsonSerializerContext;
