using System.Security.Cryptography;
using System.Text;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Tests.Kernel;

/// <summary><c>--pcap</c>: what a packet analyser reads in the file, beside what the document says.</summary>
public sealed class CaptureFileTests(FiveHops shared) : IClassFixture<FiveHops>
{
    [NeedsTheory(ProbeInside.Needs | Need.Tshark)]
    [MemberData(nameof(ProbeInside.Cases), MemberType = typeof(ProbeInside))]
    public void Every_probe_and_answer_stands_in_it_under_its_number(ProbeProtocol protocol, bool v6)
    {
        var line = shared.Line;
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "run.pcapng");

        // Other people's packets on the same interface belong to nobody here.
        using var stranger = line.Lab.Start(line.Client, "ping", "-n", "-i", "0.01", line.Target(v6).ToString());
        var (bundle, trace, result) = line.Trace(protocol, v6, "-c", "2", "-i", "100ms", "--pcap", file);
        Assert.Equal(0, result.Status);
        var capture = Assert.Single(bundle.Captures!);
        Assert.Equal((file, Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))), (capture.File, capture.Sha256));

        var rows = Shell.Run("tshark", "-r", file, "-T", "fields", "-e", "frame.comment", "-e", "frame.interface_name", "-e", "frame.time_epoch")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(row => row.Split('\t')).ToList();
        Assert.All(rows, row => Assert.Equal("east", row[1]));
        Assert.All(rows, row => Assert.Equal(9, row[2].Split('.')[1].Length));
        var comments = rows.ConvertAll(row => row[0]);
        foreach (var probe in trace.Probes!)
        {
            Assert.Single(comments, $"probe {probe.Id}");
            Assert.Equal(probe.From is null ? 0 : 1, comments.Count(comment => comment == $"answer to probe {probe.Id}"));
        }

        Assert.All(comments, comment => Assert.Matches("^(probe|answer to probe|reset by this host after probe) [0-9]+$", comment));
        Assert.InRange(rows.Count, trace.Probes!.Count * 2 - 8, trace.Probes.Count * 3);
    }

    [NeedsTheory(ProbeInside.Needs | Need.Tshark | Need.Libpcap)]
    [InlineData(false, "icmp[icmptype] = icmp-timxceed", "icmp.type", "11")]
    [InlineData(true, "icmp6[icmp6type] = icmp6-timeexceeded", "icmpv6.type", "3")]
    public void A_filter_leaves_out_what_it_does_not_take_in_the_namespace_that_was_entered(bool v6, string filter, string field, string type)
    {
        var line = shared.Line;
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "run.pcapng");
        var ended = Child.RunProbe(
            "trace", "-n", "--json", "-c", "2", "-i", "100ms", "--udp", "--netns", line.Client, "--pcap", file, "--filter", filter, $"{line.Target(v6)}");

        Assert.True(ended.Status == 0, ended.ToString());
        Assert.True(EvidenceJson.TryRead(Encoding.UTF8.GetBytes(ended.Output), out var bundle, out var error), error);
        var fromRouters = bundle.Traces![0].Probes!.Where(probe => probe.Kind == ReplyKind.TimeExceeded).Select(probe => $"answer to probe {probe.Id}\t{type}");
        var rows = Shell.Run("tshark", "-r", file, "-T", "fields", "-e", "frame.comment", "-e", field).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(rows);
        Assert.Equal(fromRouters.Order(StringComparer.Ordinal), rows.Order(StringComparer.Ordinal));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_file_that_cannot_be_written_is_said_before_anything_is_sent()
    {
        var line = shared.Line;
        using var sent = line.CountProbes(v6: false);
        var result = line.Probe("trace", "-n", "--pcap", "/proc/nowhere.pcapng", line.Target(v6: false).ToString());
        Assert.Equal(3, result.Status);
        Assert.Single(result.ErrorLines);
        Assert.Equal(0, sent.Packets);
    }
}
