using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using Probe.Lab.Simulation;

namespace Probe.Core.Tests.Tracing;

/// <summary>Traces to many targets through one simulated network.</summary>
internal sealed class SimulatedBulk : IBulkTargets
{
    private readonly IReadOnlyList<IpAddress> _targets;
    private readonly Topology _topology;
    private readonly ProbeProtocol _protocol;
    private EncapsulationStack _via;
    private int _next;

    private SimulatedBulk(Topology topology, IReadOnlyList<IpAddress> targets, ProbeProtocol protocol, SimulatedNetwork network)
    {
        _topology = topology;
        _targets = targets;
        _protocol = protocol;
        Network = network;
    }

    public SimulatedNetwork Network { get; }

    /// <summary>The traces, in the order in which they were finished.</summary>
    public List<BulkTrace> Traces { get; } = [];

    /// <summary>By target, in the order of the list.</summary>
    public IReadOnlyList<TraceEvidence> Evidence =>
        [.. Traces.OrderBy(trace => trace.Target.Index).Select(trace => trace.Build($"t{trace.Target.Index}", End, 0, _ => null))];

    public SweepEnd End { get; private set; }

    public BulkTracer Tracer { get; private set; } = null!;

    /// <summary>Most targets that were under way at once.</summary>
    public int MostInFlight { get; private set; }

    public static SimulatedBulk Run(
        Topology topology, IReadOnlyList<IpAddress> targets, ProbeProtocol protocol = ProbeProtocol.Udp, Func<BulkOptions, BulkOptions>? change = null,
        SimulatedPortOptions? port = null, NetworkOptions? keep = null, long untilNs = 3_600_000 * SimulatedTrace.Millisecond, EncapsulationStack via = default)
    {
        var run = new SimulatedBulk(topology, targets, protocol, new SimulatedNetwork(topology, keep)) { _via = via };
        using var wire = new PacketWire(new SimulatedPort(run.Network, port), new ProbeCookies(), 2 * SimulatedTrace.TimeoutNs, batches: true);
        var options = new BulkOptions { Protocol = protocol, TimeoutNs = SimulatedTrace.TimeoutNs, Seed = (ulong)Seed.Value };
        run.Tracer = new BulkTracer(change?.Invoke(options) ?? options, run, new ProbeNumbers());
        run.End = SweepLoop.Run(run.Tracer, wire, untilNs, default, _ => run.MostInFlight = Math.Max(run.MostInFlight, run.Tracer.InFlight));
        run.Tracer.Stop();
        return run;
    }

    public FeedStatus TryTake(out BulkTarget target)
    {
        if (_next == _targets.Count)
        {
            target = default;
            return FeedStatus.Ended;
        }

        var address = _targets[_next];
        target = new BulkTarget(_next++, address, _topology.AddressOf(TopologyBuilder.Vantage, address.IsV6), SimulatedTrace.FlowOf(1, _protocol, address.IsV6), _via);
        return FeedStatus.Ready;
    }

    public void Finished(BulkTrace trace) => Traces.Add(trace);
}
