using System.Text;
using Probe.Core.Evidence;
using Probe.Core.TcpTests;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.TcpTests;

public class TransferJudgeTests
{
    [Theory]
    [InlineData(0, 0, 0, TcpTransferVerdict.Clean)]
    [InlineData(0, 22, 22, TcpTransferVerdict.AggregationDependentLoss)]
    [InlineData(0, 11, 0, TcpTransferVerdict.AggregationDependentLoss)]
    [InlineData(0, 10, 22, TcpTransferVerdict.Lossy)]
    [InlineData(0, 0, 22, TcpTransferVerdict.Lossy)]
    [InlineData(1, 22, 22, TcpTransferVerdict.Lossy)]
    [InlineData(11, 11, 11, TcpTransferVerdict.Lossy)]
    public void Only_what_dies_in_company_alone_is_aggregation(int spaced, int pairs, int bulk, TcpTransferVerdict verdict) =>
        Assert.Equal(verdict, Judge(Pacing(TcpPacing.Spaced, spaced), Pacing(TcpPacing.Pairs, pairs), Pacing(TcpPacing.Bulk, bulk)).Verdict);

    [Fact]
    public void A_server_that_closes_early_leaves_too_little_to_judge()
    {
        var (verdict, confidence, reason) = Judge(Pacing(TcpPacing.Spaced, 0), Pacing(TcpPacing.Pairs, 2, segments: 2) with { End = TcpEnd.Reset, Errno = "ECONNRESET" });
        Assert.Equal((TcpTransferVerdict.CannotTell, Confidence.Hint), (verdict, confidence));
        Assert.Equal("too few segments went out in pairs: 2 of at least 4; the connection was reset by the peer, ECONNRESET", reason);
    }

    [Theory]
    [InlineData(16, Confidence.Likely)]
    [InlineData(15, Confidence.Hint)]
    public void Few_segments_are_a_hint(int segments, Confidence confidence)
    {
        Assert.Equal((TcpTransferVerdict.AggregationDependentLoss, confidence, null), Judge(Pacing(TcpPacing.Spaced, 0, segments), Pacing(TcpPacing.Pairs, segments, segments)));
        Assert.Equal((TcpTransferVerdict.Clean, confidence, null), Judge(Pacing(TcpPacing.Spaced, 0, segments), Pacing(TcpPacing.Pairs, 0, segments)));
    }

    [Fact]
    public void Without_a_connection_nothing_is_said_about_segments()
    {
        var refused = new TcpPacingEvidence { Pacing = TcpPacing.Spaced, End = TcpEnd.Refused, Errno = "ECONNREFUSED", Loss = null };
        Assert.Equal((TcpTransferVerdict.NotAnswering, Confidence.Proved, "no connection: was refused, ECONNREFUSED"), Judge(refused));
        Assert.Equal(TcpTransferVerdict.NotAnswering, Judge().Verdict);
    }

    [Theory]
    [InlineData("probe-transfer 1 pairs 22\n", true)]
    [InlineData("probe-transfer 1 pai", null)]
    [InlineData("", null)]
    [InlineData("probe-transfer 1 pairs 32001\n", false)]
    [InlineData("probe-transfer 1 pairs 0\n", false)]
    [InlineData("probe-transfer 1 pairs -5\n", false)]
    [InlineData("probe-transfer 1 twice 22\n", false)]
    [InlineData("probe-transfer 1  22\n", false)]
    [InlineData("probe-transfer 2 pairs 22\n", false)]
    [InlineData("GET / HTTP/1.1\r\n", false)]
    [InlineData("G", false)]
    public void A_responder_obeys_its_own_request_only(string line, bool? request)
    {
        Assert.Equal(request, ResponderProtocol.TryReadRequest(Encoding.ASCII.GetBytes(line), out var pacing, out var octets));
        if (request == true)
        {
            Assert.Equal((TcpPacing.Pairs, 22), (pacing, octets));
        }
    }

    [Fact]
    public void A_request_without_end_is_none() =>
        Assert.False(ResponderProtocol.TryReadRequest(Encoding.ASCII.GetBytes("probe-transfer 1 " + new string('1', 100)), out _, out _));

    [Fact]
    public void A_report_is_read_back_and_a_stranger_s_octets_are_none()
    {
        var result = Pacing(TcpPacing.Pairs, 3) with { SynMss = 1440 };
        Assert.Equal(result, ResponderProtocol.ReadReport([0, 0, .. ResponderProtocol.Report(result)]));
        var random = new Random(Seed.Value);
        var octets = ResponderProtocol.Report(result);
        for (var i = 0; i < 2000; i++)
        {
            var mutated = octets.ToArray();
            mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            ResponderProtocol.ReadReport(mutated.AsSpan(0, random.Next(mutated.Length + 1)));
        }
    }

    private static (TcpTransferVerdict Verdict, Confidence Confidence, string? Reason) Judge(params TcpPacingEvidence[] pacings) => TransferJudge.Judge(TcpDirection.Upload, pacings);

    private static TcpPacingEvidence Pacing(TcpPacing pacing, int lost, int segments = 22) => new()
    {
        Pacing = pacing, End = TcpEnd.Done, Segments = segments, Retransmitted = lost, Loss = Math.Min(1, lost / (double)segments), Before = new TcpInfoEvidence { State = TcpSocketState.Established },
    };
}
