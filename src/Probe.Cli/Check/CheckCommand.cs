using System.CommandLine;
using Probe.Cli.Frame;
using Probe.Cli.Parsing;
using Probe.Core.Evidence;
using Probe.Core.Health;
using Probe.Core.Linux;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Check;

/// <summary><c>probe check</c>: its options and what they may be together.</summary>
internal sealed class CheckCommand : ProbeCommand
{
    private const int MostInFlight = 1_000_000;

    private readonly Argument<string[]> _targets =
        OptionOf.Arguments("HOST:PORT", "what to check; IPv6 in brackets; a host alone with --icmp");
    private readonly CheckOptions _own;

    public CheckCommand()
        : this(new CheckOptions())
    {
    }

    private CheckCommand(CheckOptions own)
        : base("check", "Checks whether services answer, thousands at a time: half-open by default, so that no application notices.",
            new CommonOptions(), own.All)
    {
        _own = own;
        Arguments.Add(_targets);
    }

    public override IReadOnlyList<string> Remarks =>
    [
        "Exit codes: 0 all up, 1 a target counts as down, 4 only this host's own faults (local, overload) stand between.",
        "local and overload say nothing about a target and never count as down: "
            + "no port, descriptor or buffer left, a link down, the routes gone for all, the default gateway silent.",
        "Three things look alike from here and get the verdict that the wire shows: "
            + "packets that a rule of this host drops silently, and a carrier lost at the peer, are no-answer; "
            + "a local rule that rejects with a TCP reset is refused. Look at: nft list ruleset, ip -br link.",
        "Without CAP_NET_ADMIN the kernel cannot be made to ask a gateway anew: "
            + "one that died in the last minute may pass for targets that do not answer.",
    ];

    public override IReadOnlyList<(string Line, string Meaning)> Examples =>
    [
        ("probe check 192.0.2.1:443", "one half-open check: SYN, SYN-ACK, RST"),
        ("probe check -c 3 --fail all -F backends.txt", "three checks of each line; down is what never answered"),
        ("probe check --http /healthz --tls --sni www.example.com 192.0.2.1:443", "as a load balancer would, at one backend"),
        ("probe check --send 'PING\\r\\n' --expect '+PONG' 192.0.2.1:6379", "octets sent, octets expected"),
        ("probe check --expect-state refused 192.0.2.1:1", "a reset proves the host alive"),
        ("probe check --via ipip:10.0.0.7 192.0.2.1:443",
            "the service as the real server 10.0.0.7 gives it; the answer comes straight back"),
        ("ipvsadm -Sn | probe check --targets-from ipvs:-", "every real server of every service of a director"),
        ("probe check --csv -F - < backends.txt > result.csv", "a row per check, as they end"),
    ];

    public override ExitStatus Run(ParseResult parse, CommandContext context)
    {
        var exit = parse.Find(_own.Exit) ?? ExitMode.Probe;
        try
        {
            var readsInput = parse.GetValue(_own.File) is "-" || parse.GetValue(_own.TargetsFrom) is { File: "-" };
            return Check(ReadInside(parse, readsInput, () => Read(parse, context)), context);
        }
        catch (Exception e) when (exit != ExitMode.Probe && e is LinuxException or UserError { Status: ExitStatus.CannotRun })
        {
            // A checker that cannot run knows of no target that is down.
            context.Messages.Error(e.Message, e);
            if (exit == ExitMode.Binary)
            {
                return ExitStatus.Fine;
            }

            context.Out.WriteLine("CHECK UNKNOWN - cannot run");
            return MonitoringStatus.Unknown;
        }
    }

    private static ExitStatus Check(CheckRequest request, CommandContext context)
    {
        var check = new CheckMeasurement(request);
        var output = request.Output == CheckOutput.Csv
            ? new RunOutput(context) { CheckRow = new CheckCsv(context.Out).Write }
            : new RunOutput(context, Show);
        var status = RunFrame.Run(context, output, request.Probing.Capture, request.Exit, check);
        if (request.Exit == ExitMode.Binary && check.Score.Unknown > 0)
        {
            context.Messages.Error(
                $"{check.Score.Unknown} of {request.Targets.Count} targets could not be judged, "
                    + "for a fault of this host or an overload of the checker");
        }

        return status;

        void Show(Bundle bundle, ExitStatus status)
        {
            if (request.Exit == ExitMode.Nagios)
            {
                context.Out.WriteLine(CheckTable.StateLine(check.Score, status));
            }

            CheckTable.Write(bundle, check.Score, request, context.Out, context.Palette);
        }
    }

    private CheckRequest Read(ParseResult parse, CommandContext context)
    {
        var question = ReadQuestion(parse);
        var output =
            parse.OnlyOne(CheckOutput.Table, (_own.Json, CheckOutput.Json), (_own.Ndjson, CheckOutput.Ndjson), (_own.Csv, CheckOutput.Csv));
        var skipped = new List<string>();
        var (targets, probing) = ReadTargets(parse, question.Kind, context, skipped);
        var engine = ReadEngine(parse, question.Kind, tunnels: targets.Any(target => target.At is { Via.IsEmpty: false }));
        RequireRoom(question, engine, targets);
        return new CheckRequest
        {
            Targets = targets,
            Skipped = skipped,
            IntervalNs = (parse.Find(_own.Interval) ?? Duration.Milliseconds(1000)).Ns,
            Engine = engine,
            AllowConntrackFill = parse.Has(_own.AllowConntrackFill),
            Pace = ReadPace(parse, probing, targets.Count),
            Output = output,
            Fail = parse.Find(_own.Fail) ?? FailMode.Last,
            Exit = parse.Find(_own.Exit) ?? ExitMode.Probe,
            Probing = probing,
            Question = question,
        };
    }

    private CheckQuestion ReadQuestion(ParseResult parse)
    {
        var kind = ReadKind(parse);
        var expected = parse.Find(_own.ExpectState) ?? ExpectedState.Up;
        if (expected == ExpectedState.Refused && kind is not (CheckKind.Syn or CheckKind.Connect))
        {
            throw UserError.Usage(
                "--expect-state refused is about a reset that answers a SYN: leave out the options that say something to a service");
        }

        return new CheckQuestion
        {
            Kind = kind,
            Expected = expected,
            Tls = parse.Has(_own.Tls),
            ServerName = parse.GetValue(_own.Sni),
            HttpPath = parse.GetValue(_own.Http) ?? "/",
            Send = parse.GetValue(_own.Send) ?? [],
            Expect = parse.GetValue(_own.Expect),
            SilenceIsUp = parse.Has(_own.AllowSilence),
        };
    }

    private (IReadOnlyList<ServiceName> Targets, ProbingOptions Probing) ReadTargets(
        ParseResult parse, CheckKind kind, CommandContext context, List<string> skipped)
    {
        var targets = CheckTargets.Read(
            parse.GetValue(_targets) ?? [], parse.GetValue(_own.File),
            kind == CheckKind.Icmp ? ServiceName.TryParseHost : ServiceName.TryParse,
            parse.GetValue(_own.TargetsFrom), kind == CheckKind.Udp, context.Messages.Warning, skipped.Add);
        skipped.ForEach(sentence => context.Messages.Warning($"not checked: {sentence}"));
        var probing = Common!.Read(parse, targets.Count == 1 ? targets[0].Host : null);
        if (probing.Via is { IsEmpty: false } via)
        {
            targets = targets.Any(target => target.At is not null)
                ? throw UserError.Usage(
                    "--via and --targets-from contradict each other: the list says by which tunnel each server is reached")
                : [.. targets.Select(target => target with { At = new ReachedBy(via) })];
        }

        foreach (var target in targets)
        {
            if (target.At is { Via: { Overhead: > RawEngine.MostOverhead and var overhead } })
            {
                throw UserError.Usage($"the tunnels to {target.Text} add {overhead} octets to each packet, "
                    + $"and checks take {RawEngine.MostOverhead} at most: give fewer --via");
            }

            if (target.Host.Zone is { } zone && !string.Equals(zone, probing.Interface, StringComparison.Ordinal))
            {
                throw UserError.Usage($"{target.Text} needs the interface of all checks: give --interface {zone}");
            }

            _ = probing.FamilyFor(target.Host);
        }

        return (targets, probing);
    }

    private CheckPace ReadPace(ParseResult parse, ProbingOptions probing, int targets)
    {
        var count = parse.Find(_own.Count) ?? 1;
        var inFlight = parse.Find(_own.InFlight) ?? new CheckPace().InFlight;

        // Each place in flight takes memory, and no more are used than there are checks.
        var pace = new CheckPace { Count = count, InFlight = (int)Math.Min(inFlight, (long)targets * count) };
        return probing.Rate switch
        {
            null => pace,
            { PerSecond: { } rate } => pace with { MaxPerSecond = rate },
            _ => pace with { MaxPerSecond = double.PositiveInfinity, MaxPerTargetPerSecond = int.MaxValue },
        };
    }

    private CheckEngineKind ReadEngine(ParseResult parse, CheckKind kind, bool tunnels)
    {
        var engine = parse.Find(_own.Engine) ?? (tunnels ? CheckEngineKind.Raw : CheckEngineKind.Sockets);
        var byPackets = kind is CheckKind.Syn or CheckKind.Icmp or CheckKind.Udp;
        if (tunnels && (engine != CheckEngineKind.Raw || !byPackets))
        {
            throw UserError.Usage(
                "through a tunnel half-open checks, --icmp and --udp go, by --engine raw: "
                    + $"leave out {(byPackets ? "--engine sockets" : "the option that asks for another kind")}");
        }

        if (engine == CheckEngineKind.Raw && !byPackets)
        {
            throw UserError.Usage(
                "--engine raw makes half-open checks, --icmp and --udp only: leave out the option that asks for another kind, or --engine");
        }

        return engine == CheckEngineKind.Raw || !parse.Has(_own.AllowConntrackFill)
            ? engine
            : throw UserError.Usage("--allow-conntrack-fill is for --engine raw: add it, or leave it out");
    }

    /// <summary>Datagrams of our own making are not fragmented.</summary>
    private static void RequireRoom(CheckQuestion question, CheckEngineKind engine, IReadOnlyList<ServiceName> targets)
    {
        if (engine != CheckEngineKind.Raw || question.Kind != CheckKind.Udp)
        {
            return;
        }

        var overhead = targets.Max(target => target.At?.Via.Overhead ?? 0);
        var most = RawEngine.MostOctets(overhead);
        if (question.Send.Length > most)
        {
            throw UserError.Usage($"--send has {question.Send.Length} octets, "
                + $"and a datagram of --engine raw takes {most}{(overhead > 0 ? " in these tunnels" : "")}: send fewer");
        }
    }

    private CheckKind ReadKind(ParseResult parse)
    {
        CheckKind? alone = parse.OnlyOne<CheckKind?>(null, (_own.Syn, CheckKind.Syn), (_own.Connect, CheckKind.Connect),
            (_own.Icmp, CheckKind.Icmp), (_own.Udp, CheckKind.Udp));
        var exchanges = new Option[] { _own.Tls, _own.Http, _own.Send, _own.Expect }.Where(parse.Has).ToList();
        var allowed = alone == CheckKind.Udp ? [_own.Send, _own.Expect] : Array.Empty<Option>();
        if (alone is { } kind && exchanges.Except(allowed).FirstOrDefault() is { } other)
        {
            throw UserError.Usage($"--{kind.ToString().ToLowerInvariant()} and {other.Name} contradict each other: leave one out");
        }

        if (parse.Has(_own.Http) && parse.Has(_own.Send))
        {
            throw UserError.Usage("--http and --send contradict each other: leave one out");
        }

        if (parse.Has(_own.Sni) && !parse.Has(_own.Tls) && !parse.Has(_own.Http))
        {
            throw UserError.Usage("--sni names the server of a TLS handshake or an HTTP request: give --tls or --http with it");
        }

        if (parse.Has(_own.AllowSilence) && alone != CheckKind.Udp)
        {
            throw UserError.Usage("--allow-silence is for --udp: a TCP service that is silent is not up");
        }

        return alone
            ?? (parse.Has(_own.Http) ? CheckKind.Http
                : parse.Has(_own.Send) || parse.Has(_own.Expect) ? CheckKind.SendExpect
                : parse.Has(_own.Tls) ? CheckKind.Tls
                : CheckKind.Syn);
    }

    private sealed class CheckOptions
    {
        public Option<bool> Syn { get; } = OptionOf.Flag("half-open: SYN, SYN-ACK, RST (default)", "--syn");

        public Option<bool> Connect { get; } = OptionOf.Flag("a whole TCP connection, closed at once", "--connect");

        public Option<bool> Tls { get; } =
            OptionOf.Flag("a TLS handshake; no certificate is judged; also before --http and --send", "--tls");

        public Option<string> Sni { get; } = OptionOf.Value<string>(Values.Text, "NAME",
            "server name of the handshake and of the HTTP request (the target's)", "--sni");

        public Option<string> Http { get; } =
            OptionOf.Value<string>(Values.HttpPath, "PATH", "an HTTP request; up is a status from 200 to 399", "--http");

        public Option<byte[]> Send { get; } =
            OptionOf.Value<byte[]>(ExpectedAnswer.TryReadOctets, "TEXT", @"octets to send, with \r \n \t \0 \\ \xHH", "--send");

        public Option<ExpectedAnswer> Expect { get; } =
            OptionOf.Value<ExpectedAnswer>(ExpectedAnswer.TryParse, "TEXT", "octets that the answer must hold, or re:PATTERN", "--expect");

        public Option<bool> Icmp { get; } = OptionOf.Flag("an echo request", "--icmp");

        public Option<bool> Udp { get; } = OptionOf.Flag("a UDP datagram (--send), and an answer to it (--expect)", "--udp");

        public Option<bool> AllowSilence { get; } = OptionOf.Flag("with --udp: no answer and no ICMP error is up", "--allow-silence");

        public Option<ExpectedState> ExpectState { get; } = OptionOf.Value(
            Values.OneOf(("up", ExpectedState.Up), ("refused", ExpectedState.Refused)), "up|refused",
            "what must be seen (up); refused: a reset, which proves the host alive", "--expect-state");

        public Option<CheckEngineKind> Engine { get; } = OptionOf.Value(
            Values.OneOf(("sockets", CheckEngineKind.Sockets), ("raw", CheckEngineKind.Raw)), "sockets|raw",
            "kernel sockets (default), or packets of our own: twice as many a second, and no hold-up lets a connection through",
            "--engine");

        public Option<ServiceSource> TargetsFrom { get; } = OptionOf.Value<ServiceSource>(ServiceSource.TryParse, "ipvs:FILE|-",
            "each real server of what ipvsadm -Sn wrote, by its own tunnel", "--targets-from");

        public Option<bool> AllowConntrackFill { get; } = OptionOf.Flag(
            "with --engine raw: take more than half of what the connection tracking table has left", "--allow-conntrack-fill");

        public Option<string> File { get; } = OptionOf.Value<string>(Values.ListFile, "FILE",
            "targets from FILE, one a line, # comments; - is standard input", "--file", "-F");

        public Option<int> Count { get; } =
            OptionOf.Value(Values.Between(1, int.MaxValue - 1), "N", "checks of each target (1)", "--count", "-c");

        public Option<Duration> Interval { get; } =
            OptionOf.Value<Duration>(Duration.TryParse, "DURATION", "from one round of all targets to the next (1s)", "--interval", "-i");

        public Option<int> InFlight { get; } =
            OptionOf.Value(Values.Between(1, MostInFlight), "N", "most checks at a time (1000)", "--in-flight");

        public Option<FailMode> Fail { get; } = OptionOf.Value(
            Values.OneOf(("last", FailMode.Last), ("any", FailMode.Any), ("all", FailMode.All)), "any|all|last",
            "which results make a target count as down (last)", "--fail");

        public Option<ExitMode> Exit { get; } = OptionOf.Value(
            Values.OneOf(("binary", ExitMode.Binary), ("nagios", ExitMode.Nagios)), "binary|nagios",
            "exit codes for callers that read any non-zero as dead, or for monitoring plugins", "--exit");

        public Option<bool> Json { get; } = OptionOf.Flag("print the document", "--json");

        public Option<bool> Ndjson { get; } =
            OptionOf.Flag("print one check per line as they end, the document without them last", "--ndjson");

        public Option<bool> Csv { get; } = OptionOf.Flag("print one row per check as they end", "--csv");

        public Option[] All =>
        [
            Syn, Connect, Tls, Sni, Http, Send, Expect, Icmp, Udp, AllowSilence, ExpectState, Engine, AllowConntrackFill, File, TargetsFrom,
            Count, Interval, InFlight, Fail, Exit, Json, Ndjson, Csv,
        ];
    }
}
