using System.Runtime.CompilerServices;
using Probe.Core.Packets;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Linux.Sockets;

/// <summary>
/// One message of a socket's error queue (IP_RECVERR, ip(7)): an ICMP error about a packet of ours, or the transmit stamp of one.
/// </summary>
internal readonly ref struct QueuedError
{
    /// <summary>SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6, SO_EE_ORIGIN_TIMESTAMPING, …; 0 when the message tells no error.</summary>
    public byte Origin { get; private init; }

    /// <summary>ICMP type.</summary>
    public byte Type { get; private init; }

    /// <summary>ICMP code.</summary>
    public byte Code { get; private init; }

    /// <summary>The MTU of a frag-needed or Packet Too Big.</summary>
    public uint Info { get; private init; }

    /// <summary>The running number of a transmit stamp.</summary>
    public uint Number { get; private init; }

    /// <summary>Who sent the ICMP error; no address for others.</summary>
    public IpAddress Offender { get; private init; }

    /// <summary>The kernel's stamp, CLOCK_REALTIME nanoseconds; 0 when there is none.</summary>
    public long RealtimeNs { get; private init; }

    /// <summary>TTL or hop limit with which the error arrived; 0 when unknown.</summary>
    public byte Ttl { get; private init; }

    /// <summary>
    /// What was quoted of our packet, from the UDP payload, the ICMP header or the TCP header on. The kernel keeps the headers before that.
    /// </summary>
    public ReadOnlySpan<byte> Quote { get; private init; }

    /// <summary>The extension structure behind the quote (RFC 4884), found valid by the kernel; empty when there is none.</summary>
    public ReadOnlySpan<byte> Extensions { get; private init; }

    /// <summary>True for an ICMP error of either version.</summary>
    public bool IsIcmp => Origin is SO_EE_ORIGIN_ICMP or SO_EE_ORIGIN_ICMP6;

    /// <summary>
    /// Reads message <paramref name="i"/> of a batch; one that was not received with MSG_ERRQUEUE tells stamp and TTL alone.
    /// </summary>
    public static unsafe QueuedError Read(MessageBatch batch, int i)
    {
        sock_extended_err error = default;
        IpAddress offender = default;
        var realtime = 0L;
        var ttl = 0;
        var control = batch.Control(i);
        while (control.MoveNext())
        {
            if (control.Is<timespec>(SOL_SOCKET, SCM_TIMESTAMPING, out var time))
            {
                realtime = time.Nanoseconds;
            }
            else if (control.Is<int>(IPPROTO_IP, IP_TTL, out var hops) || control.Is<int>(IPPROTO_IPV6, IPV6_HOPLIMIT, out hops))
            {
                ttl = hops;
            }
            else if (control.Is<sock_extended_err>(IPPROTO_IP, IP_RECVERR, out var told)
                || control.Is(IPPROTO_IPV6, IPV6_RECVERR, out told))
            {
                // SO_EE_OFFENDER: the address stands right behind the error.
                error = told;
                offender = SocketAddress.Read(control.Data[sizeof(sock_extended_err)..]).Address;
            }
        }

        var data = batch.Data(i);
        var isIcmp = error.ee_origin is SO_EE_ORIGIN_ICMP or SO_EE_ORIGIN_ICMP6;

        // With IP_RECVERR_RFC4884 set, ee_data of an ICMP error says where the extensions begin; 0 for nowhere.
        var extended = isIcmp ? Unsafe.BitCast<uint, sock_ee_data_rfc4884>(error.ee_data) : default;
        var end = extended.len is > 0 and var length && length <= data.Length ? length : data.Length;
        return new QueuedError
        {
            Origin = error.ee_origin,
            Type = error.ee_type,
            Code = error.ee_code,
            Info = error.ee_info,
            Number = error.ee_data,
            Offender = offender,
            RealtimeNs = realtime,
            Ttl = (byte)ttl,
            Quote = data[..end],
            Extensions = (extended.flags & SO_EE_RFC4884_FLAG_INVALID) == 0 ? data[end..] : default,
        };
    }
}
