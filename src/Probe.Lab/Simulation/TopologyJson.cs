using System.Text.Json.Serialization;
using System.Text.Json;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>The JSON of a network.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(IpAddressJsonConverter), typeof(IpPrefixJsonConverter), typeof(EncapsulationJsonConverter)])]
[JsonSerializable(typeof(Topology))]
internal sealed partial class TopologyJson : JsonSerializerContext;

internal sealed class IpAddressJsonConverter : JsonConverter<IpAddress>
{
    public override IpAddress Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        IpAddress.TryParse(reader.GetString(), out var address) ? address : throw new JsonException("Not an IP address.");

    public override void Write(Utf8JsonWriter writer, IpAddress value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

internal sealed class IpPrefixJsonConverter : JsonConverter<IpPrefix>
{
    public override IpPrefix Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        try
        {
            return IpPrefix.Parse(reader.GetString() ?? "");
        }
        catch (FormatException exception)
        {
            throw new JsonException(exception.Message, exception);
        }
    }

    public override void Write(Utf8JsonWriter writer, IpPrefix value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

/// <summary>An encapsulation as the command line writes it.</summary>
internal sealed class EncapsulationJsonConverter : JsonConverter<Encapsulation>
{
    public override Encapsulation Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        EncapsulationText.TryParse(reader.GetString() ?? "", out var layer, out var error) ? layer : throw new JsonException(error);

    public override void Write(Utf8JsonWriter writer, Encapsulation value, JsonSerializerOptions options) =>
        writer.WriteStringValue(EncapsulationText.Of(value));
}
