using System.Buffers.Binary;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Lab.Networks;

/// <summary>What a router says instead of time-exceeded.</summary>
public sealed record BadAnswer
{
    /// <summary>Probes of this transport are lied to.</summary>
    public required ProbeProtocol To { get; init; }

    /// <summary>ICMP type.</summary>
    public required byte Type { get; init; }

    /// <summary>ICMP code.</summary>
    public required byte Code { get; init; }

    /// <summary>The MTU it names, octets; only in frag-needed and Packet Too Big.</summary>
    public int Mtu { get; init; }

    /// <summary>Octets of the packet that are quoted; all of them when it has fewer.</summary>
    public int Quote { get; init; } = 28;
}

/// <summary>
/// A router of a line that answers packets whose TTL ends there with something else. The kernel's own answer is suppressed by nft;
/// this one comes from a thread inside the router's namespace.
/// </summary>
public sealed class BadHop : IDisposable
{
    private readonly LinuxLine _line;
    private readonly int _hop;
    private readonly bool _v6;
    private readonly BadAnswer _answer;
    private readonly FileDescriptor _socket;
    private readonly RawPackets _raw;
    private readonly Waiter _waiter;
    private readonly MessageBatch _batch = new(8, 2048, controlSize: 64);
    private readonly byte[] _packet = new byte[4096];
    private readonly Thread _thread;
    private volatile bool _ending;

    /// <summary>Makes a hop of a line lie from now on.</summary>
    /// <param name="line">The line.</param>
    /// <param name="hop">Which hop, from 1.</param>
    /// <param name="v6">The family lied to.</param>
    /// <param name="answer">What it says.</param>
    public BadHop(LinuxLine line, int hop, bool v6, BadAnswer answer)
    {
        (_line, _hop, _v6, _answer) = (line, hop, v6, answer);
        var dies = v6 ? "ip6 hoplimit 1" : "ip ttl 1";
        KernelLab.Nft(line.Router(hop), $$"""
            table inet bad_hop {
              chain pre {
                type filter hook prerouting priority raw; policy accept;
                iifname "west" {{(v6 ? "ip6" : "ip")}} daddr {{line.Target(v6)}} {{dies}} meta l4proto {{Number}} drop
              }
            }
            """);
        (_socket, _raw) = KernelLab.In(line.Router(hop), () => (Open(), new RawPackets(LinuxLine.ClientAddress(v6))));
        _waiter = new Waiter(_socket);
        _thread = new Thread(Loop) { IsBackground = true, Name = "bad hop" };
        _thread.Start();
    }

    private byte Number => ProbeWriter.IpProtocolOf(_answer.To, _v6);

    /// <inheritdoc/>
    public void Dispose()
    {
        _ending = true;
        _waiter.Wake();
        _thread.Join();
        _waiter.Dispose();
        _raw.Dispose();
        _socket.Dispose();
        KernelLab.Nft(_line.Router(_hop), "delete table inet bad_hop");
    }

    private FileDescriptor Open()
    {
        // A packet socket sees what nft drops later.
        var protocol = BinaryPrimitives.ReverseEndianness((ushort)(_v6 ? ETH_P_IPV6 : ETH_P_IP));
        var socket = SocketCalls.Open(AF_PACKET, SOCK_DGRAM, protocol, "a packet socket");
        try
        {
            SocketCalls.Bind(socket,
                new sockaddr_ll { sll_family = AF_PACKET, sll_protocol = protocol, sll_ifindex = Interfaces.Index("west") },
                "bind to west");
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Loop()
    {
        while (!_ending)
        {
            _waiter.Wait(long.MaxValue);
            var count = _batch.Receive(_socket, 0);
            for (var i = 0; i < count; i++)
            {
                if (_batch.FromLink(i).sll_pkttype != PACKET_OUTGOING)
                {
                    Answer(_batch.Data(i));
                }
            }
        }
    }

    private void Answer(ReadOnlySpan<byte> octets)
    {
        if (!IpPacket.TryRead(octets, out var packet) || packet.Ttl != 1 || packet.Protocol != Number
            || packet.Destination != _line.Target(_v6))
        {
            return;
        }

        var quote = octets[..Math.Min(Math.Min(octets.Length, packet.TotalLength), _answer.Quote)];
        var length =
            RawPackets.WriteError(_packet, LinuxLine.Hop(_hop, _v6), packet.Source, _answer.Type, _answer.Code, (uint)_answer.Mtu, quote);
        _raw.Send(_packet.AsSpan(0, length));
    }
}
