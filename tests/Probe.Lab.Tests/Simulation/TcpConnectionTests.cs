using Probe.Core.Conversations;
using Probe.Lab.Simulation;
using Probe.Lab.Simulation.Tcp;
using Probe.Core.Vocabulary;

namespace Probe.Lab.Tests.Simulation;

/// <summary>The simulated TCP brings every octet in order, whatever the links do, and nothing that it was not asked for.</summary>
public sealed class TcpConnectionTests
{
    private const long Ms = 1_000_000;
    private const ushort Port = 7;

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0.1, 0, 0)]
    [InlineData(0.15, 0.1, 0.1)]
    public void What_an_echo_sends_back_is_what_was_sent(double loss, double duplicate, double reorder)
    {
        for (var seed = 1UL; seed <= 20; seed++)
        {
            var quality = new LinkQuality { DelayNs = Ms, Loss = loss, Duplicate = duplicate, Reorder = reorder, ReorderNs = 3 * Ms };
            var network = new SimulatedNetwork(Serving(new TcpService { Port = Port, Behaviour = TcpBehaviour.Echo }, quality, seed));
            using var stack = new SimulatedTcpStack(network);
            using var conversation = Open(stack, untilNs: 200_000 * Ms);
            var sent = new byte[40_000];
            new Random((int)seed).NextBytes(sent);
            var (written, read) = (0, new List<byte>());
            var buffer = new byte[4096];
            while (read.Count < sent.Length)
            {
                Assert.True(stack.NowNs < 3_600_000 * Ms, $"seed {seed}: {read.Count} of {sent.Length} octets came back");
                written += conversation.Send(sent.AsSpan(written));
                stack.Wait(stack.NowNs + 10 * Ms);
                while (conversation.Receive(buffer) is > 0 and var count)
                {
                    read.AddRange(buffer.AsSpan(0, count));
                }
            }

            Assert.Equal(sent, read);
        }
    }

    [Fact]
    public void A_closed_conversation_leaves_nothing_that_is_sent_again()
    {
        var network = new SimulatedNetwork(Serving(new TcpService { Port = Port, Behaviour = TcpBehaviour.Discard }, new LinkQuality { DelayNs = Ms }, 1));
        using var stack = new SimulatedTcpStack(network);
        var conversation = Open(stack, 100 * Ms);
        conversation.Send(new byte[30_000]);
        conversation.Dispose();
        var sent = network.LastInjected;
        stack.Wait(stack.NowNs + 60_000 * Ms);
        Assert.Equal(sent, network.LastInjected);
        Assert.Equal((true, false), (conversation.Info.State == TcpSocketState.Close, conversation.IsConnected));
    }

    [Fact]
    public void A_SYN_without_an_answer_is_repeated_as_the_kernel_does()
    {
        var network = new SimulatedNetwork(Serving(new TcpService { Port = Port, Behaviour = TcpBehaviour.Filtered }, new LinkQuality { DelayNs = Ms }, 1));
        using var stack = new SimulatedTcpStack(network);
        using var conversation = stack.Open(new TcpConversationOptions(new()) { Target = TopologyBuilder.TargetV4, Port = Port });
        stack.Wait(200_000 * Ms);
        Assert.Equal(
            [0, 1, 3, 7, 15, 31, 63],
            network.Journal.Of(JournalKind.Made).Where(entry => entry.Node == TopologyBuilder.Vantage).Select(entry => (int)(entry.AtNs / (1000 * Ms))));
        Assert.Equal("ETIMEDOUT", conversation.ErrnoName);
    }

    private static IConversation Open(SimulatedTcpStack stack, long untilNs)
    {
        var conversation = stack.Open(new TcpConversationOptions(new()) { Target = TopologyBuilder.TargetV4, Port = Port });
        while (!conversation.IsConnected && stack.NowNs < untilNs)
        {
            stack.Wait(stack.NowNs + Ms);
        }

        Assert.True(conversation.IsConnected);
        return conversation;
    }

    private static Topology Serving(TcpService service, LinkQuality quality, ulong seed) =>
        Topologies.Line(1, quality, seed).With(TopologyBuilder.Target, node => node with { Host = new HostSpec { Tcp = [service] } });
}
