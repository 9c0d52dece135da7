using System.Globalization;
using System.Net.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;
using static Probe.Core.Linux.ProcessConstants;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Host;

/// <summary>How one check of this host ended.</summary>
public enum DoctorCheckState
{
    /// <summary>Works.</summary>
    Ok,

    /// <summary>Worth knowing; no command of this program is hindered by it.</summary>
    Note,

    /// <summary>Something a command offers does not work here.</summary>
    Missing,
}

/// <summary>One thing that works here or does not.</summary>
/// <param name="Name">Short and stable, for scripts: <c>raw-ipv4</c>.</param>
/// <param name="State">Whether it works.</param>
/// <param name="Detail">What was found, or what is lost without it.</param>
/// <param name="Fix">What to do about it; null where nothing needs doing.</param>
/// <param name="Command">A line for a shell, whole; null where the fix says it all.</param>
public sealed record DoctorCheck(string Name, DoctorCheckState State, string Detail, string? Fix = null, string? Command = null);

/// <summary>What works on this host and what does not. Nothing is sent and nothing is changed.</summary>
public static class DoctorChecks
{
    // epoll_pwait2, which gives waits of nanoseconds, came with 5.11.
    private static readonly Version OldestKernel = new(5, 11);

    /// <summary>Runs every check.</summary>
    /// <param name="checker">Source address of raw checks; no address for the one this host would take.</param>
    public static IReadOnlyList<DoctorCheck> Run(IpAddress checker = default)
    {
        var capabilities = Linux.Capabilities.Effective;
        return
        [
            Kernel(),
            Raw("raw-ipv4", AddressFamily.InterNetwork, ProtocolType.Icmp, "trace over IPv4", "trace over IPv4 sees less"),
            Ipv6(),
            Raw("raw-ipv6", AddressFamily.InterNetworkV6, ProtocolType.IcmpV6, "trace over IPv6", "trace over IPv6 sees less"),
            Raw("raw-check", AddressFamily.InterNetwork, ProtocolType.Tcp, "check --engine raw", "no check --engine raw"),
            Conntrack(ConntrackTable.Read(), checker.IsNone ? OwnAddress() : checker),
            Raw("capture", AddressFamily.Packet, ProtocolType.Unspecified, "--pcap", "no --pcap"),
            Libpcap(),
            Timestamps(),
            Mark(),
            RouteCleanup(capabilities),
            Namespaces(capabilities),
            Tun(),
            PingGroups(),
        ];
    }

    private static DoctorCheck Kernel()
    {
        var release = HostFactsReader.Line("/proc/sys/kernel/osrelease") ?? "unknown";
        var number = string.Concat(release.TakeWhile(c => char.IsAsciiDigit(c) || c == '.')).Trim('.');
        return Version.TryParse(number, out var version) && version < OldestKernel
            ? new("kernel", DoctorCheckState.Missing, $"Linux {release}", $"update to Linux {OldestKernel} or newer")
            : new("kernel", DoctorCheckState.Ok, $"Linux {release}");
    }

    private static DoctorCheck Raw(string name, AddressFamily family, ProtocolType protocol, string use, string without)
    {
        try
        {
            using var socket = new Socket(family, SocketType.Raw, protocol);
            return new(name, DoctorCheckState.Ok, $"raw sockets can be opened: {use}");
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressFamilyNotSupported)
        {
            return new(name, DoctorCheckState.Note, $"this kernel has no such sockets: {without}");
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AccessDenied)
        {
            return new(name, DoctorCheckState.Missing, $"CAP_NET_RAW is missing: {without}", FixFor("cap_net_raw"));
        }
        catch (SocketException e)
        {
            return new(name, DoctorCheckState.Missing, $"raw sockets cannot be opened ({e.Message}): {without}");
        }
    }

    /// <summary>What raw checks may take of the connection tracking table, and the rule by which they take nothing.</summary>
    /// <param name="table">The table; null where nothing is tracked.</param>
    /// <param name="checker">Source address of the checks; no address when there is none.</param>
    internal static DoctorCheck Conntrack(ConntrackTable? table, IpAddress checker)
    {
        if (table is null)
        {
            return new("conntrack", DoctorCheckState.Ok, "no connections are tracked: raw checks fill no table");
        }

        // Both ways: without the SYN in the table, its answer would be an invalid packet to stateful rules.
        var (ip, address) = (checker.IsV6 ? "ip6" : "ip", checker.IsNone ? "ADDR" : checker.ToString());
        var rule = $"nft 'table inet probe_checks {{ chain out {{ type filter hook output priority raw; {ip} saddr {address} notrack; }}; "
            + $"chain in {{ type filter hook prerouting priority raw; {ip} daddr {address} notrack; }}; }}'";
        return new("conntrack", DoctorCheckState.Note,
            string.Create(CultureInfo.InvariantCulture,
                $"{table.Entries} of {table.Limit} entries are taken; a raw check takes one for up to {table.LifetimeSeconds} s, "
                    + $"so up to {table.SparePerSecond:0.#} checks a second keep to a tenth of the room"),
            "for more, track nothing of an address that is for checks alone; the rule stands below", rule);
    }

    private static IpAddress OwnAddress()
    {
        try
        {
            // RFC 5737: nobody's address, so what leads there is a default route; nothing is sent.
            return HostRoutes.SelectSource(IpAddress.Parse("192.0.2.1"));
        }
        catch (LinuxException)
        {
            return default;
        }
    }

    private static DoctorCheck Ipv6() =>
        !File.Exists("/proc/thread-self/net/if_inet6")
            ? new("ipv6", DoctorCheckState.Note, "this kernel has no IPv6")
            : HostFactsReader.Line("/proc/sys/net/ipv6/conf/all/disable_ipv6") is "1"
                ? new("ipv6", DoctorCheckState.Note, "IPv6 is switched off here", "sysctl net.ipv6.conf.all.disable_ipv6=0")
                : new("ipv6", DoctorCheckState.Ok, "IPv6 is on");

    private static DoctorCheck Libpcap() => LibPcap.IsInstalled
        ? new("libpcap", DoctorCheckState.Ok, "libpcap can be loaded: --filter, and capture files older than pcapng")
        : new("libpcap", DoctorCheckState.Missing, "libpcap is not installed: no --filter, and no capture files older than pcapng",
            $"apt install {LibPcap.Package}");

    private static DoctorCheck Timestamps()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.SetRawSocketOption(SOL_SOCKET, SO_TIMESTAMPING,
                BitConverter.GetBytes(SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE
                | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY));
            return new("timestamps", DoctorCheckState.Ok, "the kernel stamps packets on receive and on transmit");
        }
        catch (SocketException e)
        {
            return new("timestamps", DoctorCheckState.Missing,
                $"SO_TIMESTAMPING is refused ({e.Message}): times include this host's own delays");
        }
    }

    // Setting the mark 0 changes nothing, and asks for the same right as any other: CAP_NET_ADMIN, or CAP_NET_RAW since 5.17.
    private static DoctorCheck Mark()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.SetRawSocketOption(SOL_SOCKET, SO_MARK, BitConverter.GetBytes(0));
            return new("mark", DoctorCheckState.Ok, "packets can be marked: --mark");
        }
        catch (SocketException)
        {
            return new("mark", DoctorCheckState.Missing, "packets cannot be marked: no --mark", FixFor("cap_net_admin"));
        }
    }

    private static DoctorCheck RouteCleanup(ulong capabilities) =>
        Holds(capabilities, CAP_NET_ADMIN)
            ? new("route-cleanup", DoctorCheckState.Ok, "a route exception that an ICMPv6 probe causes can be removed")
            : new("route-cleanup", DoctorCheckState.Note, "a route exception that an ICMPv6 probe causes stays until it expires",
                FixFor("cap_net_admin"));

    private static DoctorCheck Namespaces(ulong capabilities) =>
        Holds(capabilities, CAP_SYS_ADMIN)
            ? new("netns", DoctorCheckState.Ok, $"other network namespaces can be entered ({NamedNamespaces()}): --netns")
            : new("netns", DoctorCheckState.Missing, "CAP_SYS_ADMIN is missing: no --netns", "run with sudo");

    private static bool Holds(ulong capabilities, int number) => (capabilities >> number & 1) != 0;

    private static DoctorCheck Tun()
    {
        const string Device = "/dev/net/tun";
        try
        {
            using var opened = new FileStream(Device, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
            return new("tun", DoctorCheckState.Ok, $"{Device} opens: tests of the simulated network on real sockets");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            var missing = !File.Exists(Device);
            return new("tun", DoctorCheckState.Note, $"{Device} {(missing ? "does not exist" : "does not open")}: only tests need it",
                missing ? "modprobe tun" : "run with sudo");
        }
    }

    // UDP and TCP sockets are anybody's; ICMP sockets those groups' that the range names.
    private static DoctorCheck PingGroups()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Icmp);
            return new("ping-groups", DoctorCheckState.Ok, "without raw sockets: trace by ICMP, UDP and TCP, with less to see");
        }
        catch (SocketException)
        {
            return new("ping-groups", DoctorCheckState.Note,
                "without raw sockets: trace by UDP and TCP, with less to see; not by ICMP, whose sockets this user's groups may not open",
                "sysctl -w net.ipv4.ping_group_range='0 2147483647'");
        }
    }

    private static string NamedNamespaces()
    {
        try
        {
            var count = Directory.GetFiles("/run/netns").Length;
            return count == 1 ? "1 name" : $"{count} names";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "no names";
        }
    }

    private static string FixFor(string capability) => $"run with sudo, or: setcap {capability}+ep {Environment.ProcessPath ?? "probe"}";
}
