using Probe.Cli.Output;
using Probe.Cli.Trace;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;
using Probe.Report;
using Probe.Report.Diagnosis;

namespace Probe.Cli.Tests.Trace;

public class TraceTableTests
{
    [Fact]
    public void Balancing_labels_interfaces_and_a_bad_member_stand_in_the_table()
    {
        var topology = Topologies.Diamond(2)
            .WithLink("b1", "m", link => link with { Quality = link.Quality with { Loss = 1 }, Back = link.Quality })
            .With("s", node => node with
            {
                Errors = node.Errors with
                {
                    Extensions = new ExtensionSpec { Mpls = [new MplsLabel(16_003, 5, Bottom: true, 1)], Interfaces = [new InterfaceInformation(0, 7, null, "xe-0/0/1", 9000)] },
                },
            });
        var trace = SimulatedTrace.Run(topology, ProbeProtocol.Tcp, isV6: false, cycles: 4, flows: 16).Evidence;
        var document = Samples.Document(trace);
        using var writer = new StringWriter();
        TraceTable.Write(trace, KnownRules.All.Judge(document).StoreIn(document), writer, Palette.None);
        var lines = writer.ToString().Split('\n');
        Assert.EndsWith("balances per-flow, MPLS 16003 tc 5 ttl 1, incoming interface xe-0/0/1 index 7 mtu 9000", lines[2].TrimEnd(), StringComparison.Ordinal);
        var finding = Assert.Single(lines, line => line.StartsWith("PRB-PATH-003 (degraded, proved): ", StringComparison.Ordinal));
        Assert.Contains(" of 16 flows go through `10.0.0.2` → `10.0.1.2` and all are lost behind it; the other ", finding, StringComparison.Ordinal);
        Assert.EndsWith(" lose nothing", finding, StringComparison.Ordinal);
    }
}
