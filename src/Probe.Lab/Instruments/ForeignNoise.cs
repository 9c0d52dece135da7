using System.Diagnostics;
using Probe.Core.Packets;
using Probe.Lab.Networks;

namespace Probe.Lab.Instruments;

/// <summary>
/// ICMP errors about packets that somebody else sent, by the thousand: port-unreachables and time-exceeded from the hops of a line to its
/// client, quoting UDP, TCP and echo packets of the client's address to the traced target and to strangers. None of them is an answer to a
/// probe.
/// </summary>
public sealed class ForeignNoise : IDisposable
{
    private const int Burst = 20;

    private readonly LinuxLine _line;
    private readonly bool _v6;
    private readonly int _perSecond;
    private readonly Random _random;
    private readonly RawPackets _raw;
    private readonly Thread _thread;
    private readonly byte[] _packet = new byte[512];
    private volatile bool _ending;
    private long _sent;

    /// <summary>Starts the noise.</summary>
    /// <param name="line">The line; its client hears the noise.</param>
    /// <param name="v6">Family.</param>
    /// <param name="perSecond">Errors a second.</param>
    /// <param name="seed">Of ports, identifiers and kinds.</param>
    public ForeignNoise(LinuxLine line, bool v6, int perSecond, int seed)
    {
        (_line, _v6, _perSecond, _random) = (line, v6, perSecond, new Random(seed));
        // From the first router: a later one's packets would be dropped on the way wherever the address they claim is somebody's own.
        _raw = KernelLab.In(line.Router(1), () => new RawPackets(LinuxLine.ClientAddress(v6)));
        _thread = new Thread(Loop) { IsBackground = true, Name = "foreign noise" };
        _thread.Start();
    }

    /// <summary>Errors sent so far.</summary>
    public long Sent => Volatile.Read(ref _sent);

    /// <inheritdoc/>
    public void Dispose()
    {
        _ending = true;
        _thread.Join();
        _raw.Dispose();
    }

    private void Loop()
    {
        var clock = Stopwatch.StartNew();
        while (!_ending)
        {
            if (_sent > clock.Elapsed.TotalSeconds * _perSecond)
            {
                Thread.Sleep(1);
                continue;
            }

            for (var i = 0; i < Burst; i++)
            {
                _raw.Send(_packet.AsSpan(0, Write()));
            }

            Volatile.Write(ref _sent, _sent + Burst);
        }
    }

    private int Write()
    {
        var client = LinuxLine.ClientAddress(_v6);
        var complaint = _random.Next(2) == 0;
        var (type, code) = (complaint, _v6) switch
        {
            (true, false) => (IcmpType.DestinationUnreachable, (byte)3),
            (true, true) => (IcmpType.DestinationUnreachableV6, (byte)4),
            (false, false) => (IcmpType.TimeExceeded, (byte)0),
            (false, true) => (IcmpType.TimeExceededV6, (byte)0),
        };

        // Half of it quotes packets to the very target that is traced, from any hop of the path.
        var target = _random.Next(2) == 0 ? _line.Target(_v6) : Stranger();
        Span<byte> quote = stackalloc byte[64];
        var length = WriteQuoted(quote, client, target);
        return RawPackets.WriteError(_packet, LinuxLine.Hop(_random.Next(1, _line.Hops + 1), _v6), client, type, code, 0, quote[..length]);
    }

    private IpAddress Stranger() => _v6
        ? IpAddress.FromV6(((UInt128)0x20010db8 << 96) | (uint)_random.Next())
        : IpAddress.FromV4(0xC6336400 | (uint)_random.Next(1, 255));

    private int WriteQuoted(Span<byte> quote, IpAddress source, IpAddress target)
    {
        var header = _v6 ? IPv6Header.Length : IPv4Header.MinimumLength;
        var protocol = _random.Next(3) switch
        {
            0 => IpProtocol.Udp,
            1 => IpProtocol.Tcp,
            _ => _v6 ? IpProtocol.IcmpV6 : IpProtocol.Icmp,
        };
        if (_v6)
        {
            IPv6Header.Write(quote, new IPv6Fields { NextHeader = protocol, HopLimit = 1, Source = source, Destination = target }, 20);
        }
        else
        {
            var id = (ushort)_random.Next(1, 65536);
            IPv4Header.Write(quote,
                new IPv4Fields { Protocol = protocol, Ttl = 1, Id = id, DontFragment = true, Source = source, Destination = target }, 40);
        }

        var transport = quote.Slice(header, 8);
        _random.NextBytes(transport);
        if (protocol is IpProtocol.Icmp or IpProtocol.IcmpV6)
        {
            transport[0] = _v6 ? (byte)128 : (byte)8;
            transport[1] = 0;
        }

        return header + 8;
    }
}
