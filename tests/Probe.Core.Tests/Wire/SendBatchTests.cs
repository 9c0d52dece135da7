using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tests.Linux;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using static Probe.Core.Tests.Linux.TestNetwork;

namespace Probe.Core.Tests.Wire;

/// <summary>Packets that leave together: each keeps its own fate and its own stamp.</summary>
public sealed class SendBatchTests(TestNetwork network) : IClassFixture<TestNetwork>
{
    [NeedsFact(Need.Namespaces | Need.Nftables)]
    public void Each_packet_of_a_batch_has_its_own_status_and_stamp()
    {
        Nft(network.Client, "table ip refuse { chain out { type filter hook output priority 0; ip ttl 5 drop; }; }");
        try
        {
            using var port = network.InClient(() => new RawPacketPort(new RawPortOptions { IPv4 = true, IPv6 = true }));
            var batch = new SendBatch(2000);
            var expected = new List<SendStatus>();
            for (var number = 1; number <= 60; number++)
            {
                var v6 = number % 2 == 0;
                var (source, target) = v6 ? (Client6, Server6) : (Client4, Server4);
                var (size, ttl, status) = (number % 10, v6) switch
                {
                    (3 or 8, _) => (1501, (byte)64, SendStatus.TooBig),
                    (5, false) => (64, (byte)5, SendStatus.LocalRule),
                    _ => (64, (byte)64, SendStatus.Sent),
                };
                expected.Add(status);
                var packet = TestPackets.Echo(source, target, 7, (ushort)number, ttl, size);
                Assert.True(batch.Fits(packet.Length));
                packet.CopyTo(batch.Room);
                batch.Add(packet.Length, number);
            }

            var before = port.NowNs;
            port.Send(batch);
            Assert.Equal(expected, Enumerable.Range(0, batch.Count).Select(i => batch.Status(i)));
            var sent = expected.Count(status => status == SendStatus.Sent);
            var sink = new RecordingSink().Await(port, sent, sent);
            Assert.Equal(sent, sink.Arrivals.Count);
            Assert.All(sink.Arrivals, arrival => Assert.Equal(StampSource.Kernel, arrival.Stamp));

            // Stamps belong to the packets that left, in the order in which those of a family left.
            Assert.Equal(Enumerable.Range(1, 60).Where(number => expected[number - 1] == SendStatus.Sent), sink.Sent.Keys.Order());
            foreach (var family in sink.Sent.OrderBy(stamp => stamp.Key).GroupBy(stamp => stamp.Key % 2))
            {
                Assert.Equal(family.Select(stamp => stamp.Value).Order(), family.Select(stamp => stamp.Value));
                Assert.InRange(family.First().Value, before, port.NowNs);
            }
        }
        finally
        {
            Nft(network.Client, "delete table ip refuse");
        }
    }

    [NeedsFact(Need.Namespaces)]
    public void What_no_socket_of_the_port_can_send_is_not_sent()
    {
        using var port = network.InClient(() => new RawPacketPort(new RawPortOptions { IPv4 = true, IPv6 = false }));
        var batch = new SendBatch(2000);
        for (var number = 1; number <= 2; number++)
        {
            var packet = number == 1 ? TestPackets.Echo(Client6, Server6, 7, 1) : TestPackets.Echo(Client4, Server4, 7, 1);
            packet.CopyTo(batch.Room);
            batch.Add(packet.Length, number);
        }

        port.Send(batch);
        Assert.Equal([SendStatus.NoRoute, SendStatus.Sent], Enumerable.Range(0, 2).Select(i => batch.Status(i)));
    }

    [Fact]
    public void A_wire_sends_the_same_octets_in_a_batch_as_one_by_one()
    {
        var key = new byte[ProbeCookies.KeyLength];
        new Random(Seed.Value).NextBytes(key);
        var probes = Enumerable.Range(1, 150).Select(number => Probe(number, IpAddress.FromV4(0x0a400000u + (uint)number), 60 + number)).ToArray();
        var (alone, together) = (new ScriptedPort(), new ScriptedPort());
        var one = new PacketWire(alone, new ProbeCookies(key), 1_000_000_000);
        var many = new PacketWire(together, new ProbeCookies(key), 1_000_000_000, batches: true);
        var status = new SendStatus[probes.Length];
        Array.Fill(status, SendStatus.Busy);
        many.Send(probes, status);
        Assert.All(status, each => Assert.Equal(SendStatus.Sent, each));
        foreach (var probe in probes)
        {
            one.Send(probe);
        }

        Assert.Equal(alone.Sent.Select(Convert.ToHexString), together.Sent.Select(Convert.ToHexString));
    }

    [Theory]
    [InlineData(ProbeProtocol.Icmp, false)]
    [InlineData(ProbeProtocol.Icmp, true)]
    [InlineData(ProbeProtocol.Udp, false)]
    [InlineData(ProbeProtocol.Udp, true)]
    public void Probes_that_share_a_tag_are_told_apart_by_their_target(ProbeProtocol protocol, bool isV6)
    {
        // A hundred thousand probes a second go round the 65,535 tags within the time of one answer.
        const int Sent = 2 * ProbeCookies.TagCycle + 500;
        var source = isV6 ? IpAddress.Parse("2001:db8::7") : IpAddress.Parse("198.51.100.7");
        var router = isV6 ? IpAddress.Parse("2001:db8:1::1") : IpAddress.Parse("192.0.2.1");
        var port = new ScriptedPort();
        var wire = new PacketWire(port, new ProbeCookies(), 1_000_000_000, batches: true);
        var probes = Enumerable.Range(1, Sent).Select(number => Probe(number, TargetOf(number), ProbeWriter.DefaultSize(isV6)) with
        {
            Source = source,
            Protocol = protocol,
        }).ToArray();
        wire.Send(probes, new SendStatus[Sent]);

        foreach (var number in new[] { 17, 17 + ProbeCookies.TagCycle, 17 + 2 * ProbeCookies.TagCycle })
        {
            // No more than the eight octets that RFC 792 promises.
            var replies = new List<Reply>();
            port.Deliver(Answers.Error(port.Sent[number - 1], router, isV6 ? (byte)3 : (byte)11, 0, (isV6 ? 40 : 20) + 8));
            wire.Receive(0, replies);
            Assert.Equal(number, Assert.Single(replies).Number);
        }

        IpAddress TargetOf(int number) => isV6 ? IpAddress.FromV6(((UInt128)0x20010db800000000 << 64) + (uint)number) : IpAddress.FromV4(0x0a400000u + (uint)number);
    }

    private static ProbePacket Probe(int number, IpAddress target, int size) => new()
    {
        Number = number,
        Source = IpAddress.FromV4(0x0ac80001),
        Target = target,
        Protocol = ProbeProtocol.Icmp,
        Flow = new Flow(1, 33_000, 33_434, 0xbeef, target.IsV6 ? 0x12345u : 0),
        Ttl = (byte)(number % 30 + 1),
        Size = size,
        DontFragment = true,
    };
}
