namespace Probe.Cli.Tests;

/// <summary>libpcap and the package that reaches it are for those who ask for a filter.</summary>
public sealed class LibPcapTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [NeedsTheory(Need.Libpcap)]
    [InlineData("mtu", "arp", "probe: --filter: 'arp' is about the link layer: --pcap takes IP packets, from the IP header on\n")]
    [InlineData("trace", "port http", "probe: --filter: 'http' is a name, and names are not looked up: give the address or the number\n")]
    [InlineData("check", "tcp port 80 and and udp", "probe: --filter: syntax error, at 'and' after 'tcp port 80'\n")]
    public void A_wrong_filter_is_wrong_usage_said_in_one_line(string command, string filter, string error)
    {
        var ended = Child.RunProbe(command, "--pcap", Path.Combine(_folder.Path, "f.pcapng"), "--filter", filter, command == "check" ? "127.0.0.1:9" : "127.0.0.1");
        Assert.Equal((2, error), (ended.Status, ended.Error));
    }

    [NeedsFact(Need.Root)]
    public void A_capture_without_a_filter_does_not_touch_the_package()
    {
        // Where its files are missing, the first touch would end the program.
        var ended = Child.Bash("""
            cp -r "$(dirname "$0")" "$1/app" && rm "$1"/app/SharpPcap.dll "$1"/app/PacketDotNet.dll &&
            exec "$1/app/probe" trace -n -c 1 --report --pcap "$1/f.pcapng" 127.0.0.1
            """, _folder.Path);

        Assert.True(ended.Status == 0, ended.ToString());
        Assert.True(new FileInfo(Path.Combine(_folder.Path, "f.pcapng")).Length > 0);
    }

    [NeedsFact(Need.Root, "unshare", "mount")]
    public void Where_libpcap_is_missing_the_filter_and_doctor_say_so_and_the_rest_works()
    {
        var filter = WithoutLibPcap("trace", "-n", "--pcap", Path.Combine(_folder.Path, "f.pcapng"), "--filter", "icmp", "127.0.0.1");
        Assert.Equal((3, "probe: --filter needs libpcap; libpcap is not installed: on Debian and Ubuntu, apt install libpcap0.8\n"), (filter.Status, filter.Error));

        var doctor = WithoutLibPcap("doctor");
        Assert.Equal(4, doctor.Status);
        Assert.Matches(@"(?m)^missing\s+libpcap\s.*no --filter.*; fix: apt install libpcap0\.8", doctor.Output);

        var capture = WithoutLibPcap("trace", "-n", "-c", "1", "--report", "--pcap", Path.Combine(_folder.Path, "f.pcapng"), "127.0.0.1");
        Assert.True(capture.Status == 0, capture.ToString());
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Runs the program where an empty file lies over each that the name libpcap may mean; only that process sees it.</summary>
    private static Ended WithoutLibPcap(params string[] arguments) => Child.Run("unshare",
    [
        "-m", "bash", "-c",
        """for file in $(ldconfig -p | sed -n 's/.*libpcap\.so.* => //p'); do mount --bind /dev/null "$(readlink -f "$file")"; done; exec "$0" "$@" """,
        Child.Probe, .. arguments,
    ]);
}
