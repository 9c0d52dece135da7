using System.Globalization;
using Probe.Cli.Frame;
using Probe.Cli.Names;
using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Health;
using Probe.Core.Host;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace Probe.Cli.Check;

/// <summary>Health checks: resolve, open, check, judge. Each result is streamed or kept as it comes.</summary>
internal sealed class CheckMeasurement : IMeasurement, IVerdictSink
{
    // Below this, a second engine would cost more than it brings.
    private const int TargetsPerEngine = 500;

    private static readonly TimeSpan SettleTime = TimeSpan.FromMilliseconds(20);

    private readonly CheckRequest _request;
    private CheckedPackets? _packets;
    private readonly List<CheckEvidence> _checks = [];
    private readonly TargetTable _targets = [];

    // By a target's index: its place in the list that the user gave, and how long its name took.
    private readonly Placed[] _places;
    private readonly Dictionary<string, List<int>> _placesOf = new(StringComparer.Ordinal);
    private RouteCacheWatch? _cache;
    private long _zeroNs;
    private int _escaped;

    private RunFrame _frame = null!;

    /// <param name="request">What to check.</param>
    public CheckMeasurement(CheckRequest request)
    {
        _request = request;
        _places = new Placed[request.Targets.Count];
        Score = new CheckScore(request.Targets.Count, request.Expected, request.Fail);
    }

    /// <summary>How the targets stand.</summary>
    public CheckScore Score { get; }

    void IVerdictSink.Judged(in CheckOutcome outcome, CheckVerdict verdict, CheckReasonKind? reason)
    {
        var (place, dnsNs) = _places[outcome.Target];
        _escaped += outcome.AckEscaped ? 1 : 0;
        Take(place, CheckEvidenceBuilder.Build(_targets[outcome.Target], _request.Engine, outcome, verdict, reason, _zeroNs, dnsNs));
    }

    /// <inheritdoc/>
    public Measured Measure(RunFrame frame)
    {
        _frame = frame;
        _packets = frame.WantsCapture ? new CheckedPackets() : null;
        using var names = Begin();
        var pace = SparingConntrack();
        _cache = _request.Engine == CheckEngineKind.Sockets ? new RouteCacheWatch() : null;
        using var engines =
            CheckEngines.Open(_request, [.. _targets.Where(target => !target.Via.IsEmpty)], _request.Targets.Count / TargetsPerEngine + 1);
        _zeroNs = engines.NowNs - (CommandContext.Now().UnixNs - frame.Started.UnixNs);
        using var judge = VerdictJudge.Open(_targets, () => engines.NowNs, this, _request.Probing);
        var loops = engines.Loops(_targets, pace, more: names.Left > 0);
        var arrivals = new CheckArrivals(names, loops, judge, Place);
        arrivals.Take();
        var left = _frame.Limit.On(0);
        var end = loops.Run(judge, () => Turn(arrivals, judge), left, _frame.Cancellation);
        judge.Conclude();

        // A gateway that was asked has its second to answer; nothing waits longer than the judge's own limit.
        while (end == SweepEnd.Done && judge.Waiting > 0 && !_frame.Cancellation.WaitHandle.WaitOne(SettleTime))
        {
            judge.Turn();
        }

        judge.Finish();
        _frame.EndRecording();
        return Conclude(end);
    }

    /// <summary>The pace at which raw SYNs leave other connections room to be tracked.</summary>
    /// <exception cref="UserError">More than half of the room would go, and that was not allowed.</exception>
    private CheckPace SparingConntrack()
    {
        var pace = _request.Pace;
        if (_request.Engine != CheckEngineKind.Raw)
        {
            return pace;
        }

        var forecast = ConntrackForecast.Of(ConntrackTable.Read(), _request.Targets.Count, pace.Count, pace.MaxPerSecond);
        if (_request.AllowConntrackFill || forecast.PerSecond >= pace.MaxPerSecond)
        {
            return pace;
        }

        if (forecast.IsTooMuch)
        {
            throw UserError.CannotRun(string.Create(CultureInfo.InvariantCulture,
                $"raw checks may take {forecast.Entries:0} of the {forecast.Free} entries left in the connection tracking table: check "
                    + $"fewer, use --rate {Math.Max(1, Math.Floor(forecast.PerSecond)):0}/s, a notrack rule, or --allow-conntrack-fill"));
        }

        _frame.Messages.Warning(string.Create(CultureInfo.InvariantCulture,
            $"slowed down to {forecast.PerSecond:0.#} checks a second: {forecast.Free} entries are left in the connection tracking table; "
                + $"--allow-conntrack-fill goes at full speed"));
        return pace with { MaxPerSecond = forecast.PerSecond };
    }

    private void Turn(CheckArrivals arrivals, VerdictJudge judge)
    {
        arrivals.Take();
        judge.Turn();
        _frame.Observe();
        if (_frame.Output.StreamsChecks)
        {
            _frame.Output.Flush();
        }

        _frame.Messages.Progress(
            $"{Score.Checks} of {(long)_request.Targets.Count * _request.Pace.Count} checks: "
                + $"{CheckTable.Counts(Score)}{(arrivals.Left > 0 ? $"; {arrivals.Left} names to resolve" : "")}");
    }

    /// <summary>Places the addresses, and begins to resolve the names; a single one now, as nothing goes on without it.</summary>
    private ManyNames Begin()
    {
        var (all, probing) = (_request.Targets, _request.Probing);
        if (all is [{ Host: { IsName: true } only }])
        {
            var asked = Stopwatch.GetTimestamp();
            var address = TargetResolver.Resolve(only, probing.Family, _frame.Limit.Ending);
            Add(0, address, Stopwatch.GetElapsedTime(asked).Ticks * 100);
            return new ManyNames([], probing.Family, _request.Resolver);
        }

        for (var place = 0; place < all.Count; place++)
        {
            var host = all[place].Host;
            if (!host.IsName)
            {
                Add(place, host.Address, null);
            }
            else if (_placesOf.TryGetValue(host.Text, out var places))
            {
                places.Add(place);
            }
            else
            {
                _placesOf.Add(host.Text, [place]);
            }
        }

        var names = new ManyNames(all.Where(target => target.Host.IsName).Select(target => target.Host), probing.Family, _request.Resolver);

        // The filter for answers under this host's own addresses is set once, with all addresses in it.
        while (_request.Tunnels && names.Left > 0 && _frame.Limit.End == SweepEnd.Done)
        {
            while (names.TryTake(out var answer))
            {
                Place(answer);
            }

            _frame.Messages.Progress($"{names.Left} names to resolve");
            names.Wait(_frame.Limit.Ending);
        }

        return names;
    }

    /// <summary>What a name's answer makes of the targets that have it: to be checked, or judged by this.</summary>
    private List<CheckTarget> Place(NameAnswer answer)
    {
        var found = new List<CheckTarget>();
        foreach (var place in _placesOf[answer.Name])
        {
            if (answer.Failure is null)
            {
                found.Add(Add(place, answer.Address, answer.TookNs));
            }
            else
            {
                var target = _request.Targets[place];
                Take(place, CheckEvidenceBuilder.Unresolved(
                    target.Text, target.Port, _request.Kind, _request.Engine, answer.NoResolver, answer.TookNs, target.At?.Via ?? default,
                    target.At?.Real, target.At?.Weight));
            }
        }

        return found;
    }

    private CheckTarget Add(int place, IpAddress address, long? dnsNs)
    {
        var target = _request.Targets[place];
        _places[_targets.Places] = new Placed(place, dnsNs);
        var added = _targets.Add(new CheckTarget
        {
            Index = _targets.Places,
            Name = target.Text,
            Address = address,
            Port = target.Port,
            Host = target.Host.IsName ? target.Host.Text : null,
            Via = target.At?.Via ?? default,
            Real = target.At?.Real,
            Weight = target.At?.Weight,
            Question = _request.Question,
            TimeoutNs = _request.Probing.Timeout.Ns,
            IntervalNs = _request.IntervalNs,
        });
        if (_packets is { } packets)
        {
            packets.Add(added);
            _frame.Record([address, added.SentTo], (in packet) => packets.NameOf(packet.Octets));
        }

        return added;
    }

    private void Take(int place, CheckEvidence check)
    {
        Score.Add(place, check.Verdict);
        _frame.Output.Stream(check);
        if (!_frame.Output.StreamsChecks)
        {
            _checks.Add(check);
        }
    }

    private Measured Conclude(SweepEnd end)
    {
        var gaps = new List<Gap>();
        var expected = (long)_targets.Count * _request.Pace.Count + (_request.Targets.Count - _targets.Count);
        if (Score.Checks < expected)
        {
            gaps.Add(new Gap("checks", $"{expected - Score.Checks} of {expected} were not made or not over when the run ended"));
        }

        gaps.AddRange(RunGaps.Skipped(_request.Skipped, "checked"));
        if (_escaped > 0)
        {
            gaps.Add(new Gap("half-open", $"{_escaped} checks were held up for so long that the application may have accepted them"));
        }

        if (_cache?.Conclude(_targets.Select(target => target.Address)) is { } learned)
        {
            _frame.Messages.Warning($"{learned.What}: {learned.Why}");
            gaps.Add(learned);
        }

        return Score.Conclude(end, isWhole: _request.Skipped.Count == 0) with { Checks = _checks, Gaps = gaps };
    }

    private readonly record struct Placed(int Place, long? DnsNs);
}
