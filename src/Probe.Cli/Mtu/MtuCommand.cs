using System.CommandLine;
using Probe.Cli.Frame;
using Probe.Cli.Parsing;
using Probe.Core.Evidence;
using Probe.Core.TcpTests;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Mtu;

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
        : base("mtu", "Finds the largest packet that gets to a host, who limits it, and whether anybody says so.", new CommonOptions(),
            own.All)
    {
        _own = own;
        _hosts = OptionOf.Arguments<TargetName>(TargetName.TryParse, "HOST", "name or address; several are searched one after the other");
        Arguments.Add(_hosts);
    }

    public override IReadOnlyList<string> Remarks =>
    [
        "Exit codes: 0 found and nothing wrong, "
            + "1 a fault (a black hole, a wrong size signalled, another result than --expect), 4 loss hides the answer or nothing answers.",
        "Sizes are octets of the IP packet; with --via those of the packet inside. "
            + "Nothing is learned by this host: its route cache stays as it was.",
        "A load balancer answers echo requests and stray segments to its address itself. "
            + "Ask it with --tcp -p PORT of a service: a SYN that carries octets goes through.",
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
        if (parse.Find(_own.Responder) is { } responder)
        {
            return Respond(parse, responder, context);
        }

        var readsInput = parse.GetValue(_own.File) is "-" || parse.GetValue(_own.TargetsFrom) is { File: "-" };
        var request = ReadInside(parse, readsInput, () => Read(parse, context));
        var output = request.Output == MtuOutput.Csv
            ? new RunOutput(context) { PathMtuRow = new MtuCsv(context.Out).Write }
            : new RunOutput(context, (bundle, _) => MtuTable.Write(bundle, context.Out, context.Palette));
        return RunFrame.Run(context, output, request.Probing.Capture, new MtuMeasurement(request));
    }

    private MtuRequest Read(ParseResult parse, CommandContext context)
    {
        var hosts = parse.GetValue(_hosts) ?? [];
        if (hosts.Length == 0 && !parse.Has(_own.File) && !parse.Has(_own.TargetsFrom))
        {
            throw UserError.Usage("HOST is missing; see 'probe mtu --help'");
        }

        ProbeProtocol? protocol = parse.OnlyOne<ProbeProtocol?>(null, (_own.Icmp, ProbeProtocol.Icmp), (_own.Udp, ProbeProtocol.Udp),
            (_own.Tcp, ProbeProtocol.Tcp));
        var port = parse.Find(_own.Port);
        // A port alone is that of a service.
        protocol ??= port is null ? null : ProbeProtocol.Tcp;
        if (port is not null && protocol == ProbeProtocol.Icmp)
        {
            throw UserError.Usage($"ICMP has no ports: give --udp or --tcp with -p {port}");
        }

        var names = hosts.Length == 1 && !parse.Has(_own.File) ? [hosts[0]]
            : hosts.Length == 0 && !parse.Has(_own.File) ? [] : TargetList.Read(hosts, parse.GetValue(_own.File), null, context.Messages);
        var probing = Common!.Read(parse, names.Count == 1 ? names[0] : null);
        var skipped = new List<string>();
        var targets = ReadTargets(parse, names, probing, skipped.Add);
        skipped.ForEach(sentence => context.Messages.Warning($"not searched: {sentence}"));
        if (targets.Count > 1 && probing.Capture is not null)
        {
            throw UserError.Usage("--pcap is for one host: search each alone, or leave it out");
        }

        var first = port ?? DefaultPorts.Of(protocol ?? ProbeProtocol.Tcp) ?? DefaultPorts.Web;
        return new MtuRequest
        {
            Targets = targets,
            Skipped = skipped,
            Protocol = protocol,
            Port = first,
            Flows = parse.Find(_own.Flows) ?? MtuRequest.OtherFlows,
            MaxProbes = parse.Find(_own.MaxProbes) ?? MtuRequest.MostProbes,
            Expected = parse.Find(_own.Expect),
            Conversations = ReadConversations(parse, targets, first),
            Output =
                parse.OnlyOne(MtuOutput.Table, (_own.Json, MtuOutput.Json), (_own.Ndjson, MtuOutput.Ndjson), (_own.Csv, MtuOutput.Csv)),
            Probing = probing,
        };
    }

    private List<MtuTarget> ReadTargets(ParseResult parse, IReadOnlyList<TargetName> names, ProbingOptions probing, Action<string> skipped)
    {
        List<MtuTarget> targets = [.. names.Select(name => new MtuTarget(name, probing.Via))];
        if (parse.GetValue(_own.TargetsFrom) is not { } source)
        {
            return !parse.Has(_own.EachReal) ? targets
                : throw UserError.Usage(
                    "--each-real needs the list of the real servers: "
                        + "give --targets-from ipvs:FILE, or ipvs:- for the text of ipvsadm -Sn on standard input");
        }

        if (!probing.Via.IsEmpty)
        {
            throw UserError.Usage("--via and --targets-from contradict each other: the list says by which tunnel each server is reached");
        }

        targets.AddRange(parse.Has(_own.EachReal)
            ? source.Read(skipped)
                .Select(service =>
                new MtuTarget(service.Host with { Text = service.Text }, service.At?.Via ?? default, service.Port, service.At?.Real))
            : source.ReadServices(skipped).Select(service => new MtuTarget(
                new TargetName(service.Text, service.Address, null), Port: service.Port,
                Service: service.IsUdp ? ProbeProtocol.Udp : ProbeProtocol.Tcp)));
        return targets.Count > 0 ? targets : throw UserError.Usage("there is no service to search in what --targets-from names");
    }

    private MtuConversations? ReadConversations(ParseResult parse, IReadOnlyList<MtuTarget> targets, ushort port)
    {
        var (upload, download, stall) = (parse.Has(_own.TcpUpload), parse.Has(_own.TcpDownload), parse.Has(_own.TcpStall));
        if (!upload && !download && !stall)
        {
            return parse.Has(_own.Payload)
                ? throw UserError.Usage("--payload is what --tcp-upload and --tcp-stall send: add one of them, or leave it out") : null;
        }

        if (parse.Has(_own.Icmp) || parse.Has(_own.Udp))
        {
            throw UserError.Usage(
                $"--tcp-upload, --tcp-download and --tcp-stall are about TCP: leave out {(parse.Has(_own.Icmp) ? "--icmp" : "--udp")}");
        }

        if (targets is not [{ Via.IsEmpty: true } target])
        {
            throw UserError.Usage(
                "--tcp-upload, --tcp-download and --tcp-stall open connections of this host: "
                    + "they take one host, and no tunnel of the probes");
        }

        if (download && parse.GetValue(_own.Payload) is not "zeros")
        {
            throw UserError.Usage(
                "--tcp-download is answered only by probe mtu --responder PORT at the far end, which sends zeros: "
                    + "add --payload zeros -p PORT");
        }

        var host = target.Host.IsName ? target.Host.Text : $"{target.Host.Address}";
        return TcpPayload.TryChoose(parse.GetValue(_own.Payload), target.Port ?? port, host, out var payload, out var error)
            ? new MtuConversations(upload, download, stall, payload) : throw UserError.Usage(error);
    }

    private ExitStatus Respond(ParseResult parse, ushort port, CommandContext context)
    {
        if ((parse.GetValue(_hosts) ?? []).Length > 0)
        {
            throw UserError.Usage("--responder waits for the far end to connect: leave HOST out");
        }

        var probing = ReadInside(parse, readsInput: false, () => Common!.Read(parse, null));
        using var responder = new TcpResponder(port, probing.Source);
        context.Messages.Warning(
            $"answering on port {responder.Port}; "
                + $"at the far end: probe mtu --tcp-upload --tcp-download --payload zeros -p {responder.Port} THIS-HOST");
        responder.Run(context.Cancellation);
        return ExitStatus.Fine;
    }

    private sealed class OwnOptions
    {
        public Option<bool> Icmp { get; } = OptionOf.Flag("echo requests alone", "--icmp");

        public Option<bool> Udp { get; } = OptionOf.Flag("UDP datagrams to a closed port", "--udp");

        public Option<bool> Tcp { get; } = OptionOf.Flag("TCP SYNs that carry octets", "--tcp");

        public Option<ushort> Port { get; } = OptionOf.Value<ushort>(Values.Port, "N",
            $"destination port (UDP {DefaultPorts.FirstUdp}, TCP {DefaultPorts.Web})", "--port", "-p");

        public Option<int> Flows { get; } = OptionOf.Value(Values.Between(0, MostFlows), "N",
            $"flows to compare once the first is done ({MtuRequest.OtherFlows})", "--flows");

        public Option<int> MaxProbes { get; } =
            OptionOf.Value(Values.Between(1, int.MaxValue), "N", $"most packets a target ({MtuRequest.MostProbes})", "--max-probes");

        public Option<int> Expect { get; } =
            OptionOf.Value(Values.Between(1, LargestPacket), "OCTETS", "any other result is a fault (exit 1)", "--expect");

        public Option<ServiceSource> TargetsFrom { get; } = OptionOf.Value<ServiceSource>(ServiceSource.TryParse, "ipvs:FILE|-",
            "the services of what ipvsadm -Sn wrote, asked as from outside", "--targets-from");

        public Option<bool> EachReal { get; } =
            OptionOf.Flag("with --targets-from: each real server by its own tunnel, the odd one out marked", "--each-real");

        public Option<bool> TcpUpload { get; } = OptionOf.Flag(
            "also send the same octets over connections: spaced, in pairs, in bulk; finds what loses merged segments alone",
            "--tcp-upload");

        public Option<bool> TcpDownload { get; } =
            OptionOf.Flag("the same from the far end, where probe mtu --responder runs", "--tcp-download");

        public Option<bool> TcpStall { get; } =
            OptionOf.Flag("also open connections before and after the path MTU is learned; this host learns it by that", "--tcp-stall");

        public Option<string> Payload { get; } = OptionOf.Value<string>(Values.Text, "tls|http|zeros|FILE",
            "what these connections send; needed for ports other than 443 and 80", "--payload");

        public Option<ushort> Responder { get; } = OptionOf.Value<ushort>(Values.Port, "PORT",
            "be the far end of --tcp-upload and --tcp-download until interrupted", "--responder");

        public Option<string> File { get; } =
            OptionOf.Value<string>(Values.ListFile, "FILE", "hosts besides: one a line, # comments; - is standard input", "--file", "-F");

        public Option<bool> Json { get; } = OptionOf.Flag("print the document", "--json");

        public Option<bool> Ndjson { get; } =
            OptionOf.Flag("print one path MTU a line as each is found, and the rest of the document last", "--ndjson");

        public Option<bool> Csv { get; } = OptionOf.Flag("print one row per path MTU", "--csv");

        public Option[] All =>
            [Icmp, Udp, Tcp, Port, Flows, MaxProbes, Expect, File, TargetsFrom, EachReal, TcpUpload, TcpDownload, TcpStall, Payload,
            Responder, Json, Ndjson, Csv];
    }
}
