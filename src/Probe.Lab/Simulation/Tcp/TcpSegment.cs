using Probe.Core.Packets;

namespace Probe.Lab.Simulation.Tcp;

/// <summary>A segment on its way, as its sender remembers it.</summary>
internal sealed class TcpSegment(long offset, byte[] data, bool fin)
{
    /// <summary>Its place in the stream, octets after the SYN.</summary>
    public long Offset { get; } = offset;

    public byte[] Data { get; } = data;

    public bool Fin { get; } = fin;

    /// <summary>Place behind it; a FIN takes one.</summary>
    public long End => Offset + Data.Length + (Fin ? 1 : 0);

    public long SentNs { get; set; }

    public bool IsRepeated { get; set; }

    public bool IsSacked { get; set; }

    public bool IsLost { get; set; }

    public bool IsOnItsWay => !IsSacked && !IsLost;

    /// <summary>Writes a whole packet with a segment in it.</summary>
    public static byte[] Packet(in TcpTuple tuple, in TcpFields fields, ReadOnlySpan<byte> options, ReadOnlySpan<byte> payload)
    {
        var isV6 = tuple.Remote.IsV6;
        var header = isV6 ? IPv6Header.Length : IPv4Header.MinimumLength;
        var packet = new byte[header + TcpHeader.MinimumLength + options.Length + payload.Length];
        var segment = packet.AsSpan(header);
        payload.CopyTo(segment[TcpHeader.Write(segment, fields, options)..]);
        TransportChecksum.Write(segment, IpProtocol.Tcp, tuple.Local, tuple.Remote);
        if (isV6)
        {
            IPv6Header.Write(packet,
                new IPv6Fields { NextHeader = IpProtocol.Tcp, HopLimit = 64, Source = tuple.Local, Destination = tuple.Remote },
                segment.Length);
        }
        else
        {
            IPv4Header.Write(packet, new IPv4Fields
            {
                DontFragment = true, Ttl = 64, Protocol = IpProtocol.Tcp, Source = tuple.Local, Destination = tuple.Remote,
            }, segment.Length);
        }

        return packet;
    }
}
