using System.Buffers.Binary;
using Probe.Core.Linux.Sockets;
using Probe.Core.Packets;
using static Probe.Core.Linux.FilterConstants;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Capture;

/// <summary>
/// Which packets a capture takes. The kernel decides, so a busy host costs nothing: everything, the IP packets to and from
/// some addresses, or ICMP besides those (a router that answers a probe is no address one knows beforehand).
/// </summary>
public sealed record CaptureFilter
{
    // Ancillary offsets (linux/filter.h): SKF_AD_OFF + SKF_AD_PROTOCOL, and SKF_NET_OFF, which counts from the IP header whatever
    // stands before it.
    private const uint Protocol = unchecked((uint)-0x1000);
    private const uint Network = unchecked((uint)-0x100000);

    /// <summary>Every IP packet.</summary>
    public static CaptureFilter All { get; } = new();

    /// <summary>Take only packets whose source or destination is one of these; empty takes all.</summary>
    public IReadOnlyList<IpAddress> Addresses { get; init; } = [];

    /// <summary>Take ICMP and ICMPv6 whoever it is from. ICMPv6 behind extension headers is not recognized.</summary>
    public bool Icmp { get; init; }

    /// <summary>Take of those only what the user's own filter takes too; null for all of them.</summary>
    public FilterText? Text { get; init; }

    internal SocketFilter Build() => Text is null ? BuildOwn() : Text.And(BuildOwn());

    private SocketFilter BuildOwn()
    {
        var filter = new SocketFilter();
        if (Addresses.Count == 0)
        {
            // SKF_AD_PROTOCOL: the EtherType, wherever the header stands.
            return filter
                .Add(BPF_LD | BPF_W | BPF_ABS, Protocol)
                .Add(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, ifTrue: 1)
                .Add(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, ifTrue: 0, ifFalse: 1)
                .Return(uint.MaxValue)
                .Return(0);
        }

        var v4 = new SocketFilter();
        if (Icmp)
        {
            v4.Add(BPF_LD | BPF_B | BPF_ABS, Network + 9).Add(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMP, ifTrue: 0, ifFalse: 1)
                .Return(uint.MaxValue);
        }

        var v6 = new SocketFilter();
        if (Icmp)
        {
            v6.Add(BPF_LD | BPF_B | BPF_ABS, Network + 6).Add(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, ifTrue: 0, ifFalse: 1)
                .Return(uint.MaxValue);
        }

        foreach (var address in Addresses)
        {
            if (address.IsV4)
            {
                AddMatch(v4, address, Network + 12);
                AddMatch(v4, address, Network + 16);
            }
            else
            {
                AddMatch(v6, address, Network + 8);
                AddMatch(v6, address, Network + 24);
            }
        }

        v4.Return(0);
        v6.Return(0);

        // Jumps of conditions reach 255 instructions; the unconditional one any distance.
        return filter
            .Add(BPF_LD | BPF_W | BPF_ABS, Protocol)
            .Add(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, ifTrue: 3)
            .Add(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, ifTrue: 1)
            .Return(0)
            .Add(BPF_JMP | BPF_JA, (uint)v4.Count)
            .Append(v4)
            .Append(v6);
    }

    private static void AddMatch(SocketFilter filter, IpAddress address, uint offset)
    {
        var words = address.Length / 4;
        Span<byte> octets = stackalloc byte[16];
        address.WriteTo(octets);
        for (var word = 0; word < words; word++)
        {
            // Each word is two instructions; a mismatch skips the rest and the return.
            filter
                .Add(BPF_LD | BPF_W | BPF_ABS, offset + (uint)word * 4)
                .Add(BPF_JMP | BPF_JEQ | BPF_K, BinaryPrimitives.ReadUInt32BigEndian(octets[(word * 4)..]), ifTrue: 0,
                    ifFalse: (byte)((words - word - 1) * 2 + 1));
        }

        filter.Return(uint.MaxValue);
    }
}
