using System.CommandLine;
using Probe.Cli.Parsing;
using Probe.Core.Linux;
using Probe.Core.Probing;

namespace Probe.Cli.Commands;

/// <summary><c>probe mtu</c>: its options and what they may be together.</summary>
internal sealed class MtuCommand : ProbeCommand
{
    private const int MostFlows = 256;
    private const int LargestPacket = 65535;

    private readonly Argument<TargetName[]> _hosts;
    private readonly OwnOptions _own;

    public MtuCommand()
        : this(new OwnOptions())
    {
    }

    private MtuCommand(OwnOptions own)
        : base("mtu", "Finds the largest packet that gets to a host, who limits it, and whether anybody says so.", new CommonOptions(), own.All)
    {
        _own = own;
        _hosts = OptionOf.Arguments<TargetName>(TargetName.TryParse, "HOST", "name or address; several are searched one after the other");
        Arguments.Add(_hosts);
    }

    public override IReadOnlyList<string> Remarks =>
    [
        "Exit codes: 0 found and nothing wrong, 1 a fault (a black hole, a wrong size signalled, another result than --expect), 4 loss hides the answer or nothing answers.",
        "Sizes are octets of the IP packet; with --via those of the packet inside. Nothing is learned by this host: its route cache stays as it was.",
        "A load balancer answers echo requests and stray segments to its address itself. Ask it with --tcp -p PORT of a service: a SYN that carries octets goes through.",
    ];

    public override IReadOnlyList<(string Line, string Meaning)> Examples =>
    [
        ("probe mtu example.com", "echo requests, and TCP to tell the two directions apart"),
        ("probe mtu --tcp -p 443 192.0.2.10", "as a client of a service, through its load balancer"),
        ("probe mtu --via gue:192.0.2.21 192.0.2.10", "from a director: what fits into the tunnel to one real server"),
        ("probe mtu --tcp -p 443 --flows 32 192.0.2.10", "32 flows more, so that a smaller member of a balanced group shows"),
        ("probe mtu --expect 1500 --json 192.0.2.10", "for a script: any other result ends with 1"),
    ];

    public override ExitStatus Run(ParseResult parse, CommandContext context)
    {
        var request = Read(parse, context);
        if (request.Probing.Namespace is { } name)
        {
            NamespaceReexecution.Enter(name);
        }

        return MtuRun.Run(request, context);
    }

    private MtuRequest Read(ParseResult parse, CommandContext context)
    {
        var hosts = parse.GetValue(_hosts) ?? [];
        if (hosts.Length == 0 && !parse.Has(_own.File))
        {
            throw UserError.Usage("HOST is missing; see 'probe mtu --help'");
        }

        ProbeProtocol? protocol = parse.OnlyOne<ProbeProtocol?>(null, (_own.Icmp, ProbeProtocol.Icmp), (_own.Udp, ProbeProtocol.Udp), (_own.Tcp, ProbeProtocol.Tcp));
        var port = parse.Find(_own.Port);
        // A port alone is that of a service.
        protocol ??= port is null ? null : ProbeProtocol.Tcp;
        if (port is not null && protocol == ProbeProtocol.Icmp)
        {
            throw UserError.Usage($"ICMP has no ports: give --udp or --tcp with -p {port}");
        }

        var targets = hosts.Length == 1 && !parse.Has(_own.File) ? [hosts[0]] : TargetList.Read(hosts, parse.GetValue(_own.File), null, context.Messages);
        return new MtuRequest
        {
            Targets = [.. targets.Select(target => new MtuTarget(target))],
            Protocol = protocol,
            Port = port ?? TraceRequest.DefaultPort(protocol ?? ProbeProtocol.Tcp) ?? TraceRequest.WebPort,
            HasPort = port is not null,
            Flows = parse.Find(_own.Flows) ?? MtuRequest.OtherFlows,
            MaxProbes = parse.Find(_own.MaxProbes) ?? MtuRequest.MostProbes,
            Expected = parse.Find(_own.Expect),
            Output = parse.OnlyOne(MtuOutput.Table, (_own.Json, MtuOutput.Json), (_own.Ndjson, MtuOutput.Ndjson), (_own.Csv, MtuOutput.Csv)),
            Probing = Common!.Read(parse, targets.Count == 1 ? targets[0] : null),
        };
    }

    private sealed class OwnOptions
    {
        public Option<bool> Icmp { get; } = OptionOf.Flag("echo requests alone", "--icmp");

        public Option<bool> Udp { get; } = OptionOf.Flag("UDP datagrams to a closed port", "--udp");

        public Option<bool> Tcp { get; } = OptionOf.Flag("TCP SYNs that carry octets", "--tcp");

        public Option<ushort> Port { get; } = OptionOf.Value<ushort>(Values.Port, "N", $"destination port (UDP {TraceRequest.FirstUdpPort}, TCP {TraceRequest.WebPort})", "--port", "-p");

        public Option<int> Flows { get; } = OptionOf.Value(Values.Between(0, MostFlows), "N", $"flows to compare once the first is done ({MtuRequest.OtherFlows})", "--flows");

        public Option<int> MaxProbes { get; } = OptionOf.Value(Values.Between(1, int.MaxValue), "N", $"most packets a target ({MtuRequest.MostProbes})", "--max-probes");

        public Option<int> Expect { get; } = OptionOf.Value(Values.Between(1, LargestPacket), "OCTETS", "any other result is a fault (exit 1)", "--expect");

        public Option<string> File { get; } = OptionOf.Value<string>(Values.ListFile, "FILE", "hosts besides: one a line, # comments; - is standard input", "--file", "-F");

        public Option<bool> Json { get; } = OptionOf.Flag("print the document", "--json");

        public Option<bool> Ndjson { get; } = OptionOf.Flag("print one path MTU a line as each is found, and the rest of the document last", "--ndjson");

        public Option<bool> Csv { get; } = OptionOf.Flag("print one row a path MTU", "--csv");

        public Option[] All => [Icmp, Udp, Tcp, Port, Flows, MaxProbes, Expect, File, Json, Ndjson, Csv];
    }
}
