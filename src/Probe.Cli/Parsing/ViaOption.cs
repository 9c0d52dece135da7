using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Probe.Core.Packets;

namespace Probe.Cli.Parsing;

/// <summary><c>--via ENCAP</c>: what probes wear outside; repeatable, outermost first.</summary>
internal static class ViaOption
{
    /// <summary>The option.</summary>
    public static Option<Encapsulation[]> Make() => OptionOf.Values<Encapsulation>(
        TryParse, "ENCAP", "wrap the probes: ipip:ADDR, gue:ADDR[:PORT], fou:ADDR:PORT, gre:ADDR[/KEY], vxlan:ADDR/VNI,mac=…; again for more, outermost first", "--via");

    /// <summary>What was given; empty for nothing.</summary>
    /// <exception cref="UserError">A frame inside has no destination.</exception>
    public static EncapsulationStack Read(ParseResult parse, Option<Encapsulation[]> option)
    {
        var layers = parse.GetValue(option) ?? [];
        return layers.FirstOrDefault(layer => layer is EthernetEncapsulation { Mac: null }) is { } bare
            ? throw UserError.Usage($"--via {EncapsulationText.Of(bare)} names no machine inside: add mac=02:00:5e:00:53:01 or whose it is")
            : new EncapsulationStack([.. layers]);
    }

    private static bool TryParse(string text, [MaybeNullWhen(false)] out Encapsulation value, [NotNullWhen(false)] out string? why) =>
        EncapsulationText.TryParse(text, out value, out why);
}
