using System.Buffers.Binary;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Core.Tests.Wire;

public sealed class PacketWireTests : IDisposable
{
    private static readonly IpAddress[] Us = [IpAddress.Parse("198.51.100.7"), IpAddress.Parse("2001:db8::7")];
    private static readonly IpAddress[] Target = [IpAddress.Parse("203.0.113.9"), IpAddress.Parse("2001:db8:9::9")];
    private static readonly IpAddress[] Router = [IpAddress.Parse("192.0.2.1"), IpAddress.Parse("2001:db8:1::1")];
    private static readonly IpAddress[] Outside = [IpAddress.Parse("192.0.2.77"), IpAddress.Parse("2001:db8:77::77")];

    private readonly ScriptedPort _port = new();
    private readonly PacketWire _wire;
    private int _number;

    public PacketWireTests() => _wire = new PacketWire(_port, new ProbeCookies(Key()), keepNs: 1_000_000_000);

    public void Dispose()
    {
        _wire.Dispose();
        _port.Dispose();
    }

    public static TheoryData<ProbeProtocol, bool> Kinds => new()
    {
        { ProbeProtocol.Icmp, false }, { ProbeProtocol.Udp, false }, { ProbeProtocol.Tcp, false },
        { ProbeProtocol.Icmp, true }, { ProbeProtocol.Udp, true }, { ProbeProtocol.Tcp, true },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_flow_is_constant_and_every_packet_has_right_checksums(ProbeProtocol protocol, bool isV6)
    {
        var flows = new HashSet<string>();
        for (var i = 0; i < 50; i++)
        {
            var packet = Send(protocol, isV6, ttl: (byte)(i + 1), size: 60 + i);
            Assert.True(IpPacket.TryRead(packet, out var ip));
            Assert.Equal(60 + i, ip.TotalLength);
            Assert.Equal(i + 1, ip.Ttl);
            Assert.True(TransportChecksum.IsValid(ip.Payload, ip.Protocol, ip.Source, ip.Destination));
            Assert.True(isV6 || (IPv4Header.TryRead(packet, out var header) && header.ChecksumValid && header.Id != 0 && header.DontFragment));

            // Routers hash the first four octets after the IP header; for UDP and TCP the ports, for ICMP type, code and checksum.
            flows.Add(Convert.ToHexString(ip.Payload[..4]) + ip.FlowLabel);
        }

        Assert.Single(flows);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_quote_of_eight_octets_names_the_probe(ProbeProtocol protocol, bool isV6)
    {
        foreach (var quoted in new[] { HeaderLength(isV6) + 8, HeaderLength(isV6) + 28, int.MaxValue })
        {
            var packets = Enumerable.Range(1, 20).Select(ttl => Send(protocol, isV6, (byte)ttl)).ToArray();
            var reply = Single(Answers.Error(packets[7], Router[Index(isV6)], TimeExceeded(isV6), 0, quoted));
            Assert.Equal(_number - 12, reply.Number);
            Assert.Equal((ReplyKind.TimeExceeded, Router[Index(isV6)], RewrittenFields.None), (reply.Kind, reply.From, reply.Nat));
            Assert.Equal((byte)8, reply.Quoted!.Value.Ttl);
            Assert.Equal(500, reply.RttNs);
            Assert.True(reply.KernelStamped);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_quote_cut_inside_the_transport_header_is_refused(ProbeProtocol protocol, bool isV6)
    {
        var packet = Send(protocol, isV6);
        for (var quoted = 0; quoted < HeaderLength(isV6) + 8; quoted++)
        {
            _port.Deliver(Answers.Error(packet, Router[Index(isV6)], TimeExceeded(isV6), 0, quoted));
        }

        Assert.Empty(Receive());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_a_source_nat_rewrote_is_marked_and_does_not_refuse_the_reply(ProbeProtocol protocol, bool isV6)
    {
        var packets = Enumerable.Range(1, 30).Select(ttl => Send(protocol, isV6, (byte)ttl)).ToArray();
        var reply = Single(Answers.Error(packets[10], Router[Index(isV6)], TimeExceeded(isV6), 0, HeaderLength(isV6) + 8,
            rewrite: quote => Answers.TranslateSource(quote, Outside[Index(isV6)], 40_123)));
        Assert.Equal(11, reply.Number);
        Assert.True(reply.Nat.HasFlag(RewrittenFields.Source | RewrittenFields.SourcePort), reply.Nat.ToString());
    }

    [Fact]
    public void A_checksum_that_the_quoting_host_zeroed_is_forgiven_where_the_identification_proves_the_probe()
    {
        var packet = Send(ProbeProtocol.Udp, isV6: false);
        var reply = Single(Answers.Error(packet, Router[0], 11, 0, 28, rewrite: quote => quote.AsSpan(26, 2).Clear()));
        Assert.Equal((_number, RewrittenFields.Checksum), (reply.Number, reply.Nat));
    }

    [Fact]
    public void A_rewritten_identification_is_forgiven_where_the_checksum_proves_the_probe()
    {
        var packet = Send(ProbeProtocol.Udp, isV6: false);
        var reply = Single(Answers.Error(packet, Router[0], 11, 0, 28, rewrite: quote => quote[4] ^= 0x55));
        Assert.Equal((_number, RewrittenFields.IpId), (reply.Number, reply.Nat));
    }

    [Fact]
    public void A_randomised_tcp_sequence_is_forgiven_where_the_identification_proves_the_probe()
    {
        var packet = Send(ProbeProtocol.Tcp, isV6: false);
        var reply = Single(Answers.Error(packet, Router[0], 11, 0, 28, rewrite: quote => quote[25] ^= 0x55));
        Assert.Equal((_number, RewrittenFields.Sequence), (reply.Number, reply.Nat));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Errors_about_other_peoples_packets_are_nobodys_answer(ProbeProtocol protocol, bool isV6)
    {
        var random = new Random(17);
        var packets = Enumerable.Range(1, 200).Select(ttl => Send(protocol, isV6, (byte)ttl)).ToArray();
        var octets = new byte[8];
        for (var i = 0; i < 20_000; i++)
        {
            // Same hosts, same destination port, as another program of this host would have it; everything else drawn.
            var foreign = packets[random.Next(packets.Length)].ToArray();
            random.NextBytes(octets);
            var header = HeaderLength(isV6);
            octets.AsSpan(0, 2).CopyTo(foreign.AsSpan(header + (protocol == ProbeProtocol.Icmp ? 4 : 0)));
            octets.AsSpan(2, 2).CopyTo(foreign.AsSpan(header + 6));
            octets.AsSpan(4, 2).CopyTo(foreign.AsSpan(header + (protocol == ProbeProtocol.Tcp ? 4 : 6)));
            if (!isV6)
            {
                octets.AsSpan(6, 2).CopyTo(foreign.AsSpan(4));
            }

            _port.Deliver(Answers.Error(foreign, Router[Index(isV6)], TimeExceeded(isV6), 0, header + 8));
        }

        Assert.Empty(Receive());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Echo_replies_need_the_whole_cookie(bool isV6)
    {
        var packet = Send(ProbeProtocol.Icmp, isV6);
        Assert.Equal(ReplyKind.EchoReply, Single(Answers.EchoReply(packet, Target[Index(isV6)])).Kind);

        var forged = packet.ToArray();
        forged[HeaderLength(isV6) + 12] ^= 1;
        _port.Deliver(Answers.EchoReply(forged, Target[Index(isV6)]));
        Assert.Empty(Receive());
    }

    [Theory]
    [InlineData(false, 60, 1u)]
    [InlineData(true, 80, 1u)]
    [InlineData(false, 500, 441u)]
    [InlineData(false, 500, 1u)]
    public void Tcp_answers_acknowledge_the_cookie_with_or_without_the_payload(bool isV6, int size, uint acknowledges)
    {
        Send(ProbeProtocol.Tcp, isV6, size: size);
        var packet = Send(ProbeProtocol.Tcp, isV6, size: size);
        Send(ProbeProtocol.Tcp, isV6, size: size);
        var synAck = Single(Answers.Tcp(packet, Target[Index(isV6)], TcpFlags.Syn, acknowledges));
        Assert.Equal((2, ReplyKind.SynAck), (synAck.Number, synAck.Kind));
        Assert.Equal((2, ReplyKind.Reset), Single(Answers.Tcp(packet, Target[Index(isV6)], TcpFlags.Rst, acknowledges)) is var reset ? (reset.Number, reset.Kind) : default);
    }

    [Fact]
    public void A_tcp_answer_to_something_else_is_nobodys()
    {
        var packet = Send(ProbeProtocol.Tcp, isV6: false);
        _port.Deliver(Answers.Tcp(packet, Target[0], TcpFlags.Rst, acknowledges: 2));
        Assert.Empty(Receive());
    }

    [Fact]
    public void A_udp_service_that_echoes_names_the_probe_one_with_its_own_words_only_the_flow()
    {
        var packets = Enumerable.Range(1, 4).Select(ttl => Send(ProbeProtocol.Udp, isV6: false, (byte)ttl)).ToArray();
        var echo = Single(Answers.Udp(packets[1], Target[0]));
        Assert.Equal((2, false), (echo.Number, echo.Ambiguous));

        var words = Single(Answers.Udp(packets[1], Target[0], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
        Assert.Equal((4, true), (words.Number, words.Ambiguous));
    }

    [Theory]
    [InlineData(0u, true)]
    [InlineData(9000u, true)]
    [InlineData(60u, true)]
    [InlineData(67u, true)]
    [InlineData(68u, false)]
    public void Frag_needed_carries_its_mtu_and_whether_that_can_be_true(uint mtu, bool implausible)
    {
        var size = mtu == 68 ? 100 : 60;
        var packet = Send(ProbeProtocol.Tcp, isV6: false, size: size);
        var reply = Single(Answers.Error(packet, Router[0], 3, 4, 28, rest: mtu));
        Assert.Equal((ReplyKind.FragmentationNeeded, (int?)mtu, implausible), (reply.Kind, reply.Mtu, reply.Implausible));
    }

    [Fact]
    public void A_message_with_a_wrong_checksum_is_not_read()
    {
        var packet = Send(ProbeProtocol.Udp, isV6: false);
        var error = Answers.Error(packet, Router[0], 11, 0);
        error[22] ^= 1;
        _port.Deliver(error);
        Assert.Empty(Receive());
    }

    [Fact]
    public void A_late_answer_of_an_earlier_cycle_of_tags_goes_to_the_probe_that_is_still_remembered()
    {
        var first = Send(ProbeProtocol.Udp, isV6: false);
        for (var i = 0; i < ProbeCookies.TagCycle; i++)
        {
            Send(ProbeProtocol.Udp, isV6: false);
        }

        // The same tags on the wire: only the newest may be meant where both fit.
        Assert.Equal(first[4..6], _port.Sent[^1][4..6]);
        Assert.Equal(_number, Single(Answers.Error(_port.Sent[^1], Router[0], 11, 0, 28)).Number);
    }

    [Fact]
    public void One_million_mutated_arrivals_neither_throw_nor_answer_another_probe()
    {
        const int ProbesOfAKind = 40;
        var seed = Seed.Value;
        var random = new Random(seed);
        var answers = new List<byte[]>();
        foreach (var row in Kinds)
        {
            var (protocol, isV6) = ((ProbeProtocol)row[0], (bool)row[1]);
            for (var i = 0; i < ProbesOfAKind; i++)
            {
                answers.Add(Answers.Error(Send(protocol, isV6), Router[Index(isV6)], TimeExceeded(isV6), 0));
            }
        }

        var (right, chance) = (0, 0);

        // From here on the wire hands over what it recognises.
        var replies = Receive();
        for (var i = 0; i < 1_000_000; i++)
        {
            var origin = random.Next(answers.Count);
            var arrival = answers[origin].ToArray();
            var isV6 = arrival[0] >> 4 == 6;
            var header = HeaderLength(isV6);
            for (var mutations = random.Next(1, 8); mutations > 0; mutations--)
            {
                arrival[random.Next(header, arrival.Length)] = (byte)random.Next(256);
            }

            var length = random.Next(header, arrival.Length + 1);
            Feed(arrival, header, length, isV6);
            if (random.Next(2) == 0)
            {
                // Past the checksum, so that the inner parsers see the mutation.
                TransportChecksum.Write(arrival.AsSpan(header, length - header) is { Length: >= 8 } message ? message : arrival.AsSpan(header),
                    isV6 ? IpProtocol.IcmpV6 : IpProtocol.Icmp, Router[Index(isV6)], Us[Index(isV6)]);
                Feed(arrival, header, length, isV6);
            }

            foreach (var reply in replies)
            {
                if (reply.Number == origin + 1)
                {
                    right++;
                    continue;
                }

                // A mutation may write the very tag of another probe of the flow, or what a translation of its source would have made of it (16 bits
                // each), which nobody can tell; nothing less names one.
                Assert.True(reply.Number >= 1 && reply.Number <= _number, $"seed {seed}, arrival {i}: a reply to probe {reply.Number}, which was never sent");
                Assert.True(reply.Nat.HasFlag(RewrittenFields.Source) || HasTagOf(_port.Sent[reply.Number - 1], arrival.AsSpan(header + 8, length - header - 8)),
                    $"seed {seed}, arrival {i} of probe {origin + 1}: a reply to probe {reply.Number}\n{Convert.ToHexString(arrival)}");
                chance++;
            }

            replies.Clear();
        }

        Assert.True(right > 50_000 && chance < 30, $"seed {seed}: {right} replies to the probe quoted, {chance} to another by chance");
    }

    /// <summary>Does a quote carry what names a packet: its IPv4 identification, or the last of the eight octets after its header?</summary>
    private static bool HasTagOf(byte[] packet, ReadOnlySpan<byte> quote)
    {
        var isV6 = packet[0] >> 4 == 6;
        var transport = HeaderLength(isV6);
        var tag = packet[isV6 ? 6 : 9] == (byte)IpProtocol.Tcp ? (transport + 4)..(transport + 8) : (transport + 6)..(transport + 8);
        return (quote.Length >= tag.End.Value && quote[tag].SequenceEqual(packet.AsSpan()[tag])) || (!isV6 && quote.Length >= 6 && quote[4..6].SequenceEqual(packet.AsSpan(4, 2)));
    }

    private void Feed(byte[] arrival, int header, int length, bool isV6) => ((IPacketSink)_wire).Arrived(new ArrivedPacket
    {
        Source = Router[Index(isV6)],
        Destination = Us[Index(isV6)],
        Ttl = 60,
        Protocol = isV6 ? IpProtocol.IcmpV6 : IpProtocol.Icmp,
        Payload = arrival.AsSpan(header, length - header),
        AtNs = 0,
        Stamp = StampSource.Kernel,
    });

    private byte[] Send(ProbeProtocol protocol, bool isV6, byte ttl = 5, int? size = null)
    {
        Assert.Equal(SendStatus.Sent, _wire.Send(new ProbePacket
        {
            Number = ++_number,
            Source = Us[Index(isV6)],
            Target = Target[Index(isV6)],
            Protocol = protocol,
            Flow = new Flow(1, 33_000, 33_434, 0xbeef, isV6 ? 0x12345u : 0),
            Ttl = ttl,
            Size = size ?? ProbeWriter.DefaultSize(isV6),
            DontFragment = true,
        }));
        return _port.Sent[^1];
    }

    private Reply Single(byte[] arrival)
    {
        _port.Deliver(arrival);
        return Assert.Single(Receive());
    }

    private List<Reply> Receive()
    {
        var replies = new List<Reply>();
        _wire.Receive(0, replies);
        return replies;
    }

    private static int Index(bool isV6) => isV6 ? 1 : 0;

    private static int HeaderLength(bool isV6) => isV6 ? IPv6Header.Length : IPv4Header.MinimumLength;

    private static byte TimeExceeded(bool isV6) => isV6 ? (byte)3 : (byte)11;

    internal static byte[] Key()
    {
        var key = new byte[ProbeCookies.KeyLength];
        new Random(1).NextBytes(key);
        return key;
    }
}
