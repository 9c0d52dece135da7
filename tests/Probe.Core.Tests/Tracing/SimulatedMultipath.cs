using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using Probe.Lab.Simulation;

namespace Probe.Core.Tests.Tracing;

/// <summary>A multipath search through the simulated network, beside the network's own truth.</summary>
internal sealed class SimulatedMultipath
{
    private const long SecondNs = 1_000_000_000;

    private SimulatedMultipath(TraceEvidence evidence, TrueGraph truth, long tookNs)
    {
        Evidence = evidence;
        Truth = truth;
        TookNs = tookNs;
        FoundNodes = [.. evidence.Hops.SelectMany(hop => hop.Nodes.Select(node => (hop.Ttl, node.Address)))];
        FoundLinks = [.. evidence.Links.Where(link => link.From is not null && link.To is not null).Select(link => (link.Ttl, link.From!, link.To!))];
        TrueNodes = [.. truth.Nodes.Select(node => (node.Ttl, node.Address.ToString()))];
        TrueLinks = [.. truth.Links.Select(link => (link.From.Ttl, link.From.Address.ToString(), link.To.Address.ToString()))];
    }

    public TraceEvidence Evidence { get; }

    public TrueGraph Truth { get; }

    public long TookNs { get; }

    public HashSet<(int Ttl, string Address)> FoundNodes { get; }

    public HashSet<(int Ttl, string From, string To)> FoundLinks { get; }

    public HashSet<(int Ttl, string Address)> TrueNodes { get; }

    public HashSet<(int Ttl, string From, string To)> TrueLinks { get; }

    public static SimulatedMultipath Run(Topology topology, ProbeProtocol protocol = ProbeProtocol.Udp, bool isV6 = false,
        double confidence = 95, ConfidenceScope scope = ConfidenceScope.Hop, int maxProbes = 20_000, ulong key = 1,
        MultipathAlgorithm algorithm = MultipathAlgorithm.MdaLite, EncapsulationStack via = default, bool sweepsOuter = false)
    {
        var network = new SimulatedNetwork(topology, new NetworkOptions { Journal = JournalDetail.Off });
        using var wire = new PacketWire(new SimulatedPort(network), new ProbeCookies(Key(key)), 2 * SecondNs);
        var (source, target) = (topology.AddressOf(TopologyBuilder.Vantage, isV6), topology.AddressOf(TopologyBuilder.Target, isV6));
        var tracer = new MultipathTracer(
            new MultipathOptions
            {
                Trace = new TraceOptions
                {
                    Target = target,
                    Source = source,
                    Protocol = protocol,
                    Flows = [],
                    Size = ProbeWriter.DefaultSize(isV6),
                    MaxPerSecond = int.MaxValue,
                    MaxPerTtlIn10Seconds = int.MaxValue,
                    Via = via,
                    SweepsOuter = sweepsOuter,
                },
                FlowAt = index => SimulatedTrace.FlowOf(index + 1, protocol, isV6),
                Confidence = confidence,
                Scope = scope,
                MaxProbes = maxProbes,
                Algorithm = algorithm,
            },
            new ProbeNumbers());
        var end = SweepLoop.Run(tracer, wire, 3600 * SecondNs, default);
        Assert.Equal(SweepEnd.Done, end);
        var evidence = new TraceEvidenceBuilder(tracer, 0, _ => null).Build("t", end, 0);

        // What varies between our flows is the source port and, for IPv6, the label.
        var template = GroundTruth.Template(new FlowKey
        {
            Source = source,
            Destination = target,
            Protocol = ProbeWriter.IpProtocolOf(protocol, isV6),
            SourcePort = 40_001,
            DestinationPort = protocol == ProbeProtocol.Tcp ? (ushort)80 : (ushort)33_434,
        });
        var truth = new GroundTruth(topology).Graph(template, FlowFields.Ports | FlowFields.IcmpChecksum | FlowFields.FlowLabel);
        return new SimulatedMultipath(evidence, truth, wire.NowNs);
    }

    private static byte[] Key(ulong seed)
    {
        var key = new byte[ProbeCookies.KeyLength];
        new Random((int)seed).NextBytes(key);
        return key;
    }
}
