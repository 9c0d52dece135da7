using System.Text;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Lab.Networks;

namespace Probe.Bench;

/// <summary>Six cells of the bad-hop matrix: hop 3 of 9 answers something else than time-exceeded. What each program prints is kept.</summary>
internal static class BadHopCells
{
    private const int BadAt = 3;
    private const byte Unreachable = IcmpType.DestinationUnreachable;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private static readonly (string File, string Title, bool V6, BadAnswer Answer)[] s_cells =
    [
        ("tcp-frag-needed-9000", "TCP, frag-needed mtu 9000", false, new() { To = ProbeProtocol.Tcp, Type = Unreachable, Code = 4, Mtu = 9000 }),
        ("tcp-frag-needed-0", "TCP, frag-needed mtu 0", false, new() { To = ProbeProtocol.Tcp, Type = Unreachable, Code = 4, Mtu = 0 }),
        ("icmp-admin-prohibited", "ICMP, admin-prohibited (3/13)", false, new() { To = ProbeProtocol.Icmp, Type = Unreachable, Code = 13, Quote = 128 }),
        ("udp-host-unreachable", "UDP, host-unreachable (3/1)", false, new() { To = ProbeProtocol.Udp, Type = Unreachable, Code = 1 }),
        ("tcp6-packet-too-big-9000", "TCP over IPv6, Packet Too Big mtu 9000", true, new() { To = ProbeProtocol.Tcp, Type = IcmpType.PacketTooBigV6, Code = 0, Mtu = 9000, Quote = 1232 }),
        ("icmp6-no-route", "ICMPv6, no route (1/0)", true, new() { To = ProbeProtocol.Icmp, Type = IcmpType.DestinationUnreachableV6, Code = 0, Quote = 1232 }),
    ];

    /// <summary>Runs them; returns the table.</summary>
    public static string Run(LinuxLine line, string root, string results)
    {
        var table = new MarkdownTable("cell (hops shown of 9)", "probe", "mtr", "traceroute", "scamper", "tracepath");
        foreach (var (file, title, v6, answer) in s_cells)
        {
            using var bad = new BadHop(line, BadAt, v6, answer);
            var text = new StringBuilder($"{title}: hop {BadAt} ({LinuxLine.Hop(BadAt, v6)}) of {line.Hops} answers so to every probe whose TTL ends there; all hops are alive.\n");
            var target = line.Target(v6).ToString();
            var shown = Programs(root, answer.To, target).Select(program => Show(line, program, text)).ToList();
            table.Add([title, .. shown]);
            File.WriteAllText(Path.Combine(results, $"bad-hop-{file}.txt"), text.ToString());

            // What the peers taught the kernel about the target must not reach the next cell.
            line.Lab.Run(line.Client, s_limit, "ip", v6 ? "-6" : "-4", "route", "flush", "cache").MustSucceed();
        }

        return $"## A hop that answers with something else\n\nWhat each program printed is in `bench/results/bad-hop-*.txt`; ✓ = the bad hop is among the hops shown, – = the program has no such probes.\n\n{table}\n";
    }

    private static IEnumerable<(string Shown, string[] Command)?> Programs(string root, ProbeProtocol protocol, string target)
    {
        yield return ("./probe", [Contest.Shipped(root), "trace", "-n", "-c", "2", "-i", "100ms", "--" + protocol.ToString().ToLowerInvariant(), target]);
        yield return ("mtr", ["mtr", .. Option(protocol, "-T", "-u"), "-r", "-n", "-c", "2", "-i", "0.1", "-G", "0.5", target]);
        yield return ("traceroute", ["traceroute", .. Option(protocol, "-T", "", "-I"), "-n", "-q", "1", "-w", "1", target]);
        yield return ("scamper", ["scamper", "-I", $"trace -P {(protocol == ProbeProtocol.Tcp ? "tcp" : protocol == ProbeProtocol.Udp ? "udp-paris" : "icmp-paris")} {target}"]);
        yield return protocol == ProbeProtocol.Udp ? ("tracepath", ["tracepath", "-n", target]) : null;
    }

    private static string[] Option(ProbeProtocol protocol, string tcp, string udp, string icmp = "") =>
        [.. new[] { protocol switch { ProbeProtocol.Tcp => tcp, ProbeProtocol.Udp => udp, _ => icmp } }.Where(option => option.Length > 0)];

    private static string Show(LinuxLine line, (string Shown, string[] Command)? program, StringBuilder text)
    {
        if (program is not { } one)
        {
            return "–";
        }

        var result = line.Lab.Run(line.Client, s_limit, one.Command[0], one.Command[1..]);
        text.Append($"\n$ {one.Shown} {string.Join(' ', one.Command[1..].Select(Quote))}\n{result.Output}{result.Error}[exit status {result.Status}]\n");
        var hops = Contest.HopsIn(result.Output);
        var bad = Contest.Shows(result.Output, BadAt);
        return $"{hops}{(bad ? " ✓" : "")}";
    }

    private static string Quote(string argument) => argument.Contains(' ', StringComparison.Ordinal) ? $"\"{argument}\"" : argument;
}
