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
    public static EncapsulationStack Read(ParseResult parse, Option<Encapsulation[]> option) => new([.. parse.GetValue(option) ?? []]);

    private static bool TryParse(string text, [MaybeNullWhen(false)] out Encapsulation value, [NotNullWhen(false)] out string? why) =>
        EncapsulationText.TryParse(text, out value, out why);
}
