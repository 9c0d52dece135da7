using System.CommandLine;
using Probe.Cli.Frame;
using Probe.Cli.Parsing;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Trace;

/// <summary><c>probe trace</c>: its options and what they may be together.</summary>
internal sealed class TraceCommand : ProbeCommand
{
    private const int DefaultCount = 10;
    private const int DefaultMaxTtl = 30;
    private const int MostFlows = 256;
    private const double DefaultConfidence = 95;
    private const int DefaultMaxProbes = 5000;
    private const int LargestPacket = 65535;

    private readonly Argument<TargetName[]> _hosts;
    private readonly OwnOptions _own;

    public TraceCommand()
        : this(new OwnOptions())
    {
    }

    private TraceCommand(OwnOptions own)
        : base("trace", "Shows every hop on the way to a host: who answers, how fast, how often.", new CommonOptions(), own.All)
    {
        _own = own;
        _hosts = OptionOf.Arguments<TargetName>(TargetName.TryParse, "HOST",
            "name or address; several are traced at once, each shown when it is finished");
        Arguments.Add(_hosts);
    }

    public override IReadOnlyList<(string Line, string Meaning)> Examples =>
    [
        ("probe trace example.com", "ICMP; a live view on a terminal (h shows its keys), else ten cycles and a table"),
        ("probe trace --report -c 30 example.com", "thirty cycles, then the table, on a terminal too"),
        ("probe trace --tcp -p 443 -n example.com", "as a browser's packets go, without reverse names"),
        ("probe trace --udp --flows 8 -c 3 192.0.2.1", "eight flows, so that eight paths of a balanced network may show"),
        ("probe trace --udp --flows 16 --svg path.svg example.com", "a picture of the paths beside the table"),
        ("probe trace --ecmp example.com", "all paths of a balanced network: a search, and on a terminal they are watched then"),
        ("probe trace --ecmp --tcp -p 443 --confidence 99 --confidence-scope graph --json example.com",
            "all paths of HTTPS, the whole graph with 99 %"),
        ("probe trace --paste example.com", "a block for a ticket, as mtr -rwn prints it"),
        ("probe trace --asn-file as.txt --asn example.com",
            "AS numbers from lines such as '192.0.2.0/24 64500 Example', the rest from DNS"),
        ("probe trace 192.0.2.1 192.0.2.2 192.0.2.3", "three hosts at once, a line for each; --report for tables"),
        ("probe trace -n -F hosts.txt --ndjson > traces.ndjson", "a list of hosts, one trace per line as each is finished"),
        ("probe trace -n -F hosts.txt --shard 2/8 --ndjson", "the second of eight parts, for eight machines with the same list"),
        ("probe trace --via gue:192.0.2.21 192.0.2.10", "the path of a virtual address behind the tunnel to one real server"),
        ("probe trace --via gue:192.0.2.21 --sweep outer 192.0.2.10", "the path of the tunnel's own packets to that server"),
        ("probe trace --json example.com > t.json", "the evidence, for probe report"),
    ];

    public override ExitStatus Run(ParseResult parse, CommandContext context)
    {
        var hosts = parse.GetValue(_hosts) ?? [];
        if (hosts.Length == 0 && !parse.Has(_own.File))
        {
            throw UserError.Usage("HOST is missing; see 'probe trace --help'");
        }

        var isMany = hosts.Length > 1 || parse.Has(_own.File);
        if (!isMany && parse.Has(_own.Shard))
        {
            throw UserError.Usage("--shard takes a part of a list: give several hosts, or -F FILE");
        }

        var request = ReadInside(parse, readsInput: false, () => Read(parse, isMany ? null : hosts[0]));

        if (isMany)
        {
            var list = TargetList.Read(hosts, parse.GetValue(_own.File), parse.Find(_own.Shard), context.Messages);
            var view = new BulkView(request, context, list.Count == 0 ? 0 : list.Max(host => host.Text.Length));
            return RunFrame.Run(context, new RunOutput(context, (bundle, _) => view.End(bundle)),
                request.Probing.Capture,
                new BulkMeasurement(request, list, view));
        }

        var output = new RunOutput(context, (bundle, _) => TraceView.Show(request, context, bundle));
        return RunFrame.Run(context, output, request.Probing.Capture,
            request.Output == TraceOutput.Live ? new LiveTraceMeasurement(request, context.Palette) : new TraceMeasurement(request));
    }

    /// <summary>Reads what every trace of the run is to be; the target is null when there are several.</summary>
    private TraceRequest Read(ParseResult parse, TargetName? target)
    {
        var search = ReadSearch(parse);

        // Echo requests have no ports, and most balancers look at ports.
        var protocol = parse.OnlyOne(search is null ? ProbeProtocol.Icmp : ProbeProtocol.Udp, (_own.Icmp, ProbeProtocol.Icmp),
            (_own.Udp, ProbeProtocol.Udp), (_own.Tcp, ProbeProtocol.Tcp));
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
        CheckTunnel(parse, probing);
        var size = parse.Find(_own.Size);
        if (size is { } octets)
        {
            TraceRequest.CheckSize(octets, protocol, probing.Family == Family.V6, probing.Via.Overhead);
        }

        var output = ReadOutput(parse, forMany: target is null);
        if (target is null)
        {
            RefuseForMany(parse, _own.Dot, _own.Mermaid, _own.Svg, _own.Flows, _own.Ecmp, _own.Unprivileged);
        }

        return new TraceRequest
        {
            Target = target ?? TargetName.None,
            Protocol = protocol,
            Port = port ?? DefaultPorts.Of(protocol),
            FirstTtl = (byte)first,
            MaxTtl = (byte)last,
            Count = parse.Find(_own.Count)
                ?? (target is null ? 1 : output == TraceOutput.Live ? int.MaxValue : search is null ? DefaultCount : 0),
            Interval = parse.Find(_own.Interval) ?? Duration.Milliseconds(1000),
            Size = size,
            Flows = parse.Find(_own.Flows) ?? 1,
            SweepsOuter = parse.Find(_own.Sweep) == SweptTtl.Outer,
            Search = search,
            Output = output,
            PictureFile = parse.GetValue(_own.Svg),
            AskSystems = parse.Has(_own.Asn),
            SystemsFile = parse.GetValue(_own.AsnFile),
            Unprivileged = parse.Has(_own.Unprivileged),
            AllowUnreached = parse.Has(_own.AllowUnreached),
            Probing = probing,
        };
    }

    private TraceOutput ReadOutput(ParseResult parse, bool forMany)
    {
        var chosen = parse.OnlyOne<TraceOutput?>(null,
            (_own.Report, TraceOutput.Table), (_own.Json, TraceOutput.Json), (_own.Csv, TraceOutput.Csv), (_own.Ndjson, TraceOutput.Ndjson),
            (_own.Dot, TraceOutput.Dot), (_own.Mermaid, TraceOutput.Mermaid), (_own.Paste, TraceOutput.Paste));
        return chosen ?? (forMany ? TraceOutput.Lines : LiveTraceMeasurement.IsPossible() ? TraceOutput.Live : TraceOutput.Table);
    }

    private void CheckTunnel(ParseResult parse, ProbingOptions probing)
    {
        if (probing.Via.IsEmpty)
        {
            if (parse.Has(_own.Sweep))
            {
                throw UserError.Usage("--sweep says which TTL of a tunnel's packets is swept: add --via, or leave --sweep out");
            }

            return;
        }

        if (parse.Has(_own.Unprivileged))
        {
            throw UserError.Usage("--via needs raw sockets: leave out --unprivileged");
        }
    }

    private SearchRequest? ReadSearch(ParseResult parse)
    {
        Option[] belonging = [_own.Confidence, _own.Scope, _own.MaxProbes];
        if (!parse.Has(_own.Ecmp))
        {
            return belonging.FirstOrDefault(parse.Has) is { } alone
                ? throw UserError.Usage($"{alone.Name} belongs to --ecmp: add it, or leave {alone.Name} out") : null;
        }

        if (parse.Has(_own.Flows))
        {
            throw UserError.Usage(
                "--ecmp finds out by itself how many flows it needs: leave --flows out, or --ecmp for a fixed number of them");
        }

        return new SearchRequest(
            parse.Find(_own.Confidence) ?? DefaultConfidence, parse.Find(_own.Scope) ?? ConfidenceScope.Hop,
            parse.Find(_own.MaxProbes) ?? DefaultMaxProbes);
    }

    private static void RefuseForMany(ParseResult parse, params ReadOnlySpan<Option> options)
    {
        foreach (var option in options)
        {
            if (parse.Has(option))
            {
                throw UserError.Usage($"{option.Name} is for one host: trace each alone, or give --ndjson or --csv for all of them");
            }
        }
    }

    private sealed class OwnOptions
    {
        public Option<bool> Icmp { get; } = OptionOf.Flag("echo requests (default)", "--icmp");

        public Option<bool> Udp { get; } = OptionOf.Flag("UDP datagrams", "--udp");

        public Option<bool> Tcp { get; } = OptionOf.Flag("TCP SYNs", "--tcp");

        public Option<ushort> Port { get; } = OptionOf.Value<ushort>(Values.Port, "N",
            $"destination port (UDP {DefaultPorts.FirstUdp}, TCP {DefaultPorts.Web})", "--port", "-p");

        public Option<int> FirstTtl { get; } = OptionOf.Value(Values.Between(1, 255), "N", "first TTL (1)", "--first-ttl", "-f");

        public Option<int> MaxTtl { get; } = OptionOf.Value(Values.Between(1, 255), "N", $"last TTL ({DefaultMaxTtl})", "--max-ttl", "-m");

        public Option<int> Count { get; } = OptionOf.Value(Values.Between(1, int.MaxValue), "N",
            $"cycles ({DefaultCount}; no end in the live view; 1 for several hosts, where a silent hop is asked twice)", "--count", "-c");

        public Option<string> File { get; } = OptionOf.Value<string>(Values.ListFile, "FILE",
            "hosts to trace besides: one a line, # comments; - is standard input", "--file", "-F");

        public Option<Shard> Shard { get; } = OptionOf.Value<Shard>(Parsing.Shard.TryParse, "K/N",
            "only part K of N of the hosts, split by their text: run N machines with the same list and K = 1…N", "--shard");

        public Option<Duration> Interval { get; } =
            OptionOf.Value<Duration>(Duration.TryParse, "DURATION", "from one cycle to the next (1s)", "--interval", "-i");

        public Option<int> Size { get; } =
            OptionOf.Value(Values.Between(1, LargestPacket), "OCTETS", "size of a probe, IP header included", "--size", "-s");

        public Option<int> Flows { get; } =
            OptionOf.Value(Values.Between(1, MostFlows), "N", "flows, each constant over all TTLs (1)", "--flows");

        public Option<SweptTtl> Sweep { get; } = OptionOf.Value(
            Values.OneOf(("inner", SweptTtl.Inner), ("outer", SweptTtl.Outer)), "inner|outer",
            "with --via: which TTL is swept, the probe's own or that of the outermost tunnel header (inner)", "--sweep");

        public Option<bool> Ecmp { get; } = OptionOf.Flag(
            "find all paths (MDA), by UDP unless told otherwise; after the search -c cycles of those flows that cover what was found "
                + "(none in a report, no end in the live view)", "--ecmp");

        public Option<double> Confidence { get; } = OptionOf.Value<double>(Values.Percent, "PERCENT",
            $"how sure --ecmp shall be that no path is missing ({DefaultConfidence})", "--confidence");

        public Option<ConfidenceScope> Scope { get; } = OptionOf.Value<ConfidenceScope>(
            Values.Scope, "hop|graph", "what that confidence is of: each node's next hops, or the whole graph (hop)", "--confidence-scope");

        public Option<int> MaxProbes { get; } =
            OptionOf.Value(Values.Between(1, int.MaxValue), "N", $"most probes of the search ({DefaultMaxProbes})", "--max-probes");

        public Option<bool> AllowUnreached { get; } = OptionOf.Flag("exit 0 even if the target never answers", "--allow-unreached");

        public Option<bool> Unprivileged { get; } =
            OptionOf.Flag("use sockets that need no privilege, as without CAP_NET_RAW", "--unprivileged");

        public Option<bool> Report { get; } =
            OptionOf.Flag("a table at the end, no live view (default when it goes to no terminal)", "--report");

        public Option<bool> Json { get; } = OptionOf.Flag("print the document", "--json");

        public Option<bool> Ndjson { get; } =
            OptionOf.Flag("print one trace per line as each is finished, and the rest of the document last", "--ndjson");

        public Option<bool> Csv { get; } = OptionOf.Flag("print one row per node", "--csv");

        public Option<bool> Dot { get; } = OptionOf.Flag("print the path as a graph for Graphviz", "--dot");

        public Option<bool> Mermaid { get; } = OptionOf.Flag("print the path as a Mermaid flowchart", "--mermaid");

        public Option<bool> Paste { get; } = OptionOf.Flag("print a block for a ticket, in the shape of mtr -rwn", "--paste");

        public Option<string> Svg { get; } = OptionOf.Value<string>(Values.OutputFile, "FILE", "also draw the path into FILE", "--svg");

        public Option<bool> Asn { get; } = OptionOf.Flag("show AS numbers; asks DNS (asn.cymru.com) about public addresses", "--asn");

        public Option<string> AsnFile { get; } = OptionOf.Value<string>(Values.InputFile, "FILE",
            "show AS numbers from FILE: 'PREFIX ASN NAME' a line, # comments, the longest prefix wins; a FILE.mmdb is a MaxMind database, "
                + "such as GeoLite2-ASN; with --asn, DNS knows the rest",
            "--asn-file");

        public Option[] All =>
            [Icmp, Udp, Tcp, File, Shard, Port, FirstTtl, MaxTtl, Count, Interval, Size, Flows, Sweep, Ecmp, Confidence, Scope, MaxProbes,
            Unprivileged, AllowUnreached, Report, Json, Ndjson, Csv, Dot, Mermaid, Paste, Svg, Asn, AsnFile];
    }
}
