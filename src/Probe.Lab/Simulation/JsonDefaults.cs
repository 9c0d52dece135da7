using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using System.Text.Json;

namespace Probe.Lab.Simulation;

/// <summary>
/// Lets a person leave out of a network's JSON what is as usual. Generated readers set every init-only property that a text lacks to zero
/// instead of its initial value, so the usual values are filled in before the text is read.
/// </summary>
internal static class JsonDefaults
{
    private static readonly LinkEnd s_end = new("", []);

    private static readonly Dictionary<Type, Func<JsonNode?>> s_usual = new()
    {
        [typeof(Topology)] = () => Of(new Topology { Vantage = "", Nodes = [], Links = [] }, TopologyJson.Default.Topology),
        [typeof(NodeSpec)] = () => Of(new NodeSpec { Name = "" }, TopologyJson.Default.NodeSpec),
        [typeof(LinkSpec)] = () => Of(new LinkSpec { A = s_end, B = s_end }, TopologyJson.Default.LinkSpec),
        [typeof(LinkQuality)] = () => Of(new LinkQuality(), TopologyJson.Default.LinkQuality),
        [typeof(RouteSpec)] = () => Of(new RouteSpec { Prefix = IpPrefix.AllV4, NextHops = [] }, TopologyJson.Default.RouteSpec),
        [typeof(ErrorPolicy)] = () => Of(new ErrorPolicy(), TopologyJson.Default.ErrorPolicy),
        [typeof(QuoteSpec)] = () => Of(new QuoteSpec(), TopologyJson.Default.QuoteSpec),
        [typeof(ExtensionSpec)] = () => Of(new ExtensionSpec(), TopologyJson.Default.ExtensionSpec),
        [typeof(TooBigPolicy)] = () => Of(new TooBigPolicy(), TopologyJson.Default.TooBigPolicy),
        [typeof(AnswerRule)] = () => Of(new AnswerRule(), TopologyJson.Default.AnswerRule),
        [typeof(PacketMatch)] = () => Of(new PacketMatch(), TopologyJson.Default.PacketMatch),
        [typeof(HostSpec)] = () => Of(new HostSpec(), TopologyJson.Default.HostSpec),
        [typeof(TcpService)] = () => Of(new TcpService { Port = 0 }, TopologyJson.Default.TcpService),
        [typeof(UdpService)] = () => Of(new UdpService { Port = 0 }, TopologyJson.Default.UdpService),
        [typeof(NatSpec)] = () => Of(new NatSpec(), TopologyJson.Default.NatSpec),
        [typeof(TunnelEndSpec)] = () => Of(new TunnelEndSpec(), TopologyJson.Default.TunnelEndSpec),
        [typeof(DirectorSpec)] = () => Of(new DirectorSpec(), TopologyJson.Default.DirectorSpec),
        [typeof(NoiseSpec)] = () => Of(new NoiseSpec(), TopologyJson.Default.NoiseSpec),
    };

    public static T? Read<T>(string json, JsonTypeInfo<T> type)
    {
        var node = JsonNode.Parse(json);
        Fill(node, type);
        return node is null ? default : node.Deserialize(type);
    }

    private static void Fill(JsonNode? node, JsonTypeInfo type)
    {
        switch (node)
        {
            case JsonArray array when type.Kind == JsonTypeInfoKind.Enumerable && type.ElementType is { } element:
                foreach (var item in array)
                {
                    Fill(item, TypeOf(element));
                }

                break;
            case JsonObject members when type.Kind == JsonTypeInfoKind.Object:
                FillMembers(members, type);
                break;
            default:
                break;
        }
    }

    private static void FillMembers(JsonObject members, JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            if (members[property.Name] is { } given)
            {
                Fill(given, TypeOf(property.PropertyType));
            }
        }

        if (!s_usual.TryGetValue(type.Type, out var usual) || usual() is not JsonObject values)
        {
            return;
        }

        foreach (var property in type.Properties)
        {
            if (!property.IsRequired && !members.ContainsKey(property.Name) && values[property.Name] is { } value)
            {
                members[property.Name] = value.DeepClone();
            }
        }
    }

    private static JsonTypeInfo TypeOf(Type type) => TopologyJson.Default.GetTypeInfo(Nullable.GetUnderlyingType(type) ?? type)
        ?? throw new InvalidOperationException($"{type} is not part of a network's JSON.");

    private static JsonNode? Of<T>(T value, JsonTypeInfo<T> type) => JsonSerializer.SerializeToNode(value, type);
}
