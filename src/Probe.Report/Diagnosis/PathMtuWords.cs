using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Report.Markdown;

namespace Probe.Report.Diagnosis;

/// <summary>A path MTU in sentences: what limits, what fits, what to do. The same in findings, in reports and on a terminal.</summary>
public static class PathMtuWords
{
    private const int SmallestV6 = 1280;
    private const int PlainEthernet = 1500;

    /// <summary>The address probed is IPv6.</summary>
    public static bool IsV6(PathMtuEvidence path) => (path.Address ?? path.Target).Contains(':', StringComparison.Ordinal);

    /// <summary>The largest TCP segment that fits, options not counted, as MSS options have it; octets.</summary>
    public static int Mss(PathMtuEvidence path, int mtu) => mtu - (IsV6(path) ? 60 : 40);

    /// <summary>What limits, in one sentence.</summary>
    public static Prose Verdict(PathMtuEvidence path) => path switch
    {
        { Address: null } => Prose.Of($"{path.Target} does not resolve."),
        { Verdict: PathMtuVerdict.BlackHole, Reason: PathMtuReason.ReplyPath } => Prose.Of(
            $"{path.Mtu ?? 0} octets pass there and back; larger echo requests, or the replies to them, "
                + $"disappear {Where(path)}, and nothing tells their sender. A port that answers tells which of the two (--tcp -p PORT)."),
        { Verdict: PathMtuVerdict.Clear } => Prose.Of($"{path.Mtu ?? 0} octets pass: the MTU of the first link limits, nothing behind it."),
        { Verdict: PathMtuVerdict.Signalled, Reason: PathMtuReason.LocalRule } =>
            Prose.Of(
            $"{path.Mtu ?? 0} octets pass; "
                + $"this host itself refuses to send more, though its device would take them: a rule of its output chain does."),
        { Verdict: PathMtuVerdict.Signalled } => Prose.Of($"{path.Mtu ?? 0} octets pass; {Who(Decisive(path))} says so, and it is true."),
        { Verdict: PathMtuVerdict.BlackHole } => Prose.Of(
            $"{path.Mtu ?? 0} octets pass; larger packets disappear {Where(path)}, and nothing tells their sender.{Carried(path)}"),
        { Verdict: PathMtuVerdict.WrongSignal } => Wrong(path),
        { Verdict: PathMtuVerdict.ReturnPath, ReturnMtu: { } back } =>
            Prose.Of($"{path.Mtu ?? 0} octets pass towards it; answers larger than {back} octets do not come back."),
        { Verdict: PathMtuVerdict.ReturnPath } => Prose.Of($"{path.Mtu ?? 0} octets pass towards it; larger answers do not come back."),
        { Verdict: PathMtuVerdict.NotAnswering, ProvedBy: PathMtuProof.Established, LargestAnswered: { } carried } =>
            Prose.Of($"{Silent(path)} A connection carried packets of {carried} octets all the same, and sent no larger ones."),
        { Verdict: PathMtuVerdict.NotAnswering } => Silent(path),
        _ => Prose.Of($"{Hidden(path):ours}: {Between(path)}."),
    };

    /// <summary>What fits through: inner and outer packet, segment.</summary>
    public static Prose Fits(PathMtuEvidence path)
    {
        if (path.Mtu is not { } mtu)
        {
            return Prose.Empty;
        }

        var fits = Prose.Of($"A TCP segment may hold {Mss(path, mtu)} octets (MSS).");
        return path is { Via.Count: > 0, OuterMtu: { } outer }
            ? Prose.Of(
                $"A packet inside may have {mtu} octets: {outer} outside − {path.Overhead} of "
                    + $"{Prose.Join(", ", path.Via.Select(Prose.Code))}. {fits}")
            : fits;
    }

    /// <summary>Commands and settings that help, best first.</summary>
    public static IReadOnlyList<string> Fixes(PathMtuEvidence path)
    {
        if (path.Mtu is not { } there || path.Verdict is PathMtuVerdict.Clear or PathMtuVerdict.NotAnswering or PathMtuVerdict.Unstable)
        {
            return [];
        }

        if (path.Reason is PathMtuReason.LocalRule)
        {
            return ["find the rule that refuses larger packets, and change it: nft list ruleset"];
        }

        if (path.Verdict == PathMtuVerdict.ReturnPath)
        {
            return ["look at the way back: the MTU of its links, and whether ICMP 3/4 (ICMPv6 2) reaches the target",
                .. path.ReturnMtu is { } back ? [Clamp(Mss(path, back))] : Array.Empty<string>()];
        }

        var mss = Mss(path, there);
        string? first = path.Verdict switch
        {
            PathMtuVerdict.BlackHole => "let ICMP 3/4 (ICMPv6 2) through to the senders; a firewall that drops it makes the hole",
            PathMtuVerdict.WrongSignal => "correct the device that names the wrong size",
            _ => null,
        };
        return [.. new[] { first, Underlay(path, there), OnServers(path, mss), Clamp(mss), Here(path, there, mss) }.OfType<string>()];
    }

    private static string Clamp(int mss) =>
        $"on a router in between: nft 'add table inet probe; add chain inet probe forward {{ type filter hook forward priority mangle; "
            + $"}}; add rule inet probe forward tcp flags syn tcp option maxseg size set {mss}'";

    // The kernel shows how long a route of a router's advertisement lasts in words that it does not take.
    private static string OnServers(PathMtuEvidence path, int mss) => "on the servers, so that no TCP peer ever sends more: "
        + (IsV6(path)
            ? $"ip -6 route change $(ip -6 route show default | sed 's/ expires [^ ]*//;q') advmss {mss}"
            : $"ip route change $(ip route show default | sed q) advmss {mss}");

    /// <summary>A route of its own on this host; null through a tunnel, to this host itself, and below what IPv6 allows a route.</summary>
    private static string? Here(PathMtuEvidence path, int mtu, int mss)
    {
        if (path.Via.Count > 0 || !IpAddress.TryParse(path.Address, out var target) || path.Address == path.Source
            || (target.IsV6 && mtu < SmallestV6))
        {
            return null;
        }

        var (ip, host) = target.IsV6 ? ("ip -6", 128) : ("ip", 32);
        return "on this host: "
            + $"{ip} route replace {target}/{host} $({ip} route get {target} | grep -oE '(via|dev) [^ ]+') mtu {mtu} advmss {mss}";
    }

    private static string? Underlay(PathMtuEvidence path, int mtu)
    {
        if (path.Via.Count > 0)
        {
            return $"raise the MTU under the tunnel to {PlainEthernet + path.Overhead} octets ({PlainEthernet} + {path.Overhead}), "
                + "so that a full packet fits inside";
        }

        if (IsV6(path) && mtu < SmallestV6)
        {
            return $"raise the link: no link may carry less than {SmallestV6} octets of IPv6 (RFC 8200 section 5)";
        }

        if (Decisive(path) is not { Role: PathMtuRole.TunnelEntry } || mtu >= PlainEthernet)
        {
            return null;
        }

        var missing = PlainEthernet - mtu;
        return TunnelOverheads.NameOf(missing) is { } tunnel
            ? $"raise the MTU under the tunnel by {missing} octets: so many {tunnel} adds"
            : $"raise the MTU under the tunnel by at least {missing} octets";
    }

    /// <summary>The signal that the verdict rests on; null for none. Documents that do not say it hold one that is near.</summary>
    public static PathMtuSignal? Decisive(PathMtuEvidence path) => path.Signals.FirstOrDefault(signal => signal.Decisive)
        ?? path.Signals.Where(signal => path.Verdict != PathMtuVerdict.Signalled || !signal.Implausible)
            .MinBy(signal => Math.Abs(Named(signal) - (path.Mtu ?? 0)));

    /// <summary>The size that it names, octets of the inner packet; as it was said where nothing is left inside, as of a field 0.</summary>
    public static int Named(PathMtuSignal signal) => signal.InnerMtu is > 0 and var inner ? inner : signal.Mtu;

    /// <summary>Who said it.</summary>
    public static Prose Who(PathMtuSignal? signal) => signal switch
    {
        null => Prose.Of($"somebody"),
        { Role: PathMtuRole.ThisHost } => Prose.Of($"this host ({signal.From})"),
        { Role: PathMtuRole.TunnelEntry } => Prose.Of($"the entry of a tunnel, {signal.From}, which answers as the target itself,"),
        { Hop: { } hop } => Prose.Of($"{signal.From} (hop {hop})"),
        _ => Prose.Of($"{signal.From}"),
    };

    private static Prose Carried(PathMtuEvidence path) => path.Tcp?.LargestPacket is { } carried && carried > path.Mtu
        ? Prose.Of($" A connection, another flow, carried packets of {carried} octets: by another path, or past a filter of large SYNs.")
        : Prose.Empty;

    private static Prose Where(PathMtuEvidence path) => path switch
    {
        { Hop: { } hop } => Prose.Of($"between hop {hop}{Named(path.HopAddress)} and hop {hop + 1}{Named(path.NextHopAddress)}"),
        _ => Prose.Of($"on the way"),
    };

    private static Prose Named(string? address) => address is null ? Prose.Empty : Prose.Of($" ({address})");

    private static Prose Wrong(PathMtuEvidence path)
    {
        var signal = Decisive(path);
        var said = signal is null
            ? Prose.Of($"a wrong MTU was signalled") : Prose.Of($"{Who(signal)} names {Named(signal)}, {Why(path, signal)}");
        var meaning = path.Arithmetic is { Meaning: { } text } sum
            ? Prose.Of($" {sum.Claimed} − {sum.Found} = {sum.Difference}: {text}") : Prose.Empty;
        return path.Mtu is { } mtu
            ? Prose.Of($"{mtu} octets pass; {said}.{meaning}") : Prose.Of($"The path MTU is unknown; {said}.{meaning}");
    }

    private static Prose Why(PathMtuEvidence path, PathMtuSignal signal) => signal switch
    {
        { Mtu: 0 } => Prose.Of($"which is no size at all"),
        { Implausible: true } when IsV6(path) && signal.Mtu < SmallestV6 => Prose.Of($"which is below the least MTU of IPv6, {SmallestV6}"),
        { Implausible: true, QuotedLength: { } length } when signal.Mtu >= length => Prose.Of($"though the packet it refused had {length}"),
        _ => Prose.Of($"which is not true"),
    };

    private static string Hidden(PathMtuEvidence path) => path.Reason switch
    {
        PathMtuReason.Interrupted => "The search was stopped before its end",
        PathMtuReason.MaxProbes => "The packets allowed did not suffice (--max-probes)",
        PathMtuReason.AmbiguousAnswers => "The service's own words do not say which size they answer",
        PathMtuReason.CannotSend => "This host let nothing leave any more",
        PathMtuReason.Silence => "It answered at first, and then no more",
        null or PathMtuReason.Loss or PathMtuReason.NoProof or PathMtuReason.NoRoute or PathMtuReason.NoSource or PathMtuReason.Local
            or PathMtuReason.LocalRule or PathMtuReason.Name or PathMtuReason.Resolver or PathMtuReason.ProtocolUnreachable
            or PathMtuReason.PortUnreachable or PathMtuReason.HostUnreachable or PathMtuReason.NetworkUnreachable
            or PathMtuReason.AdminProhibited or PathMtuReason.ParameterProblem or PathMtuReason.Reset or PathMtuReason.Unreachable
            or PathMtuReason.ReplyPath or PathMtuReason.Below1280 => "Loss hides the path MTU",
        _ => throw new ArgumentOutOfRangeException(nameof(path), path.Reason, message: null),
    };

    private static Prose Between(PathMtuEvidence path) => path switch
    {
        { LargestAnswered: null } => Prose.Of($"no size was answered"),
        { SmallestLost: null } => Prose.Of($"{path.LargestAnswered ?? 0} octets were answered, and no larger size is known to be lost"),
        _ => Prose.Of($"between {path.LargestAnswered ?? 0} octets, which were answered, and {path.SmallestLost ?? 0}, which were not"),
    };

    private static Prose Silent(PathMtuEvidence path)
    {
        const string Sizes = "That says nothing about sizes.";
        var tunnelled = path.Via.Count > 0;
        var far = tunnelled ? "the tunnel's end, or the target behind it" : "the target";
        return path.Reason switch
        {
            PathMtuReason.NoRoute => Prose.Of($"This host has no way to send to {far:ours}: nothing was asked."),
            PathMtuReason.NoSource =>
                Prose.Of($"This host has no source address for packets to {far:ours}: nothing was asked. Give --source."),
            PathMtuReason.LocalRule =>
                Prose.Of(
                $"A rule of this host lets no probe to {far:ours} leave: nothing was asked. "
                    + $"Look at its output chain (nft list ruleset) and its routes."),
            PathMtuReason.Local => Prose.Of($"This host could not send to {far:ours}: nothing was asked."),
            PathMtuReason.NoProof =>
                Prose.Of(
                $"What answers is not the server: a load balancer answers such probes itself, whatever its tunnels carry. "
                    + $"Ask its port (--tcp -p PORT)."),
            PathMtuReason.ProtocolUnreachable when tunnelled =>
                Prose.Of(
                    $"The tunnel's end does not know this encapsulation (ICMP protocol unreachable): no decapsulation is set up there."),
            PathMtuReason.PortUnreachable when tunnelled => Prose.Of(
                $"The tunnel's end has nothing on that port (ICMP port unreachable): "
                    + $"decapsulation is missing, or listens on another port."),
            PathMtuReason.Reset =>
                Prose.Of(
                $"The probes are reset: nothing serves that port, "
                    + $"or a load balancer refuses it itself. {Sizes:ours} Ask the port of a service (--tcp -p PORT)."),
            PathMtuReason.HostUnreachable => Prose.Of($"A router gets no answer from {far:ours} (ICMP host unreachable). {Sizes:ours}"),
            PathMtuReason.NetworkUnreachable => Prose.Of($"A router has no route to {far:ours} (ICMP network unreachable). {Sizes:ours}"),
            PathMtuReason.AdminProhibited =>
                Prose.Of(
                $"A filter refuses the probes, small ones too (ICMP administratively prohibited). {Sizes:ours} Ask in a way that it lets "
                    + $"through (--icmp, --udp, --tcp -p PORT)."),
            null or PathMtuReason.Silence or PathMtuReason.ProtocolUnreachable or PathMtuReason.PortUnreachable
                or PathMtuReason.ParameterProblem or PathMtuReason.Unreachable or PathMtuReason.Name or PathMtuReason.Resolver
                or PathMtuReason.Loss or PathMtuReason.MaxProbes or PathMtuReason.Interrupted or PathMtuReason.AmbiguousAnswers
                or PathMtuReason.CannotSend or PathMtuReason.ReplyPath or PathMtuReason.Below1280 => tunnelled
                ? Prose.Of(
                $"Small probes get no answer through the tunnel either: "
                    + $"decapsulation missing, wrong port, wrong flags, or the target behind it silent. {Sizes:ours}")
                : Prose.Of(
                $"Small probes get no answer either: that says nothing about sizes. Ask in another way (--icmp, --udp, --tcp -p PORT)."),
            _ => throw new ArgumentOutOfRangeException(nameof(path), path.Reason, message: null),
        };
    }
}
