using Probe.Core.Evidence;
using Probe.Core.PathMtu;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using Probe.Lab.Simulation;

namespace Probe.Core.Tests.PathMtu;

/// <summary>A search for the path MTU in the simulated network.</summary>
internal sealed class SimulatedSearch
{
    public const long Millisecond = 1_000_000;

    private SimulatedSearch(SimulatedNetwork network, PathMtuSearch search, IReadOnlyList<PathMtuEvidence> all, SweepEnd end) =>
        (Network, Search, All, End) = (network, search, all, end);

    public SimulatedNetwork Network { get; }

    public PathMtuSearch Search { get; }

    public IReadOnlyList<PathMtuEvidence> All { get; }

    public PathMtuEvidence Evidence => All[0];

    public SweepEnd End { get; }

    /// <summary>Searches towards the network's target.</summary>
    public static SimulatedSearch Run(
        Topology topology, ProbeProtocol protocol = ProbeProtocol.Tcp, bool isV6 = false, Func<PathMtuOptions, PathMtuOptions>? change = null, int? keySeed = null)
    {
        var network = new SimulatedNetwork(topology, new NetworkOptions { Journal = JournalDetail.Off });
        var options = new PathMtuOptions
        {
            Target = isV6 ? TopologyBuilder.TargetV6 : TopologyBuilder.TargetV4,
            Source = isV6 ? TopologyBuilder.VantageV6 : TopologyBuilder.VantageV4,
            Protocol = protocol,
            FlowAt = index => FlowOf(index + 1, protocol, isV6),
            FirstHopMtu = 0,
        };
        options = change?.Invoke(options) ?? options;
        var outermost = options.Via.IsEmpty ? options.Target : options.Via.Layers[0].Remote;
        options = options.FirstHopMtu == 0 ? options with { FirstHopMtu = network.FirstMtu(outermost) } : options;
        using var wire = new PacketWire(new SimulatedPort(network), new ProbeCookies(Key(keySeed ?? Seed.Value)), 2 * options.TimeoutNs);
        var search = new PathMtuSearch(options, new ProbeNumbers());
        var end = SweepLoop.Run(search, wire, 600_000 * Millisecond, default);
        return new SimulatedSearch(network, search, new PathMtuEvidenceBuilder(search).Build("t"), end);
    }

    public static Flow FlowOf(int id, ProbeProtocol protocol, bool isV6) => new(
        id, (ushort)(40_000 + id), protocol switch { ProbeProtocol.Tcp => 80, ProbeProtocol.Udp => 33_434, _ => 0 }, (ushort)(id * 257), isV6 ? (uint)id : 0);

    /// <summary>A seed of two numbers that is the same in every process, as HashCode is not.</summary>
    public static int SeedOf(int seed, int index) => unchecked((seed * 1_000_003) + index);

    private static byte[] Key(int seed)
    {
        var key = new byte[ProbeCookies.KeyLength];
        new Random(seed).NextBytes(key);
        return key;
    }
}
