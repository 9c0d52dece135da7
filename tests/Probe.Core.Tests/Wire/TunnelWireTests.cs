using System.Buffers.Binary;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Core.Tests.Wire;

/// <summary>Probes that wear outer headers: how they leave, and which answer is about which header.</summary>
public sealed class TunnelWireTests : IDisposable
{
    private static readonly IpAddress[] Us = [IpAddress.Parse("198.51.100.7"), IpAddress.Parse("2001:db8::7")];
    private static readonly IpAddress[] Vip = [IpAddress.Parse("203.0.113.9"), IpAddress.Parse("2001:db8:9::9")];
    private static readonly IpAddress[] Router = [IpAddress.Parse("192.0.2.1"), IpAddress.Parse("2001:db8:1::1")];

    private readonly ScriptedPort _port = new();
    private readonly PacketWire _wire;
    private int _number;

    public TunnelWireTests() => _wire = new PacketWire(_port, new ProbeCookies(PacketWireTests.Key()), keepNs: 1_000_000_000);

    public static TheoryData<string, ProbeProtocol, bool> KindsOverIpV4()
    {
        var kinds = new TheoryData<string, ProbeProtocol, bool>();
        string[] vias =
        [
            "ipip:192.0.2.77", "gre:192.0.2.77/42,csum,seq", "fou:192.0.2.77:5555", "gue:192.0.2.77", "gue1:192.0.2.77", "gue:192.0.2.77,remcsum",
            "vxlan:192.0.2.77/100,mac=02:00:5e:00:53:01", "geneve:192.0.2.77/100,mac=02:00:5e:00:53:01", "ipip:192.0.2.66 gue:192.0.2.77",
        ];
        foreach (var via in vias)
        {
            foreach (var protocol in Enum.GetValues<ProbeProtocol>())
            {
                kinds.Add(via, protocol, false);
                kinds.Add(via, protocol, true);
            }
        }

        return kinds;
    }

    public static TheoryData<string, ProbeProtocol, bool> Kinds()
    {
        var kinds = KindsOverIpV4();
        kinds.Add("gue:[2001:db8:77::77]", ProbeProtocol.Udp, false);
        kinds.Add("ipip:[2001:db8:77::77]", ProbeProtocol.Tcp, true);
        return kinds;
    }

    public void Dispose()
    {
        _wire.Dispose();
        _port.Dispose();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_far_end_finds_the_probe_and_its_identification_stands_outside(string via, ProbeProtocol protocol, bool isV6)
    {
        var stack = StackOf(via);
        var packet = Send(stack, protocol, isV6, outerTtl: 5).AsSpan();
        Assert.True(IpPacket.TryRead(packet, out var outermost));
        Assert.Equal(5, outermost.Ttl);
        var id = outermost.Id;
        foreach (var layer in stack.Layers)
        {
            Assert.True(EncapsulationReader.TryDecapsulate(layer, packet, out var inner, out var error), error.ToString());
            packet = inner;
        }

        Assert.True(IpPacket.TryRead(packet, out var ip));
        Assert.Equal((Vip[isV6 ? 1 : 0], (byte)9, 120), (ip.Destination, ip.Ttl, ip.TotalLength));
        Assert.True(TransportChecksum.IsValid(ip.Payload, ip.Protocol, ip.Source, ip.Destination));
        Assert.True(isV6 || outermost.IsV6 || ip.Id == id);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_full_quote_of_the_outer_packet_is_about_the_outermost_header(string via, ProbeProtocol protocol, bool isV6)
    {
        var stack = StackOf(via);
        var packets = Enumerable.Range(0, 20).Select(_ => Send(stack, protocol, isV6)).ToArray();
        var reply = Single(Answers.Error(packets[7], Router[stack.Layers[0].Remote.IsV6 ? 1 : 0], stack.Layers[0].Remote.IsV6 ? (byte)3 : (byte)11, 0));
        Assert.Equal((8, stack.Layers.Length, RewrittenFields.None), (reply.Number, reply.Layer, reply.Nat));
        Assert.Equal(120 + stack.Overhead, reply.Quoted!.Value.Length);
    }

    [Theory]
    [MemberData(nameof(KindsOverIpV4))]
    public void Eight_octets_of_the_outer_packet_name_the_probe_by_its_identification(string via, ProbeProtocol protocol, bool isV6)
    {
        var stack = StackOf(via);
        var packets = Enumerable.Range(0, 20).Select(_ => Send(stack, protocol, isV6)).ToArray();
        var reply = Single(Answers.Error(packets[7], Router[0], 3, 4, quoted: 28, rest: 1400));
        Assert.Equal((8, stack.Layers.Length, ReplyKind.FragmentationNeeded), (reply.Number, reply.Layer, reply.Kind));
        Assert.Equal((1400, true), (reply.Mtu, reply.Implausible));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_quote_of_the_packet_inside_is_about_the_probe_itself(string via, ProbeProtocol protocol, bool isV6)
    {
        var stack = StackOf(via);
        var packets = Enumerable.Range(0, 20).Select(_ => Send(stack, protocol, isV6)).ToArray();
        var reply = Single(Answers.Error(Unwrapped(stack, packets[7]), Router[isV6 ? 1 : 0], isV6 ? (byte)3 : (byte)11, 0, quoted: isV6 ? 48 : 28));
        Assert.Equal((8, 0, 120, RewrittenFields.None), (reply.Number, reply.Layer, reply.Quoted!.Value.Length, reply.Nat));
    }

    [Fact]
    public void An_error_between_two_tunnels_is_about_the_inner_one()
    {
        var stack = StackOf("ipip:192.0.2.66 gue:192.0.2.77");
        var packet = Send(stack, ProbeProtocol.Udp, isV6: false);
        var reply = Single(Answers.Error(packet[20..], Router[0], 11, 0, quoted: 28));
        Assert.Equal((1, 1), (reply.Number, reply.Layer));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(2)]
    [InlineData(21)]
    [InlineData(23)]
    [InlineData(12)]
    [InlineData(19)]
    public void A_short_quote_that_differs_in_identification_length_port_or_address_is_nobody_s(int position)
    {
        var packet = Send(StackOf("gue:192.0.2.77"), ProbeProtocol.Udp, isV6: false);
        Assert.Empty(Receive(Answers.Error(packet, Router[0], 11, 0, quoted: 28, rewrite: quote => quote[position] ^= 1)));
    }

    [Fact]
    public void Direct_server_return_is_an_answer_like_any_other()
    {
        var stack = StackOf("gue:192.0.2.77");
        var packet = Unwrapped(stack, Send(stack, ProbeProtocol.Icmp, isV6: false));
        var reply = Single(Answers.EchoReply(packet, Vip[0]));
        Assert.Equal((1, ReplyKind.EchoReply, Vip[0], 0), (reply.Number, reply.Kind, reply.From, reply.Layer));
    }

    [Fact]
    public void An_answer_that_passes_by_on_its_way_to_somebody_else_is_none()
    {
        var stack = StackOf("gue:192.0.2.77");
        var answer = Answers.EchoReply(Unwrapped(stack, Send(stack, ProbeProtocol.Icmp, isV6: false)), Vip[0]);
        var replies = new List<Reply>();
        _wire.Receive(0, replies);
        Pass(IpAddress.Parse("198.51.100.8"));
        Assert.Empty(replies);
        Pass(Us[0]);
        Assert.Single(replies);

        void Pass(IpAddress destination) => ((IPacketSink)_wire).Arrived(new ArrivedPacket
        {
            Source = Vip[0], Destination = destination, Ttl = 60, Protocol = IpProtocol.Icmp, Payload = answer.AsSpan(20), OnLink = true, AtNs = 0, Stamp = StampSource.Kernel,
        });
    }

    [Fact]
    public void Every_SYN_ACK_draws_one_reset_through_the_tunnel()
    {
        var stack = StackOf("gue:192.0.2.77");
        var wrapped = Send(stack, ProbeProtocol.Tcp, isV6: false);
        var syn = Unwrapped(stack, wrapped);
        Assert.True(TcpHeader.TryRead(syn.AsSpan(20), out var sent));
        for (var times = 1; times <= 2; times++)
        {
            Assert.Equal(ReplyKind.SynAck, Single(Answers.Tcp(syn, Vip[0], TcpFlags.Syn)).Kind);
            Assert.Equal(1 + times, _port.Sent.Count);
            var reset = _port.Sent[^1];
            Assert.Equal(wrapped[20..22], reset[20..22]);
            Assert.True(EncapsulationReader.TryUnwrap(stack.Layers[0], reset, out var inner, out _));
            Assert.True(IpPacket.TryRead(inner, out var ip));
            Assert.True(TcpHeader.TryRead(ip.Payload, out var tcp));
            Assert.Equal((Vip[0], TcpFlags.Rst, sent.Sequence + 1), (ip.Destination, tcp.Flags, tcp.Sequence));
            Assert.True(TransportChecksum.IsValid(ip.Payload, IpProtocol.Tcp, ip.Source, ip.Destination));
            Assert.True(_wire.TryIdentify(reset, out var number, out var role));
            Assert.Equal((1, PacketRole.OwnReset), (number, role));
        }

        Single(Answers.Tcp(syn, Vip[0], TcpFlags.Rst));
        Assert.Equal(3, _port.Sent.Count);
    }

    [Fact]
    public void GRE_numbers_rise_from_packet_to_packet_and_from_run_to_run()
    {
        var stack = StackOf("gre:192.0.2.77,seq");
        var syn = Send(stack, ProbeProtocol.Tcp, isV6: false);
        Single(Answers.Tcp(Unwrapped(stack, syn), Vip[0], TcpFlags.Syn));
        Send(stack, ProbeProtocol.Udp, isV6: false);
        var numbers = _port.Sent.Select(packet => BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(24))).ToArray();
        Assert.Equal(3, numbers.Length);
        Assert.True((int)(numbers[1] - numbers[0]) > 0 && (int)(numbers[2] - numbers[1]) > 0, string.Join(' ', numbers));

        var now = 5_000_000_000L;
        var first = new OuterSequence(() => now);
        var last = Enumerable.Range(0, 100).Select(_ => first.Next()).Last();
        now += 1_000_000_000;
        Assert.True(new OuterSequence(() => now).Next() > last);
    }

    [Fact]
    public void A_plain_SYN_draws_no_reset_of_ours()
    {
        Single(Answers.Tcp(Send(default, ProbeProtocol.Tcp, isV6: false), Vip[0], TcpFlags.Syn));
        Assert.Single(_port.Sent);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("", true)]
    [InlineData("gue:192.0.2.77", false)]
    public void The_reset_that_answers_an_ACK_brings_our_acknowledgment_back(string via, bool isV6)
    {
        var stack = StackOf(via);
        var packets = Enumerable.Range(0, 5).Select(i => Unwrapped(stack, Send(stack, ProbeProtocol.Tcp, isV6, segment: TcpSegmentKind.Ack, size: 100 + 100 * i))).ToArray();
        Assert.True(IpPacket.TryRead(packets[3], out var ip));
        Assert.True(TcpHeader.TryRead(ip.Payload, out var ack));
        Assert.Equal((TcpFlags.Ack, 400, isV6 ? 340 : 360), (ack.Flags, ip.TotalLength, ack.Payload.Length));
        var reset = Reset(packets[3], ack.Acknowledgment);
        var reply = Single(reset);
        Assert.Equal((4, ReplyKind.Reset), (reply.Number, reply.Kind));

        BinaryPrimitives.WriteUInt32BigEndian(reset.AsSpan((isV6 ? 40 : 20) + 4), ack.Acknowledgment + 1);
        Assert.Empty(Receive(reset));
        Assert.Equal(4, Single(Answers.Error(packets[3], Router[isV6 ? 1 : 0], isV6 ? (byte)3 : (byte)11, 0, quoted: isV6 ? 48 : 28)).Number);
    }

    [Fact]
    public void A_payload_that_was_acknowledged_names_its_probe_though_many_sizes_are_under_way()
    {
        var packets = Enumerable.Range(0, 10).Select(i => Send(default, ProbeProtocol.Tcp, isV6: false, size: 100 + 10 * i)).ToArray();
        var payload = (uint)(130 - 20 - 40);
        Assert.Equal(4, Single(Answers.Tcp(packets[3], Vip[0], TcpFlags.Rst, acknowledges: 1 + payload)).Number);
    }

    [Fact]
    public void A_capture_names_wrapped_probes_and_their_answers()
    {
        var stack = StackOf("ipip:192.0.2.66 vxlan:192.0.2.77/100,mac=02:00:5e:00:53:01");
        var packet = Send(stack, ProbeProtocol.Udp, isV6: false);
        Assert.True(_wire.TryIdentify(packet, out var number, out var role));
        Assert.Equal((1, PacketRole.Probe), (number, role));
        Assert.True(_wire.TryIdentify(Answers.Error(packet, Router[0], 11, 0, quoted: 28), out number, out role));
        Assert.Equal((1, PacketRole.Answer), (number, role));
    }

    [Fact]
    public void The_flow_hash_of_a_probe_is_that_of_its_packet()
    {
        foreach (var protocol in Enum.GetValues<ProbeProtocol>())
        {
            foreach (var isV6 in new[] { false, true })
            {
                var packet = Send(default, protocol, isV6);
                Assert.Equal(FlowHash.Of(packet), ProbeWriter.HashOf(Probe(default, protocol, isV6)));
            }
        }
    }

    private static byte[] Reset(byte[] probe, uint sequence)
    {
        var reset = Answers.Tcp(probe, probe[0] >> 4 == 6 ? Vip[1] : Vip[0], TcpFlags.Rst);
        var segment = reset.AsSpan(probe[0] >> 4 == 6 ? 40 : 20);
        BinaryPrimitives.WriteUInt32BigEndian(segment[4..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(segment[8..], 0);
        segment[13] = (byte)TcpFlags.Rst;
        return reset;
    }

    private static byte[] Unwrapped(EncapsulationStack stack, byte[] packet)
    {
        var inner = ((byte[])packet.Clone()).AsSpan();
        foreach (var layer in stack.Layers)
        {
            Assert.True(EncapsulationReader.TryDecapsulate(layer, inner, out var next, out var error), error.ToString());
            inner = next;
        }

        return inner.ToArray();
    }

    private static EncapsulationStack StackOf(string texts) => new([.. texts.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text =>
        EncapsulationText.TryParse(text, out var layer, out var error) ? layer with { Source = Us[layer.Remote.IsV6 ? 1 : 0] } : throw new FormatException(error))]);

    private ProbePacket Probe(EncapsulationStack stack, ProbeProtocol protocol, bool isV6, byte outerTtl = 0, TcpSegmentKind segment = default, int size = 120) => new()
    {
        Number = _number,
        Source = Us[isV6 ? 1 : 0],
        Target = Vip[isV6 ? 1 : 0],
        Protocol = protocol,
        Flow = new Flow(1, 40_000, 443, 0x1234, isV6 ? 77u : 0),
        Ttl = 9,
        OuterTtl = outerTtl,
        Size = size,
        DontFragment = true,
        Segment = segment,
        Via = stack,
    };

    private byte[] Send(EncapsulationStack stack, ProbeProtocol protocol, bool isV6, byte outerTtl = 0, TcpSegmentKind segment = default, int size = 120)
    {
        _number++;
        Assert.Equal(SendStatus.Sent, _wire.Send(Probe(stack, protocol, isV6, outerTtl, segment, size)));
        return _port.Sent[^1];
    }

    private Reply Single(byte[] arrival) => Assert.Single(Receive(arrival));

    private List<Reply> Receive(byte[] arrival)
    {
        _port.Deliver(arrival);
        var replies = new List<Reply>();
        _wire.Receive(0, replies);
        return replies;
    }
}
