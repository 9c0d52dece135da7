using System.Text;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Kernel;

/// <summary>Several hosts at once: every hop of a line is a target, at a distance of its own.</summary>
public sealed class ManyTargetsTests(FiveHops shared) : IClassFixture<FiveHops>
{
    // Nobody has it: the last router but one asks for its neighbour in vain.
    private const string Nobody = "10.9.5.77";

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData(ProbeProtocol.Icmp)]
    [InlineData(ProbeProtocol.Udp)]
    [InlineData(ProbeProtocol.Tcp)]
    public void Both_families_are_traced_at_once_each_as_it_would_be_alone(ProbeProtocol protocol)
    {
        var line = shared.Line;
        string[] targets = [.. line.Addresses(v6: false), .. line.Addresses(v6: true)];
        var result = line.Probe(["trace", "-n", "--ndjson", ProbeInside.Option(protocol), .. targets]);
        Assert.Equal((0, ""), (result.Status, result.Error));
        var (traces, rest) = Lines(result.Output);
        Assert.Equal(targets.Order(StringComparer.Ordinal), traces.Select(trace => trace.Target).Order(StringComparer.Ordinal));
        Assert.Equal((true, SweepEnd.Done, null), (rest.Complete, rest.EndReason, rest.Traces));
        foreach (var trace in traces)
        {
            var v6 = trace.Address.Contains(':', StringComparison.Ordinal);
            Assert.Equal(line.Addresses(v6).TakeWhile(address => address != trace.Address).Append(trace.Address), trace.Addresses());
            Assert.Equal((true, StopReason.Target, LinuxLine.ClientAddress(v6).ToString()), (trace.Reached, trace.StopReason, trace.Source));
            Assert.All(trace.Hops, hop => Assert.Equal((1, 1, 0.0), (hop.Sent, hop.Received, hop.Loss)));
            Assert.All(trace.Hops, hop => Assert.Equal(NodeStamps.Kernel, Assert.Single(hop.Nodes).Stamps));
        }
    }

    [NeedsFact(ProbeInside.Needs)]
    public void One_document_holds_what_the_lines_hold()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "hosts");
        File.WriteAllText(file, $"# the line\n\n{LinuxLine.Hop(1, false)}\n{LinuxLine.Hop(3, false)} core router\n  {LinuxLine.Hop(5, false)} # last\n{LinuxLine.Hop(1, false)}\n");
        var result = shared.Line.Probe("trace", "-n", "-c", "2", "-i", "50ms", "-F", file, "--json", LinuxLine.Hop(2, true).ToString());
        Assert.Equal(0, result.Status);
        Assert.Equal(
            [
                $"probe: warning: {file} line 4: 'core router' and whatever else follows a target is passed over",
                "probe: warning: 1 hosts stand in the list more than once: each is traced once",
            ],
            result.ErrorLines);
        var bundle = ProbeInside.Read(result);
        Assert.Equal(["10.9.1.2", "10.9.3.2", "10.9.5.2", "fd09:2::2"], bundle.Traces!.Select(trace => trace.Address).Order(StringComparer.Ordinal));
        Assert.All(bundle.Traces!.SelectMany(trace => trace.Hops), hop => Assert.Equal((2, 2), (hop.Sent, hop.Received)));
        Assert.StartsWith("{\n  \"schema\": \"probe.bundle/1.0\",\n  \"traces\": [\n", result.Output, StringComparison.Ordinal);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_finished_target_is_printed_while_others_are_under_way()
    {
        const string Silent = "10.9.5.78";
        KernelLab.Nft(shared.Line.Router(1), $"table ip hush {{ chain early {{ type filter hook prerouting priority 0; ip daddr {Silent} drop; }}; }}");
        using var probe = shared.Line.StartProbe("trace", "-n", "--ndjson", "--timeout", "30s", LinuxLine.Hop(2, false).ToString(), Silent);
        probe.WaitFor("\"target\":\"10.9.2.2\"", ProbeInside.Limit);
        probe.Signal("INT");
        var result = probe.Wait(ProbeInside.Limit);
        Assert.Equal(130, result.Status);
        var (traces, rest) = Lines(result.Output);
        Assert.Equal([("10.9.2.2", StopReason.Target), (Silent, StopReason.Interrupted)], traces.Select(trace => (trace.Target, trace.StopReason)));
        Assert.Equal((false, SweepEnd.Interrupted), (rest.Complete, rest.EndReason));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Standard_input_is_a_list_and_the_rate_is_kept()
    {
        var line = shared.Line;
        using var counter = line.CountProbes(v6: false);
        var script = $"for i in 1 2 3 4 5; do echo 10.9.$i.2; done | '{ProbeInside.Program}' trace -n -F - --rate 10/s --ndjson";
        var result = line.Run("sh", "-c", script);
        Assert.Equal((0, ""), (result.Status, result.Error));
        var (traces, rest) = Lines(result.Output);
        Assert.Equal(5, traces.Count);
        var sent = traces.Sum(trace => trace.Hops.Sum(hop => hop.Sent));
        Assert.Equal(15, sent);

        // Ten in any second: fifteen and more take a second and a half at least.
        Assert.InRange((rest.Ended.UnixNs - rest.Started.UnixNs) / 1e9, 1.35, 60);
        Assert.InRange(counter.Packets, 5, 12);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_name_that_does_not_resolve_is_told_and_the_others_are_traced()
    {
        var result = shared.Line.Probe("trace", "-n", "--ndjson", "10.9.3.2", "no-such-host.invalid", "10.9.1.2");
        Assert.Equal(1, result.Status);
        Assert.StartsWith("probe: warning: cannot resolve no-such-host.invalid: ", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        var (traces, rest) = Lines(result.Output);
        Assert.Equal(3, traces.Count);
        Assert.Equal(2, traces.Count(trace => trace.Reached));
        var failed = traces.Single(trace => trace.Target == "no-such-host.invalid");
        Assert.Equal((false, StopReason.Error, ""), (failed.Reached, failed.StopReason, failed.Address));

        // Without any name server the resolver cannot tell the one from the other.
        Assert.Contains(failed.Reason, (NotProbedReason?[])[NotProbedReason.Name, NotProbedReason.Resolver]);
        Assert.True(rest.Complete);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void No_answer_and_no_route_are_faults_unless_allowed()
    {
        string[] arguments = ["trace", "-n", "--timeout", "200ms", "-m", "6", "10.9.2.2", Nobody, "203.0.113.1"];
        var result = shared.Line.Probe(arguments);
        Assert.Equal(1, result.Status);
        Assert.Contains("3 hosts: 1 reached, ", result.Output, StringComparison.Ordinal);
        var lines = result.Output.Split('\n');
        Assert.StartsWith("Host", lines[0], StringComparison.Ordinal);
        Assert.Matches(@"^10\.9\.2\.2 +2 +\d+\.\d+  10\.9\.1\.2 10\.9\.2\.2$", lines.Single(text => text.StartsWith("10.9.2.2 ", StringComparison.Ordinal)));
        Assert.Contains(lines, text => text.StartsWith($"{Nobody} ", StringComparison.Ordinal) && text.Contains(" - ", StringComparison.Ordinal));
        Assert.Equal(0, shared.Line.Probe([.. arguments, "--allow-unreached"]).Status);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Csv_has_one_header_and_report_a_table_for_each()
    {
        var csv = shared.Line.Probe("trace", "-n", "--csv", "10.9.1.2", "10.9.2.2");
        Assert.Equal(0, csv.Status);
        var rows = csv.Output.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("target,address,protocol,", rows[0], StringComparison.Ordinal);
        Assert.Equal(3, rows.Length - 1);
        Assert.Equal(2, rows.Count(row => row.StartsWith("10.9.2.2,10.9.2.2,icmp,", StringComparison.Ordinal)));

        var report = shared.Line.Probe("trace", "-n", "--report", "10.9.1.2", "10.9.2.2");
        Assert.Equal(2, report.Output.Split("Path to ").Length - 1);
        Assert.Contains("Reached in 2 hops.", report.Output, StringComparison.Ordinal);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Shards_are_disjoint_and_cover_the_list_in_any_order()
    {
        string[] targets = [.. shared.Line.Addresses(v6: false), .. shared.Line.Addresses(v6: true)];
        var parts = Enumerable.Range(1, 3).Select(part =>
        {
            var list = part == 2 ? targets.Reverse() : targets;
            var result = shared.Line.Probe(["trace", "-n", "--ndjson", "--shard", $"{part}/3", .. list]);
            Assert.Equal(0, result.Status);
            return Lines(result.Output).Traces.Select(trace => trace.Target);
        });
        Assert.Equal(targets.Order(StringComparer.Ordinal), parts.SelectMany(part => part).Order(StringComparer.Ordinal));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_reader_that_goes_away_ends_the_run_quietly()
    {
        var script = $"for i in 1 2 3 4 5; do echo 10.9.$i.2; done | '{ProbeInside.Program}' trace -n -F - --rate 20/s --ndjson | head -1";
        var result = shared.Line.Run("bash", "-o", "pipefail", "-c", script);
        Assert.Equal((0, ""), (result.Status, result.Error));
        Assert.Single(result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static (List<TraceEvidence> Traces, Bundle Other) Lines(string output)
    {
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        // The lines and the last one together are the document.
        var last = lines[^1];
        var document = $"{{\"traces\":[{string.Join(',', lines[..^1])}],{last[1..]}";
        Assert.True(EvidenceJson.TryRead(Encoding.UTF8.GetBytes(document), out var bundle, out var error), error);
        return ([.. bundle.Traces!], bundle with { Traces = null });
    }
}
