using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Probe.Core.Packets;
using static Probe.Core.Linux.FilterConstants;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Linux.Sockets;

/// <summary>Builds a classic BPF program and attaches it to a socket (SO_ATTACH_FILTER).</summary>
internal sealed unsafe class SocketFilter
{
    // Two programs of this many ports, the old one and its replacement, fit in 20,480 octets: all that older kernels give a socket for
    // options (net.core.optmem_max).
    private const int MostExactPorts = 1000;
    private const int PortsOfLeaf = 32;

    // For sources beside the ports, for the same reason; the kernel takes no more than 4,096 instructions in any case.
    private const int MostSourceInstructions = 800;

    private readonly List<sock_filter> _program = [];

    /// <summary>A program that takes nothing: the socket holds its port and stays mute.</summary>
    public static SocketFilter DropAll => new SocketFilter().Return(0);

    /// <summary>
    /// Takes TCP or UDP packets whose destination port is one of these, on a raw socket; of more than a thousand, also what lies between
    /// the smallest and the largest. IPv4 raw sockets see the IP header, IPv6 raw sockets the transport header.
    /// </summary>
    public static SocketFilter DestinationPorts(bool v6, IReadOnlyList<ushort> ports)
    {
        var filter = new SocketFilter();
        if (v6)
        {
            filter.Add(BPF_LD | BPF_H | BPF_ABS, 2);
        }
        else
        {
            filter.Add(BPF_LDX | BPF_B | BPF_MSH, 0).Add(BPF_LD | BPF_H | BPF_IND, 2);
        }

        return filter.OneOf(ports);
    }

    /// <summary>
    /// Takes ICMP, and the packets of one transport to some ports, whose source is one of these addresses, on a packet socket of
    /// SOCK_DGRAM:
    /// there the IP header stands in front in both families. Fragments beyond the first and IPv6 extension headers do not pass. Of more
    /// addresses than a program holds, those of all sources do.
    /// </summary>
    /// <param name="addresses">Sources, all of one family.</param>
    /// <param name="v6">That family.</param>
    /// <param name="transport">IPPROTO_TCP or IPPROTO_UDP; 0 for ICMP alone.</param>
    /// <param name="ports">Destination ports of that transport.</param>
    public static SocketFilter AnswersFrom(IReadOnlyCollection<IpAddress> addresses, bool v6, int transport, IReadOnlyList<ushort> ports)
    {
        var wanted = new SocketFilter().Add(BPF_LD | BPF_B | BPF_ABS, v6 ? 6u : 9u)
            .Add(BPF_JMP | BPF_JEQ | BPF_K, (uint)(v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP), ifTrue: 0, ifFalse: 1).Return(uint.MaxValue);
        if (transport != 0 && ports.Count > 0)
        {
            wanted.Add(BPF_JMP | BPF_JEQ | BPF_K, (uint)transport, ifTrue: 1, ifFalse: 0).Return(0);
            _ = v6
                ? wanted.Add(BPF_LD | BPF_H | BPF_ABS, IPv6Header.Length + 2)
                : wanted.Add(BPF_LDX | BPF_B | BPF_MSH, 0).Add(BPF_LD | BPF_H | BPF_IND, 2);
            wanted.OneOf(ports);
        }
        else
        {
            wanted.Return(0);
        }

        var filter = new SocketFilter();
        if (!v6)
        {
            filter.Add(BPF_LD | BPF_H | BPF_ABS, 6).Add(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, ifTrue: 0, ifFalse: 1).Return(0);
        }

        // Behind each address that fits, a jump over the addresses that are left: conditional jumps would not reach that far.
        var step = v6 ? 9 : 3;
        if (addresses.Count * step > MostSourceInstructions)
        {
            return filter.Append(wanted);
        }

        var left = addresses.Count;
        foreach (var address in addresses)
        {
            filter.AddSource(address).Add(BPF_JMP | BPF_JA, (uint)(--left * step + 1));
        }

        return filter.Return(0).Append(wanted);
    }

    /// <summary>Compares the source address word by word; the last instruction but a jump is skipped where it differs.</summary>
    private SocketFilter AddSource(IpAddress address)
    {
        Span<byte> octets = stackalloc byte[16];
        var words = address.WriteTo(octets) / 4;
        for (var word = 0; word < words; word++)
        {
            Add(BPF_LD | BPF_W | BPF_ABS, (uint)((address.IsV6 ? 8 : 12) + word * 4));
            Add(BPF_JMP | BPF_JEQ | BPF_K, BinaryPrimitives.ReadUInt32BigEndian(octets[(word * 4)..]), ifTrue: 0,
                ifFalse: (byte)((words - 1 - word) * 2 + 1));
        }

        return this;
    }

    private SocketFilter OneOf(IReadOnlyList<ushort> ports)
    {
        ushort[] sorted = [.. ports.Order()];
        return sorted.Length > MostExactPorts ? Range(sorted[0], sorted[^1]) : Append(OneOf(sorted));
    }

    /// <summary>Says whether the loaded value is one of these: the halves of a sorted list, and no more than a few one by one.</summary>
    private static SocketFilter OneOf(ReadOnlySpan<ushort> sorted)
    {
        var filter = new SocketFilter();
        if (sorted.Length > PortsOfLeaf)
        {
            var middle = sorted.Length / 2;
            var lower = OneOf(sorted[..middle]);

            // A conditional jump reaches 255 instructions; the unconditional one beside it reaches all.
            return filter.Add(BPF_JMP | BPF_JGE | BPF_K, sorted[middle], ifTrue: 0, ifFalse: 1).Add(BPF_JMP | BPF_JA, (uint)lower.Count)
                .Append(lower).Append(OneOf(sorted[middle..]));
        }

        for (var i = 0; i < sorted.Length; i++)
        {
            filter.Add(BPF_JMP | BPF_JEQ | BPF_K, sorted[i], ifTrue: (byte)(sorted.Length - i), ifFalse: 0);
        }

        return filter.Return(0).Return(uint.MaxValue);
    }

    private SocketFilter Range(ushort smallest, ushort largest) =>
        Add(BPF_JMP | BPF_JGE | BPF_K, smallest, ifTrue: 0, ifFalse: 1)
            .Add(BPF_JMP | BPF_JGE | BPF_K, largest + 1u, ifTrue: 0, ifFalse: 1).Return(0).Return(uint.MaxValue);

    /// <summary>Adds an instruction; jumps count from the next one.</summary>
    public SocketFilter Add(int code, uint k, byte ifTrue = 0, byte ifFalse = 0)
    {
        _program.Add(new sock_filter { code = (ushort)code, k = k, jt = ifTrue, jf = ifFalse });
        return this;
    }

    /// <summary>Instructions so far.</summary>
    public int Count => _program.Count;

    /// <summary>Adds another program's instructions.</summary>
    public SocketFilter Append(SocketFilter other)
    {
        _program.AddRange(other._program);
        return this;
    }

    /// <summary>Goes on with another program where this one takes a packet, so that both have to: a socket holds one program.</summary>
    public SocketFilter Then(ReadOnlySpan<sock_filter> other)
    {
        var joined = new SocketFilter();
        for (var i = 0; i < Count; i++)
        {
            var takes = _program[i].code == (BPF_RET | BPF_K) && _program[i].k != 0;
            joined._program.Add(takes ? new sock_filter { code = BPF_JMP | BPF_JA, k = (uint)(Count - i - 1) } : _program[i]);
        }

        joined._program.AddRange(other);
        return joined;
    }

    /// <summary>Adds a return: 0 drops, anything else keeps so many octets.</summary>
    public SocketFilter Return(uint octets) => Add(BPF_RET | BPF_K, octets);

    /// <summary>Puts the program on a socket.</summary>
    public void Attach(FileDescriptor socket)
    {
        if (_program.Count > BPF_MAXINSNS)
        {
            throw new LinuxException(Errno.EINVAL, "attach a socket filter",
                $"it has {_program.Count} instructions, at most {BPF_MAXINSNS} fit");
        }

        fixed (sock_filter* at = CollectionsMarshal.AsSpan(_program))
        {
            var program = new sock_fprog { len = (ushort)_program.Count, filter = at };
            SocketCalls.Set(socket, SOL_SOCKET, SO_ATTACH_FILTER, program, nameof(SO_ATTACH_FILTER));
        }
    }
}
