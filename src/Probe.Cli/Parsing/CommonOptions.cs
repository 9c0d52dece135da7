using System.CommandLine;
using Probe.Core.Capture;
using Probe.Core.Linux;
using Probe.Core.Linux.Namespaces;
using Probe.Core.Packets;

namespace Probe.Cli.Parsing;

/// <summary>The options that every probing command shares, defined once.</summary>
internal sealed class CommonOptions
{
    private readonly Option<bool> _v4 = OptionOf.Flag("IPv4 only", "-4");
    private readonly Option<bool> _v6 = OptionOf.Flag("IPv6 only", "-6");
    private readonly Option<bool> _numeric = OptionOf.Flag("no reverse DNS", "--numeric", "-n");
    private readonly Option<IpAddress> _source =
        OptionOf.Value<IpAddress>(Values.Address, "ADDR", "source address of the probes", "--source");
    private readonly Option<string> _interface = OptionOf.Value<string>(Values.Interface, "NAME", "interface to send from", "--interface");
    private readonly Option<uint> _mark = OptionOf.Value<uint>(Values.Mark, "N", "firewall mark, decimal or 0x…", "--mark");
    private readonly Option<byte> _dscp = OptionOf.Value<byte>(Values.Dscp, "N", "DSCP, 0 to 63 or a name (ef, cs5, af41)", "--dscp");
    private readonly Option<NetworkNamespaceName> _namespace = OptionOf.Value<NetworkNamespaceName>(Values.Namespace, "NS",
        "run in that network namespace: NAME, PATH, pid:N, container:ID, pid:N@ID, pod:NS/NAME", "--netns");
    private readonly Option<Duration> _timeout =
        OptionOf.Value<Duration>(Duration.TryParse, "DURATION", "wait so long for one answer (1s)", "--timeout");
    private readonly Option<Duration> _deadline =
        OptionOf.Value<Duration>(Duration.TryParse, "DURATION", "end the whole run after so long", "--deadline");
    private readonly Option<Rate> _rate =
        OptionOf.Value<Rate>(Rate.TryParse, "N/s|max", "send at most so fast; max lifts the built-in ceilings", "--rate");
    private readonly Option<string> _capture =
        OptionOf.Value<string>(Values.OutputFile, "FILE", "write the probes and their answers as pcapng", "--pcap");

    private readonly Option<string> _filter = OptionOf.Value<string>(
        Values.Anything, "TEXT", "with --pcap: write only what this takes, in tcpdump's language, without names (icmp or tcp port 80)",
        "--filter");

    private readonly Option<Encapsulation[]> _via = OptionOf.Values<Encapsulation>(
        Values.Encapsulation, "ENCAP",
        "send through a tunnel, several outermost first: ipip:ADDR, gre:ADDR[/KEY], fou:ADDR:PORT, gue:ADDR[:PORT], vxlan:ADDR/VNI, …; "
            + ",src= ,ttl= ,dscp= ,df= ,sport= ,csum", "--via");

    /// <summary>In the order in which help shows them.</summary>
    public IReadOnlyList<Option> All =>
        [_v4, _v6, _numeric, _source, _interface, _mark, _dscp, _via, _namespace, _timeout, _deadline, _rate, _capture, _filter];

    /// <summary>When the whole run has to end; null for never.</summary>
    public Duration? DeadlineOf(ParseResult parse) => parse.Find(_deadline);

    /// <summary>Reads them and refuses what contradicts itself.</summary>
    /// <exception cref="UserError">Wrong usage.</exception>
    public ProbingOptions Read(ParseResult parse, TargetName? target)
    {
        var (v4, v6) = (parse.Has(_v4), parse.Has(_v6));
        if (v4 && v6)
        {
            throw UserError.Usage("-4 and -6 contradict each other: leave one out");
        }

        var options = new ProbingOptions
        {
            Family = v4 ? Family.V4 : v6 ? Family.V6 : Family.Any,
            Numeric = parse.Has(_numeric),
            Source = parse.Find(_source) ?? default,
            Interface = parse.GetValue(_interface) ?? target?.Zone,
            Mark = parse.Find(_mark),
            Dscp = parse.Find(_dscp) ?? 0,
            Via = ReadVia(parse),
            Namespace = parse.GetValue(_namespace),
            Timeout = parse.Find(_timeout) ?? Duration.Milliseconds(1000),
            Rate = parse.Find(_rate),
            Capture = ReadCapture(parse),
        };
        return options.NarrowedBy(target);
    }

    private CaptureRequest? ReadCapture(ParseResult parse)
    {
        var file = parse.GetValue(_capture);
        if (parse.GetValue(_filter) is not { } text)
        {
            return file is null ? null : new CaptureRequest(file, null);
        }

        if (file is null)
        {
            throw UserError.Usage("--filter says which packets --pcap writes: add --pcap FILE, or leave --filter out");
        }

        return !LibPcap.IsInstalled ? throw UserError.CannotRun($"--filter needs libpcap; {LibPcap.Missing}")
            : FilterText.TryCompile(text, out var filter, out var why) ? new CaptureRequest(file, filter)
            : throw UserError.Usage($"--filter: {why}");
    }

    private EncapsulationStack ReadVia(ParseResult parse)
    {
        var layers = parse.GetValue(_via) ?? [];
        for (var i = 0; i < layers.Length - 1; i++)
        {
            if (layers[i] is GueEncapsulation { RemoteChecksum: true })
            {
                throw UserError.Usage(
                    $"--via {EncapsulationText.Of(layers[i])} leaves the checksum of the probe to its end: "
                        + "only the last --via, the innermost, can have remcsum");
            }
        }

        return new EncapsulationStack([.. layers]);
    }
}
