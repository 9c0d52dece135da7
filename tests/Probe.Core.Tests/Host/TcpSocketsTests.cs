using Probe.Core.Linux;
using System.Runtime.InteropServices;
using Probe.Core.Host;
using Probe.Core.Linux.Sockets;

namespace Probe.Core.Tests.Host;

/// <summary>What a kernel does not tell of a connection is null in the document, never 0.</summary>
public sealed class TcpSocketsTests
{
    private static readonly tcp_info s_info = new() { tcpi_state = 1, tcpi_rtt = 7, tcpi_min_rtt = 5, tcpi_snd_wnd = 0 };

    [Fact]
    public void A_kernel_that_fills_everything_is_taken_at_its_word()
    {
        var evidence = TcpSockets.Of(new TcpInfo(s_info, Marshal.SizeOf<tcp_info>()));
        Assert.Equal((7_000L, 5_000L, 0L), (evidence.RttNs, evidence.MinRttNs, evidence.SndWnd));
    }

    [Theory]
    [InlineData(nameof(tcp_info.tcpi_rtt), false, false, false)]
    [InlineData(nameof(tcp_info.tcpi_min_rtt), true, false, false)]
    [InlineData(nameof(tcp_info.tcpi_snd_wnd), true, true, false)]
    public void A_field_behind_what_the_kernel_fills_is_unknown(string end, bool rtt, bool minRtt, bool window)
    {
        // As a kernel does whose struct ends before the field: Linux 4.4 before min_rtt, 5.3 before snd_wnd.
        var evidence = TcpSockets.Of(new TcpInfo(s_info, (int)Marshal.OffsetOf<tcp_info>(end)));
        Assert.Equal((rtt, minRtt, window), (evidence.RttNs is not null, evidence.MinRttNs is not null, evidence.SndWnd is not null));
    }

    [Fact]
    public void Before_the_first_measurement_no_round_trip_is_known()
    {
        var evidence = TcpSockets.Of(new TcpInfo(s_info with { tcpi_rtt = 0, tcpi_min_rtt = uint.MaxValue }, Marshal.SizeOf<tcp_info>()));
        Assert.Equal((null, null), (evidence.RttNs, evidence.MinRttNs));
    }
}
