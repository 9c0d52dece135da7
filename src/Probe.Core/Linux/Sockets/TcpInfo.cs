namespace Probe.Core.Linux.Sockets;

/// <summary>TCP_INFO as far as this kernel fills it: what it does not know stays 0 and is not its word.</summary>
/// <param name="Info">What was read.</param>
/// <param name="Filled">Octets of it that the kernel filled.</param>
internal readonly record struct TcpInfo(tcp_info Info, int Filled)
{
    private const int AfterRtt = 72;
    private const int AfterMinRtt = 152;
    private const int AfterSndWnd = 232;

    /// <summary>Smoothed round trip, microseconds; null before the first measurement.</summary>
    public uint? Rtt => Filled >= AfterRtt && Info.tcpi_rtt > 0 ? Info.tcpi_rtt : null;

    /// <summary>Least round trip, microseconds; null before the first measurement (~0), and before Linux 4.6.</summary>
    public uint? MinRtt => Filled >= AfterMinRtt && Info.tcpi_min_rtt != uint.MaxValue ? Info.tcpi_min_rtt : null;

    /// <summary>Window that the peer leaves open, octets; null before Linux 5.4.</summary>
    public uint? SndWnd => Filled >= AfterSndWnd ? Info.tcpi_snd_wnd : null;
}
