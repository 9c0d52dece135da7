using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Vocabulary;

public class ReplyKindsTests
{
    [Fact]
    public void Every_kind_is_an_answer_or_an_error()
    {
        var answers = Enum.GetValues<ReplyKind>().Where(kind => !ReplyKinds.IsIcmpError(kind));
        Assert.Equal([ReplyKind.EchoReply, ReplyKind.SynAck, ReplyKind.Reset, ReplyKind.UdpReply], answers);
    }

    [Fact]
    public void A_kind_that_nobody_sorted_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ReplyKinds.IsIcmp((ReplyKind)200));
}
