using FsCheck.Fluent;
using FsCheck;
using Probe.Core.Packets;
using static Probe.Core.Tests.Packets.Encapsulations;
using static Probe.Core.Tests.Packets.Octets;

namespace Probe.Core.Tests.Packets;

/// <summary>Outer headers octet by octet; the octets were computed from the specifications by other means.</summary>
public class EncapsulationWriterTests
{
    private const string Inner4 = "45b900200007400009110acfc6336401cb0071099c400035000c385b61626364";
    private const string Inner6 = "6b800000000c110920010db800000000000000000000000120010db80009000000000000000000099c400035000c431561626364";

    [Theory]
    [InlineData("ipip:192.0.2.7", "45b90034123440004004a3d0c0000201c0000207", Inner4)]
    [InlineData("ipip:192.0.2.7", "45b80048123440004029a398c0000201c0000207", Inner6)]
    [InlineData("gre:192.0.2.7/42,csum,seq", "45b9004412344000402fa395c0000201c0000207 b0000800 ae2a0000 0000002a 00000007", Inner4)]
    [InlineData("fou:192.0.2.7:5555,sport=50000", "45b9003c123440004011a3bbc0000201c0000207 c35015b300280000", Inner4)]
    [InlineData("gue:192.0.2.7,sport=50000", "45b90040123440004011a3b7c0000201c0000207 c35017c0002c0000 00040000", Inner4)]
    [InlineData("gue:192.0.2.7,sport=50000,csum", "45b80054123440004011a3a4c0000201c0000207 c35017c0004023b3 00290000", Inner6)]
    [InlineData("vxlan:192.0.2.7/100,sport=50000,mac=02:00:5e:00:53:01", "45b90052123440004011a3a5c0000201c0000207 c35012b5003e0000 0800000000006400 02005e005301 0250726f6265 0800", Inner4)]
    [InlineData("geneve:192.0.2.7/100,sport=50000,mac=02:00:5e:00:53:01", "45b90052123440004011a3a5c0000201c0000207 c35017c1003e0000 0000655800006400 02005e005301 0250726f6265 0800", Inner4)]
    public void Each_encapsulation_s_octets(string via, string outer, string inner) =>
        Assert.Equal(Hex(outer + inner), Wrapped(StackOf(via), Hex(inner)));

    [Fact]
    public void GUE_variant_1_in_IPv6_fills_the_checksum_and_takes_the_flow_label_of_the_flow()
    {
        var packet = Wrapped(StackOf("gue1:[2001:db8:a::7],sport=50000"), Hex(Inner4));
        Assert.True(IPv6Header.TryRead(packet, out var ip));
        Assert.Equal(FlowHash.Label(FlowHash.Of(Hex(Inner4))), ip.FlowLabel);
        (packet[1], packet[2], packet[3]) = (0x90, 0, 0);
        Assert.Equal(Hex("6b9000000028114020010db8000a0000000000000000000120010db8000a00000000000000000007 c35017c000282f5c" + Inner4), packet);
    }

    [Fact]
    public void Remote_checksum_offload_leaves_the_pseudo_header_s_sum_and_says_where_to_complete_it()
    {
        var packet = Wrapped(StackOf("gue:192.0.2.7,sport=50000,remcsum"), Hex(Inner4));
        Assert.Equal(
            Hex("45b90048123440004011a3afc0000201c0000207 c35017c000345694 02040001 80000000 0014001a 45b900200007400009110acfc6336401cb007109 9c400035000c665c61626364"),
            packet);
        Assert.True(EncapsulationReader.TryDecapsulate(StackOf("gue:192.0.2.7").Layers[0], packet, out var inner, out _));
        Assert.Equal(Hex(Inner4), inner.ToArray());
    }

    [Fact]
    public void A_stack_is_written_from_the_inside_and_the_TTL_given_is_the_outermost_s()
    {
        var packet = Wrapped(StackOf("ipip:192.0.2.3", "gue:192.0.2.7,sport=50000"), Hex(Inner4), ttl: 3);
        Assert.Equal(Hex("45b90054123440000304e0b4c0000201c0000203 45b90040123440004011a3b7c0000201c0000207 c35017c0002c0000 00040000" + Inner4), packet);
    }

    [Theory]
    [InlineData("ipip:192.0.2.7", 0xb9, true, 64)]
    [InlineData("ipip:192.0.2.7,dscp=10,df=0,ttl=9", 10 << 2 | 1, false, 9)]
    public void DSCP_is_copied_unless_given_and_ECN_always(string via, int trafficClass, bool dontFragment, int ttl)
    {
        Assert.True(IPv4Header.TryRead(Wrapped(StackOf(via), Hex(Inner4)), out var ip));
        Assert.Equal((trafficClass, dontFragment, ttl), (ip.TrafficClass, ip.DontFragment, ip.Ttl));
    }

    [Fact]
    public void The_source_port_follows_the_flow_and_nothing_else()
    {
        var ports = new Dictionary<ushort, int>();
        for (uint flow = 1; flow <= 500; flow++)
        {
            var port = OuterPort(Packet(false, IpProtocol.Udp, flow << 16 | 53, 20, 0));
            Assert.InRange(port, 32768, 60999);
            Assert.Equal(port, OuterPort(Packet(false, IpProtocol.Udp, flow << 16 | 53, 900, 0xb8)));
            ports[port] = ports.GetValueOrDefault(port) + 1;
        }

        Assert.True(ports.Count > 480, $"500 flows took {ports.Count} ports");
    }

    [Fact]
    public void What_cannot_be_written_is_refused()
    {
        var inner = Hex(Inner4);
        Assert.Throws<ArgumentException>(() => Wrapped(StackOf("vxlan:192.0.2.7/100"), inner));
        Assert.ThrowsAny<ArgumentException>(() => Wrapped(StackOf("ipip:192.0.2.7"), Packet(false, IpProtocol.Udp, 1, 65500, 0)));
        Assert.Throws<ArgumentException>(() => EncapsulationWriter.Wrap(StackOf("ipip:192.0.2.7"), new byte[100], 80, default));
        Assert.Throws<ArgumentException>(() => Wrapped(StackOf("gue:192.0.2.9,remcsum", "ipip:192.0.2.7"), inner));
    }

    [Fact]
    public void What_is_wrapped_comes_out_again() => Check.One(
        Config.QuickThrowOnFailure.WithName($"PROBE_SEED={Seed.Value}").WithMaxTest(2000).WithReplay((ulong)Seed.Value, 1),
        Prop.ForAll((from stack in Stacks from inner in Inner select new Case(stack, inner)).ToArbitrary(), drawn =>
        {
            var packet = Wrapped(drawn.Stack, drawn.Inner).AsSpan();
            foreach (var layer in drawn.Stack.Layers)
            {
                if (!EncapsulationReader.TryUnwrap(layer, packet, out var shown, out var error) || !EncapsulationReader.TryDecapsulate(layer, packet, out var inside, out _))
                {
                    throw new InvalidOperationException($"{EncapsulationText.Of(layer)}: {error}");
                }

                Assert.Equal(shown.Length, inside.Length);
                packet = inside;
            }

            return packet.SequenceEqual(drawn.Inner);
        }));

    private static ushort OuterPort(byte[] inner) => (ushort)(Wrapped(StackOf("gue:192.0.2.7"), inner) is var packet ? packet[20] << 8 | packet[21] : 0);

    private static EncapsulationStack StackOf(params string[] texts) => new([.. texts.Select(text =>
        EncapsulationText.TryParse(text, out var layer, out var error) ? layer : throw new FormatException(error))]);

    private sealed record Case(EncapsulationStack Stack, byte[] Inner)
    {
        public override string ToString() => $"{string.Join(" > ", Stack.Layers.Select(EncapsulationText.Of))} around {Convert.ToHexString(Inner)}";
    }
}
