using System.CommandLine;
using Probe.Cli.Live;
using Probe.Cli.Parsing;
using Probe.Core.Linux;
using Probe.Core.Probing;

namespace Probe.Cli.Commands;

/// <summary><c>probe trace</c>: its options and what they may be together.</summary>
internal sealed class TraceCommand : ProbeCommand
{
    private const int DefaultCount = 10;
    private const int DefaultMaxTtl = 30;
    private const int MostFlows = 256;
    private const int LargestPacket = 65535;

    private readonly Argument<TargetName> _host;
    private readonly TraceOptions _own;

    public TraceCommand()
        : this(new TraceOptions())
    {
    }

    private TraceCommand(TraceOptions own)
        : base("trace", "Shows every hop on the way to a host: who answers, how fast, how often.", new CommonOptions(), own.All)
    {
        _own = own;
        _host = OptionOf.Argument<TargetName>(TargetName.TryParse, "HOST", "name or address");
        Arguments.Add(_host);
    }

    public override IReadOnlyList<(string Line, string Meaning)> Examples =>
    [
        ("probe trace example.com", "ICMP; a live view on a terminal (h shows its keys), else ten cycles and a table"),
        ("probe trace --report -c 30 example.com", "thirty cycles, then the table, on a terminal too"),
        ("probe trace --tcp -p 443 -n example.com", "as a browser's packets go, without reverse names"),
        ("probe trace --udp --flows 8 -c 3 192.0.2.1", "eight flows, so that eight paths of a balanced network may show"),
        ("probe trace --udp --flows 16 --svg path.svg example.com", "a picture of the paths beside the table"),
        ("probe trace --paste example.com", "a block for a ticket, as mtr -rwn prints it"),
        ("probe trace --asn-file as.txt --asn example.com", "AS numbers from lines such as '192.0.2.0/24 64500 Example', the rest from DNS"),
        ("probe trace --json example.com > t.json", "the evidence, for probe report"),
    ];

    public override ExitStatus Run(ParseResult parse, CommandContext context)
    {
        var request = Read(parse);
        if (request.Probing.Namespace is { } name)
        {
            NamespaceReexecution.Enter(name);
        }

        return request.Output == TraceOutput.Live ? LiveTrace.Run(request, context) : TraceRun.Run(request, context);
    }

    private TraceRequest Read(ParseResult parse)
    {
        var target = parse.GetValue(_host)!;
        var protocol = parse.OnlyOne(ProbeProtocol.Icmp, (_own.Icmp, ProbeProtocol.Icmp), (_own.Udp, ProbeProtocol.Udp), (_own.Tcp, ProbeProtocol.Tcp));
        var port = parse.Find(_own.Port);
        if (port is not null && protocol == ProbeProtocol.Icmp)
        {
            throw UserError.Usage($"ICMP has no ports: give --udp or --tcp with -p {port}");
        }

        var first = parse.Find(_own.FirstTtl) ?? 1;
        var last = parse.Find(_own.MaxTtl) ?? Math.Max(DefaultMaxTtl, first);
        if (first > last)
        {
            throw UserError.Usage($"--first-ttl {first} is above --max-ttl {last}: nothing would be sent");
        }

        var probing = Common!.Read(parse, target);
        var size = parse.Find(_own.Size);
        if (size is { } octets)
        {
            TraceRequest.CheckSize(octets, protocol, probing.Family == Family.V6);
        }

        var output = parse.OnlyOne<TraceOutput?>(null, (_own.Report, TraceOutput.Table), (_own.Json, TraceOutput.Json), (_own.Csv, TraceOutput.Csv),
            (_own.Dot, TraceOutput.Dot), (_own.Mermaid, TraceOutput.Mermaid), (_own.Paste, TraceOutput.Paste))
            ?? (LiveTrace.IsPossible() ? TraceOutput.Live : TraceOutput.Table);
        return new TraceRequest
        {
            Target = target,
            Protocol = protocol,
            Port = port ?? TraceRequest.DefaultPort(protocol),
            FirstTtl = (byte)first,
            MaxTtl = (byte)last,
            Count = parse.Find(_own.Count) ?? (output == TraceOutput.Live ? int.MaxValue : DefaultCount),
            Interval = parse.Find(_own.Interval) ?? Duration.Milliseconds(1000),
            Size = size,
            Flows = parse.Find(_own.Flows) ?? 1,
            Output = output,
            PictureFile = parse.GetValue(_own.Svg),
            AskSystems = parse.Has(_own.Asn),
            SystemsFile = parse.GetValue(_own.AsnFile),
            AllowUnreached = parse.Has(_own.AllowUnreached),
            Probing = probing,
        };
    }

    private sealed class TraceOptions
    {
        public Option<bool> Icmp { get; } = OptionOf.Flag("echo requests (default)", "--icmp");

        public Option<bool> Udp { get; } = OptionOf.Flag("UDP datagrams", "--udp");

        public Option<bool> Tcp { get; } = OptionOf.Flag("TCP SYNs", "--tcp");

        public Option<ushort> Port { get; } = OptionOf.Value<ushort>(Values.Port, "N", $"destination port (UDP {TraceRequest.FirstUdpPort}, TCP {TraceRequest.WebPort})", "--port", "-p");

        public Option<int> FirstTtl { get; } = OptionOf.Value(Values.Between(1, 255), "N", "first TTL (1)", "--first-ttl", "-f");

        public Option<int> MaxTtl { get; } = OptionOf.Value(Values.Between(1, 255), "N", $"last TTL ({DefaultMaxTtl})", "--max-ttl", "-m");

        public Option<int> Count { get; } = OptionOf.Value(Values.Between(1, int.MaxValue), "N", $"cycles ({DefaultCount}; no end in the live view)", "--count", "-c");

        public Option<Duration> Interval { get; } = OptionOf.Value<Duration>(Duration.TryParse, "DURATION", "from one cycle to the next (1s)", "--interval", "-i");

        public Option<int> Size { get; } = OptionOf.Value(Values.Between(1, LargestPacket), "OCTETS", "size of a probe, IP header included", "--size", "-s");

        public Option<int> Flows { get; } = OptionOf.Value(Values.Between(1, MostFlows), "N", "flows, each constant over all TTLs (1)", "--flows");

        public Option<bool> AllowUnreached { get; } = OptionOf.Flag("exit 0 even if the target never answers", "--allow-unreached");

        public Option<bool> Report { get; } = OptionOf.Flag("a table at the end, no live view (default when it goes to no terminal)", "--report");

        public Option<bool> Json { get; } = OptionOf.Flag("print the document", "--json");

        public Option<bool> Csv { get; } = OptionOf.Flag("print one row a node", "--csv");

        public Option<bool> Dot { get; } = OptionOf.Flag("print the path as a graph for Graphviz", "--dot");

        public Option<bool> Mermaid { get; } = OptionOf.Flag("print the path as a Mermaid flowchart", "--mermaid");

        public Option<bool> Paste { get; } = OptionOf.Flag("print a block for a ticket, in the shape of mtr -rwn", "--paste");

        public Option<string> Svg { get; } = OptionOf.Value<string>(Values.OutputFile, "FILE", "also draw the path into FILE", "--svg");

        public Option<bool> Asn { get; } = OptionOf.Flag("show AS numbers; asks DNS (asn.cymru.com) about public addresses", "--asn");

        public Option<string> AsnFile { get; } = OptionOf.Value<string>(Values.InputFile, "FILE", "show AS numbers from FILE: 'PREFIX ASN NAME' a line, # comments, the longest prefix wins; with --asn, DNS knows the rest", "--asn-file");

        public Option[] All => [Icmp, Udp, Tcp, Port, FirstTtl, MaxTtl, Count, Interval, Size, Flows, AllowUnreached, Report, Json, Csv, Dot, Mermaid, Paste, Svg, Asn, AsnFile];
    }
}
