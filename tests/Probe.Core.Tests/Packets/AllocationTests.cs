using Probe.Core.Packets;
using static Probe.Core.Tests.Packets.IcmpErrors;
using static Probe.Core.Tests.Packets.Octets;

namespace Probe.Core.Tests.Packets;

/// <summary>Packets fly past without leaving anything on the heap.</summary>
public class AllocationTests
{
    private const int Rounds = 20_000;

    private static readonly byte[] Error4 = TimeExceeded(isV6: false, 32, Resized(UdpProbe(isV6: false, 60), 128), Hex(MplsStructure));
    private static readonly byte[] Error6 = TimeExceeded(isV6: true, 0, UdpProbe(isV6: true, 300));
    private static readonly byte[] Syn = Hex("4500003c abcd4000 400628b0 c6336401 cb007109 c00001bb deadbeef 00000000 a002faf0 87760000 020405b4 0402 080a0000000100000000 01 030307");

    [Fact]
    public void Reading_an_error_down_to_the_ports_allocates_nothing() => AssertAllocatesNothing(static () =>
        ReadError(Error4, isV6: false) + ReadError(Error6, isV6: true));

    [Fact]
    public void Reading_a_TCP_answer_allocates_nothing() => AssertAllocatesNothing(static () =>
    {
        IpPacket.TryRead(Syn, out var ip);
        TcpHeader.TryRead(ip.Payload, out var tcp);
        var valid = TransportChecksum.IsValid(ip.Payload, ip.Protocol, ip.Source, ip.Destination);
        return tcp.SourcePort + (tcp.ReadOptions().MaximumSegmentSize ?? 0) + (valid ? 1 : 0);
    });

    [Fact]
    public void Finding_no_extensions_allocates_nothing() => AssertAllocatesNothing(static () =>
    {
        IcmpMessage.TryRead(Error6, isV6: true, out var message);
        return message.TryReadExtensions(out var extensions) ? 0 : extensions.Mpls.Length + 1;
    });

    [Fact]
    public void Writing_probes_allocates_nothing() => AssertAllocatesNothing(static () =>
    {
        Span<byte> packet = stackalloc byte[100];
        var header = IPv4Header.Write(packet, new IPv4Fields { Ttl = 3, Protocol = IpProtocol.Udp, Source = Source4, Destination = Target4 }, 60);
        var udp = UdpHeader.Write(packet[header..], 1, 2, 52);
        TransportChecksum.Write(packet[header..80], IpProtocol.Udp, Source4, Target4);
        header = IPv6Header.Write(packet, new IPv6Fields { HopLimit = 3, NextHeader = IpProtocol.Tcp, Source = Source6, Destination = Target6 }, 20);
        var tcp = TcpHeader.Write(packet[header..], new TcpFields { Flags = TcpFlags.Syn }, []);
        TransportChecksum.Write(packet[header..60], IpProtocol.Tcp, Source6, Target6);
        return udp + tcp + IcmpMessage.Write(packet, isV6: false, 8, 0, 1, Syn);
    });

    [Fact]
    public void Wrapping_and_unwrapping_allocates_nothing()
    {
        EncapsulationStack stack = new([new IpIpEncapsulation { Remote = Target4, Source = Source4 }, new GueEncapsulation { Remote = Target6, Source = Source6, Port = 6080, RemoteChecksum = true }]);
        AssertAllocatesNothing(() =>
        {
            Span<byte> packet = stackalloc byte[200];
            Syn.CopyTo(packet[stack.Overhead..]);
            var length = EncapsulationWriter.Wrap(stack, packet, Syn.Length, new OuterFields { Id = 7 });
            EncapsulationReader.TryUnwrap(stack.Layers[0], packet[..length], out var inside, out _);
            return EncapsulationReader.TryUnwrap(stack.Layers[1], inside, out var inner, out _) ? inner.Length : 0;
        });
    }

    private static int ReadError(byte[] octets, bool isV6)
    {
        IcmpMessage.TryRead(octets, isV6, out var message);
        var valid = message.ChecksumValid(Target6, Source6);
        IpPacket.TryReadQuote(message.Quote, out var ip);
        QuotedTransport.TryRead(ip.Payload, ip.Protocol, out var transport);
        return transport.SourcePort + transport.Payload.Length + (valid ? 1 : 0) + (ip.Destination == Target4 ? 1 : 0);
    }

    private static void AssertAllocatesNothing(Func<int> round)
    {
        Assert.NotEqual(0, round());
        var sum = 0L;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Rounds; i++)
        {
            sum += round();
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.NotEqual(0, sum);
        Assert.Equal(0, allocated);
    }
}
