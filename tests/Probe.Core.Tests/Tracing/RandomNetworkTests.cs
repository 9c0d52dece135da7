using FsCheck.Fluent;
using FsCheck;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;
using Xunit.Abstractions;

namespace Probe.Core.Tests.Tracing;

[Collection(Lanes.Simulated)]
public class RandomNetworkTests(ITestOutputHelper output)
{
    private const int Networks = 1_000;

    public static TheoryData<ProbeProtocol, bool> Kinds => new()
    {
        { ProbeProtocol.Icmp, false }, { ProbeProtocol.Udp, false }, { ProbeProtocol.Tcp, false },
        { ProbeProtocol.Icmp, true }, { ProbeProtocol.Udp, true }, { ProbeProtocol.Tcp, true },
    };

    private static bool IsServiceOfItsOwnWords(Topology topology) =>
        topology.Node(TopologyBuilder.Target).Host is { } host
        && (host.OtherUdp == UdpBehaviour.Reply || host.Udp.Any(service => service.Behaviour == UdpBehaviour.Reply));

    // IPv6 has no identification: where a NAT leaves its own checksum in a quote of eight octets, nothing of the probe's number is left.
    private static bool LosesTheChecksum(Topology topology) =>
        topology.Nodes.Any(node => node.Nat is { Errors: NatErrors.ChecksumLeft }) || topology.Nodes.Any(node => node.Errors.Quote.Checksum != QuotedChecksum.Kept);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_hops_found_are_exactly_those_whose_answers_were_delivered_in_time(ProbeProtocol protocol, bool isV6)
    {
        var answered = 0;
        var networks = Gen.Choose(1, int.MaxValue).Select(seed => RandomTopologies.Make((ulong)seed));
        Prop.ForAll(Arb.From(networks, RandomTopologies.Simpler), topology =>
        {
            var trace = SimulatedTrace.Run(topology, protocol, isV6);
            Assert.Equal(SweepEnd.Done, trace.End);
            var expected = trace.Answers();
            foreach (var probe in trace.Evidence.Probes!)
            {
                if (protocol == ProbeProtocol.Udp && IsServiceOfItsOwnWords(topology)
                    && (probe.Kind == ReplyKind.UdpReply || expected.GetValueOrDefault(probe.Id) == topology.AddressOf(TopologyBuilder.Target, isV6)))
                {
                    // Such an answer names its flow only; which probe of it was answered is not to be known, and neither is the RTT.
                    Assert.Null(probe.RttNs);
                    continue;
                }

                if (isV6 && protocol == ProbeProtocol.Udp && LosesTheChecksum(topology))
                {
                    continue;
                }

                var from = expected.TryGetValue(probe.Id, out var address) ? address.ToString() : null;
                Assert.True(from == probe.From, $"probe {probe.Id}, TTL {probe.Ttl}: answered by {from ?? "nobody"}, said to be by {probe.From ?? "nobody"}");
                answered += from is null ? 0 : 1;
            }

            // What the hops say is the sum of what the probes say.
            foreach (var hop in trace.Evidence.Hops)
            {
                var ofHop = trace.Evidence.Probes!.Where(probe => probe.Ttl == hop.Ttl && probe.From is not null).ToList();
                Assert.Equal(ofHop.Select(probe => probe.From!).Distinct().Order(), hop.Nodes.Select(node => node.Address).Order());
                Assert.Equal(ofHop.Count, hop.Received);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Networks).WithReplay((ulong)Seed.Value, 1));

        output.WriteLine($"{Networks} networks, {answered} answers, seed {Seed.Value}");
        Assert.True(answered > 10 * Networks, $"only {answered} answers in {Networks} networks: they were hardly networks");
    }
}
