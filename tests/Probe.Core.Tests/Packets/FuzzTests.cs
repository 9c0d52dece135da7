using System.Runtime.CompilerServices;
using Probe.Core.Packets;
using static Probe.Core.Tests.Packets.IcmpErrors;
using static Probe.Core.Tests.Packets.Octets;

namespace Probe.Core.Tests.Packets;

/// <summary>Strangers' octets through every reader: nothing throws, and no span leaves what was given.</summary>
[Collection(Lanes.Simulated)]
public class FuzzTests
{
    private const int Packets = 1_000_000;
    private const int Largest = 400;

    [Fact]
    public void A_million_random_and_mutated_packets_pass_through_every_reader()
    {
        var random = new Random(Seed.Value);
        var corpus = Corpus();
        var buffer = new byte[Largest];
        var seen = default(Counts);
        for (var i = 0; i < Packets; i++)
        {
            var length = i % 4 == 0 ? Draw(random, buffer) : Mutate(random, buffer, corpus[random.Next(corpus.Length)]);
            var data = buffer.AsSpan(0, length);
            try
            {
                ReadAsIp(data, ref seen);
                ReadAsTransport(data, data, ref seen);
            }
            catch (Exception e)
            {
                Assert.Fail($"packet {i}, PROBE_SEED={Seed.Value}: {Convert.ToHexString(data)}{Environment.NewLine}{e}");
            }
        }

        // The mutations leave enough intact for the deepest readers to be reached.
        Assert.True(seen.Quotes > Packets / 10, $"{seen.Quotes} quotes");
        Assert.True(seen.Extensions > Packets / 100, $"{seen.Extensions} extensions");
        Assert.True(seen.Chains > Packets / 50, $"{seen.Chains} chains");
    }

    private static int Draw(Random random, byte[] buffer)
    {
        var length = random.Next(Largest / 2);
        random.NextBytes(buffer.AsSpan(0, length));

        // Half of them look like IP at first sight, or nearly none would be read on.
        if (length > 0 && random.Next(2) == 0)
        {
            buffer[0] = (byte)(random.Next(2) == 0 ? 0x45 + random.Next(11) : 0x60);
        }

        return length;
    }

    private static int Mutate(Random random, byte[] buffer, byte[] packet)
    {
        packet.CopyTo(buffer, 0);
        var length = packet.Length;
        if (random.Next(4) == 0)
        {
            length = random.Next(length + 1);
        }

        for (var changes = random.Next(5); changes > 0 && length > 0; changes--)
        {
            // Lengths, offsets and types stand in front.
            var position = random.Next(random.Next(2) == 0 ? Math.Min(length, 64) : length);
            buffer[position] = random.Next(4) switch
            {
                0 => 0,
                1 => 0xff,
                2 => (byte)(buffer[position] ^ 1 << random.Next(8)),
                _ => (byte)random.Next(256),
            };
        }

        return length;
    }

    private static void ReadAsIp(ReadOnlySpan<byte> data, ref Counts seen)
    {
        var read = IpPacket.TryRead(data, out var ip);
        if (read)
        {
            CheckIp(data, ip);
            seen.Chains += ip.IsV6 && ip.HeaderLength > 40 ? 1 : 0;
            ReadAsTransport(data, ip.Payload, ref seen);
            TransportChecksum.IsValid(ip.Payload, ip.Protocol, ip.Source, ip.Destination);
        }

        if (IpPacket.TryReadQuote(data, out var quoted))
        {
            CheckIp(data, quoted);
            if (QuotedTransport.TryRead(quoted.Payload, quoted.Protocol, out var transport))
            {
                CheckInside(data, transport.Payload);
                seen.Quotes++;
            }
        }
        else
        {
            Check(!read);
        }

        if (IPv4Header.TryRead(data, out var v4))
        {
            CheckInside(data, v4.Options);
            Check(v4.HeaderLength is >= 20 and <= 60 && v4.Options.Length == v4.HeaderLength - 20);
            Check(v4.TotalLength >= v4.HeaderLength && v4.Truncated == v4.TotalLength > data.Length);
            _ = v4.ChecksumValid;
        }
    }

    private static void ReadAsTransport(ReadOnlySpan<byte> data, ReadOnlySpan<byte> payload, ref Counts seen)
    {
        if (TcpHeader.TryRead(payload, out var tcp))
        {
            CheckInside(data, tcp.Options);
            CheckInside(data, tcp.Payload);
            Check(tcp.HeaderLength + tcp.Payload.Length == payload.Length);
            tcp.ReadOptions();
        }

        if (UdpHeader.TryRead(payload, out var udp))
        {
            CheckInside(data, udp.Payload);
            Check(udp.DatagramLength >= 8 && udp.Payload.Length <= udp.DatagramLength - 8);
        }

        TcpOptions.Read(payload);
        ReadAsIcmp(data, payload, isV6: false, ref seen);
        ReadAsIcmp(data, payload, isV6: true, ref seen);
    }

    private static void ReadAsIcmp(ReadOnlySpan<byte> data, ReadOnlySpan<byte> payload, bool isV6, ref Counts seen)
    {
        if (!IcmpMessage.TryRead(payload, isV6, out var message))
        {
            Check(payload.Length < 8);
            return;
        }

        _ = message.Mtu;
        _ = message.ChecksumValid(Source6, Target6);
        CheckInside(data, message.Body);
        CheckInside(data, message.Quote);
        Check(message.Body.StartsWith(message.Quote) && (message.IsError || message.Quote.IsEmpty));
        if (message.TryReadExtensions(out var extensions))
        {
            Check(message.IsError && extensions.Mpls.Length * 4 + extensions.Interfaces.Length * 4 < message.Body.Length - 128);
            seen.Extensions++;
        }

        if (IpPacket.TryReadQuote(message.Quote, out var ip))
        {
            CheckIp(message.Quote, ip);
            if (QuotedTransport.TryRead(ip.Payload, ip.Protocol, out var transport))
            {
                CheckInside(data, transport.Payload);
                seen.Quotes++;
            }
        }
    }

    private static void CheckIp(ReadOnlySpan<byte> data, in IpPacket ip)
    {
        CheckInside(data, ip.Payload);
        Check(ip.HeaderLength >= (ip.IsV6 ? 40 : 20) && ip.HeaderLength + ip.Payload.Length <= data.Length);
        Check(ip.Source.IsV6 == ip.IsV6 && ip.Destination.IsV6 == ip.IsV6);
        Check(ip.FragmentOffset is >= 0 and <= 65528 && ip.FragmentOffset % 8 == 0 && ip.FlowLabel <= 0xfffff);
        Check(ip.Truncated == ip.TotalLength > data.Length);
    }

    private static void CheckInside(ReadOnlySpan<byte> data, ReadOnlySpan<byte> part) =>
        Check(part.IsEmpty || (data.Overlaps(part, out var offset) && offset >= 0 && offset + part.Length <= data.Length));

    private static void Check(bool condition, [CallerArgumentExpression(nameof(condition))] string text = "")
    {
        if (!condition)
        {
            throw new InvalidOperationException($"does not hold: {text}");
        }
    }

    private static byte[][] Corpus()
    {
        var udp4 = UdpProbe(isV6: false, 120);
        var udp6 = UdpProbe(isV6: true, 120);
        var mpls = Hex(MplsStructure);
        var interfaces = Structure("0020020f 00000007 00010000c0000209 0c67652d302f302f31000000 000005dc" + "0028028f 00000007 00020000 20010db8000000000000000000000009 0865746830000000 000005dc");
        var syn = Hex("4500003c abcd4000 400628b0 c6336401 cb007109 c00001bb deadbeef 00000000 a002faf0 87760000 020405b4 0402 080a0000000100000000 01 030307");
        var chain = Join(
            Hex("3c00050200000100 2b00010400000000 2c00010400000000 330000010000abcd"),
            Hex("1101000000000001 00000002"),
            udp6[40..]);
        return
        [
            udp4,
            udp6,
            syn,
            Wrap4(IpProtocol.Icmp, Hex("0800eaef 00ff0001 0001020304050607")),
            Wrap4(IpProtocol.Icmp, TimeExceeded(isV6: false, 0, udp4[..28])),
            Wrap4(IpProtocol.Icmp, TimeExceeded(isV6: false, 0, syn)),
            Wrap4(IpProtocol.Icmp, TimeExceeded(isV6: false, 0, Resized(udp4, 128), mpls)),
            Wrap4(IpProtocol.Icmp, TimeExceeded(isV6: false, 32, Resized(udp4, 128), mpls)),
            Wrap4(IpProtocol.Icmp, TimeExceeded(isV6: false, 32, Resized(udp4, 128), NotSent(interfaces))),
            Wrap4(IpProtocol.Icmp, Error(isV6: false, 3, 4, 32, Resized(udp4, 128), interfaces)),
            Wrap6(IpProtocol.IcmpV6, TimeExceeded(isV6: true, 0, udp6)),
            Wrap6(IpProtocol.IcmpV6, TimeExceeded(isV6: true, 16, Resized(udp6, 128), NotSent(interfaces))),
            Wrap6(IpProtocol.IcmpV6, Error(isV6: true, 2, 0, 0, udp6)),
            Wrap6(IpProtocol.HopByHop, chain),
        ];
    }

    // Without a checksum a mutated structure is still read, object by object.
    private static byte[] NotSent(byte[] structure) => [structure[0], structure[1], 0, 0, .. structure.AsSpan(4)];

    private static byte[] Wrap4(byte protocol, byte[] payload)
    {
        var packet = new byte[20 + payload.Length];
        payload.CopyTo(packet, IPv4Header.Write(packet, new IPv4Fields { Ttl = 250, Protocol = protocol, Source = Target4, Destination = Source4 }, payload.Length));
        return packet;
    }

    private static byte[] Wrap6(byte protocol, byte[] payload)
    {
        var packet = new byte[40 + payload.Length];
        payload.CopyTo(packet, IPv6Header.Write(packet, new IPv6Fields { HopLimit = 250, NextHeader = protocol, Source = Target6, Destination = Source6 }, payload.Length));
        return packet;
    }

    private struct Counts
    {
        public int Quotes;
        public int Extensions;
        public int Chains;
    }
}
