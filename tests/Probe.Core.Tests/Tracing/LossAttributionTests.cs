using Probe.Core.Evidence;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Tracing;

public class LossAttributionTests
{
    [Fact]
    public void Silence_that_later_hops_disprove_is_rate_limiting()
    {
        var hops = LossAttribution.Apply([Hop(1, 10, 4), Hop(2, 10, 10), Hop(3, 10, 10, ReplyKind.EchoReply)]);
        Assert.Equal((0.0, 0.6), (hops[0].Loss, hops[0].RateLimited));
        Assert.Empty(hops[0].Notes);
    }

    [Fact]
    public void Loss_that_the_target_confirms_is_loss_at_every_hop_from_there()
    {
        var hops = LossAttribution.Apply([Hop(1, 10, 10), Hop(2, 10, 5), Hop(3, 10, 7, ReplyKind.SynAck)]);
        Assert.Equal((0.0, 0.0), (hops[0].Loss, hops[0].RateLimited));
        Assert.Equal((0.3, 0.2), (hops[1].Loss, hops[1].RateLimited));
        Assert.Equal((0.3, 0.0), (hops[2].Loss, hops[2].RateLimited));
    }

    [Fact]
    public void A_udp_target_may_itself_be_limited_so_no_loss_is_claimed()
    {
        var hops = LossAttribution.Apply([Hop(1, 10, 10), Hop(2, 10, 5), Hop(3, 10, 2, ReplyKind.PortUnreachable)]);
        Assert.Equal(0.0, hops[0].Loss);
        Assert.Null(hops[1].Loss);
        Assert.Null(hops[2].Loss);
        Assert.Contains("rate limit possible", hops[2].Notes);
    }

    [Fact]
    public void Hops_behind_the_last_answer_lost_everything()
    {
        var hops = LossAttribution.Apply([Hop(1, 10, 10), Hop(2, 10, 0), Hop(3, 10, 0)]);
        Assert.Equal([0.0, 1.0, 1.0], hops.Select(hop => hop.Loss!.Value));
    }

    [Fact]
    public void A_silent_hop_before_an_answering_one_lost_nothing()
    {
        var hops = LossAttribution.Apply([Hop(1, 10, 0), Hop(2, 10, 10)]);
        Assert.Equal((0.0, 1.0), (hops[0].Loss, hops[0].RateLimited));
    }

    [Fact]
    public void Nothing_sent_means_no_loss_figure()
    {
        var hop = Assert.Single(LossAttribution.Apply([Hop(1, 0, 0)]));
        Assert.Null(hop.Loss);
        Assert.Null(hop.RateLimited);
    }

    private static HopEvidence Hop(int ttl, int sent, int received, ReplyKind kind = ReplyKind.TimeExceeded) => new()
    {
        Ttl = ttl,
        Sent = sent,
        Received = received,
        Nodes = received == 0 ? [] :
        [
            new NodeEvidence
            {
                Address = $"192.0.2.{ttl}",
                Sent = sent,
                Received = received,
                Loss = (double)(sent - received) / sent,
                Replies = [new ReplyEvidence { Kind = kind, Count = received }],
            },
        ],
    };
}
