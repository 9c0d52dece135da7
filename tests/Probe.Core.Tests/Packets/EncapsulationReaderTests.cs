using FsCheck.Fluent;
using Probe.Core.Packets;
using static Probe.Core.Tests.Packets.Encapsulations;
using static Probe.Core.Tests.Packets.Octets;

namespace Probe.Core.Tests.Packets;

/// <summary>What a Linux receiver drops is refused, with the reason.</summary>
public class EncapsulationReaderTests
{
    private static readonly byte[] s_inner = Packet(false, IpProtocol.Udp, 40000u << 16 | 53, 20, 0);

    // Positions count from the beginning of the outer packet: 20 octets IPv4, 8 UDP, then the tunnel header.
    [Theory]
    [InlineData("gue:192.0.2.7", 28, 0x80, UnwrapError.Version)]
    [InlineData("gue:192.0.2.7", 28, 0xc0, UnwrapError.Version)]
    [InlineData("gue:192.0.2.7", 28, 0x20, UnwrapError.Control)]
    [InlineData("gue:192.0.2.7", 28, 0x1f, UnwrapError.HeaderLength)]
    [InlineData("gue:192.0.2.7", 30, 0x80, UnwrapError.Flags)]
    [InlineData("gue:192.0.2.7", 31, 0x01, UnwrapError.HeaderLength)]
    [InlineData("gue:192.0.2.7", 29, 41, UnwrapError.InnerHeader)]
    [InlineData("gue:192.0.2.7", 29, 47, UnwrapError.InnerHeader)]
    [InlineData("gue:192.0.2.7,private=0", 32, 0x40, UnwrapError.Flags)]
    [InlineData("gue:192.0.2.7,private=0", 32, 0x80, UnwrapError.HeaderLength)]
    [InlineData("gue1:192.0.2.7", 28, 0x55, UnwrapError.InnerHeader)]
    [InlineData("fou:192.0.2.7:5555", 28, 0x25, UnwrapError.InnerHeader)]
    [InlineData("fou:192.0.2.7:5555", 38, 0xff, UnwrapError.InnerHeader)]
    [InlineData("fou:192.0.2.7:5555", 23, 0xff, UnwrapError.Port)]
    [InlineData("fou:192.0.2.7:5555", 24, 0xff, UnwrapError.Checksum)]
    [InlineData("vxlan:192.0.2.7/100,mac=02:00:5e:00:53:01", 28, 0x00, UnwrapError.Flags)]
    [InlineData("vxlan:192.0.2.7/100,mac=02:00:5e:00:53:01", 35, 0x01, UnwrapError.Flags)]
    [InlineData("vxlan:192.0.2.7/100,mac=02:00:5e:00:53:01", 34, 0x65, UnwrapError.Vni)]
    [InlineData("vxlan:192.0.2.7/100,mac=02:00:5e:00:53:01", 41, 0x02, UnwrapError.Mac)]
    [InlineData("vxlan:192.0.2.7/100,mac=02:00:5e:00:53:01", 49, 0x06, UnwrapError.InnerHeader)]
    [InlineData("geneve:192.0.2.7/100,mac=02:00:5e:00:53:01", 28, 0x40, UnwrapError.Version)]
    [InlineData("geneve:192.0.2.7/100,mac=02:00:5e:00:53:01", 28, 0x3f, UnwrapError.HeaderLength)]
    [InlineData("geneve:192.0.2.7/100,mac=02:00:5e:00:53:01", 29, 0x40, UnwrapError.Control)]
    [InlineData("geneve:192.0.2.7/100,mac=02:00:5e:00:53:01", 29, 0x80, UnwrapError.Control)]
    [InlineData("geneve:192.0.2.7/100,mac=02:00:5e:00:53:01", 30, 0x08, UnwrapError.InnerHeader)]
    [InlineData("geneve:192.0.2.7/100,mac=02:00:5e:00:53:01", 34, 0x00, UnwrapError.Vni)]
    [InlineData("gre:192.0.2.7/42", 20, 0x60, UnwrapError.Flags)]
    [InlineData("gre:192.0.2.7/42", 20, 0x00, UnwrapError.Key)]
    [InlineData("gre:192.0.2.7/42", 27, 0x2b, UnwrapError.Key)]
    [InlineData("gre:192.0.2.7/42", 21, 0x01, UnwrapError.Version)]
    [InlineData("gre:192.0.2.7/42", 23, 0x06, UnwrapError.InnerHeader)]
    [InlineData("gre:192.0.2.7/42,csum", 24, 0x00, UnwrapError.Checksum)]
    [InlineData("gre:192.0.2.7/42,csum", 20, 0x20, UnwrapError.Flags)]
    [InlineData("ipip:192.0.2.7", 20, 0x65, UnwrapError.InnerHeader)]
    public void A_changed_octet_is_refused_for_the_right_reason(string via, int position, byte value, UnwrapError expected)
    {
        var layer = Layer(via);
        var packet = Wrapped(new EncapsulationStack([layer]), s_inner);
        Assert.NotEqual(value, packet[position]);
        packet[position] = value;
        Assert.False(EncapsulationReader.TryUnwrap(layer, packet, out var inner, out var error));
        Assert.Equal(expected, error);
        Assert.True(inner.IsEmpty);
    }

    [Fact]
    public void An_outer_packet_that_no_receiver_would_take_is_refused()
    {
        var layer = Layer("gue:192.0.2.7,csum");
        var packet = Wrapped(new EncapsulationStack([layer]), s_inner);
        Assert.Equal(UnwrapError.OuterHeader, ErrorOf(layer, packet[..^1]));
        Assert.Equal(UnwrapError.OuterHeader, ErrorOf(layer, With(packet, 10, 0)));
        Assert.Equal(UnwrapError.Checksum, ErrorOf(layer, With(packet, packet.Length - 1, (byte)~packet[^1])));
        Assert.Equal(UnwrapError.Protocol, ErrorOf(Layer("ipip:192.0.2.7"), packet));
        Assert.Equal(UnwrapError.Protocol, ErrorOf(Layer("gre:192.0.2.7"), packet));
        Assert.Equal(UnwrapError.Port, ErrorOf(Layer("vxlan:192.0.2.7/1"), packet));

        // A fragment: MF set and the header checksum made right again.
        var fragment = With(With(packet, 6, 0x20), 10, 0, 0);
        var sum = Checksum.Of(fragment.AsSpan(0, 20));
        Assert.Equal(UnwrapError.Fragment, ErrorOf(layer, With(fragment, 10, (byte)(sum >> 8), (byte)sum)));

        // Over IPv6 a UDP checksum of 0 says nothing and is dropped.
        var layer6 = Layer("gue:[2001:db8:a::7]");
        Assert.Equal(UnwrapError.Checksum, ErrorOf(layer6, With(Wrapped(new EncapsulationStack([layer6]), s_inner), 46, 0, 0)));
    }

    [Fact]
    public void A_port_that_takes_GUE_takes_both_variants()
    {
        var packet = Wrapped(new EncapsulationStack([Layer("gue1:192.0.2.7")]), s_inner);
        Assert.True(EncapsulationReader.TryUnwrap(Layer("gue:192.0.2.7"), packet, out var inner, out _));
        Assert.Equal(s_inner, inner.ToArray());
    }

    [Fact]
    public void A_checksum_to_complete_outside_the_packet_is_refused()
    {
        var layer = Layer("gue:192.0.2.7,remcsum");
        var packet = With(Wrapped(new EncapsulationStack([layer]), s_inner), 26, 0, 0);
        Assert.Equal(UnwrapError.RemoteChecksum, ErrorOf(layer, With(packet, 36, 0xff)));
        Assert.Equal(UnwrapError.RemoteChecksum, ErrorOf(layer, With(packet, 38, 0, (byte)(s_inner.Length - 1))));
    }

    [Fact]
    public void Random_and_mutated_packets_pass_through_every_receiver()
    {
        var random = new Random(Seed.Value);
        var corpus = (from stack in Stacks from inner in Inner select (stack.Layers[0], Packet: Wrapped(stack, inner)))
            .Sample(60, new FsCheck.Rnd((ulong)Seed.Value, 1), 300).ToArray();
        var taken = 0;
        for (var i = 0; i < 300_000; i++)
        {
            var (layer, original) = corpus[random.Next(corpus.Length)];
            var packet = (byte[])original.Clone();
            for (var changes = random.Next(4); changes > 0; changes--)
            {
                packet[random.Next(Math.Min(packet.Length, 110))] = (byte)random.Next(256);
            }

            if (packet[0] >> 4 == 4 && (packet[0] & 15) == 5)
            {
                // Past the header checksum, or nothing behind it would ever be read.
                (packet[10], packet[11]) = (0, 0);
                var sum = Checksum.Of(packet.AsSpan(0, 20));
                (packet[10], packet[11]) = ((byte)(sum >> 8), (byte)sum);
            }

            packet = random.Next(4) == 0 ? packet[..random.Next(packet.Length + 1)] : packet;
            try
            {
                if (EncapsulationReader.TryUnwrap(layer, packet, out var inner, out var error))
                {
                    taken++;
                    Assert.True(packet.AsSpan().Overlaps(inner) && IpPacket.TryRead(inner, out var ip) && ip.TotalLength == inner.Length);
                }

                Assert.Equal(error == UnwrapError.None, EncapsulationReader.TryDecapsulate(layer, packet, out _, out _));
            }
            catch (Exception e)
            {
                Assert.Fail($"packet {i}, PROBE_SEED={Seed.Value}, {EncapsulationText.Of(layer)}: {Convert.ToHexString(packet)}{Environment.NewLine}{e}");
            }
        }

        Assert.InRange(taken, 30_000, 290_000);
    }

    private static UnwrapError ErrorOf(Encapsulation layer, byte[] packet)
    {
        EncapsulationReader.TryUnwrap(layer, packet, out _, out var error);
        return error;
    }

    private static byte[] With(byte[] packet, int position, params byte[] values)
    {
        var copy = (byte[])packet.Clone();
        values.CopyTo(copy, position);
        return copy;
    }

    private static Encapsulation Layer(string text) => EncapsulationText.TryParse(text, out var layer, out var error) ? layer : throw new FormatException(error);
}
