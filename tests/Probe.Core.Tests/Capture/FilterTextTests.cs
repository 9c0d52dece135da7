using Probe.Core.Capture;

namespace Probe.Core.Tests.Capture;

public class FilterTextTests
{
    [NeedsTheory(Need.Libpcap)]
    [InlineData("tcp port 80 and and udp", "syntax error, at 'and' after 'tcp port 80'")]
    [InlineData("and", "syntax error, at 'and'")]
    [InlineData("icmp or (udp port 53", "syntax error, at 'or' after 'icmp'")]
    [InlineData("tcp[13", "syntax error")]
    [InlineData("net 10.0.0.1/8", "non-network bits set in \"10.0.0.1/8\"")]
    [InlineData("ip host ::1", "'ip' modifier applied to ip6 host, at 'host' after 'ip'")]
    [InlineData("ip broadcast", "netmask not known")]
    [InlineData("multicast", "at 'multicast'")]
    [InlineData("port 70000", "illegal port number 70000 > 65535, at 'port'")]
    [InlineData("", "it is empty")]
    [InlineData(" \t\n", "it is empty")]
    [InlineData("host example.com", "'example.com' is a name, and names are not looked up")]
    [InlineData("host 80-90", "'80-90' is a name")]
    [InlineData("portrange 1-2 and tcp 80-90", "'80-90' is a name")]
    [InlineData("len-20 > 5", "'len-20' is a name")]
    [InlineData("host 1.2.3.4.5", "'1.2.3.4.5' is a name")]
    [InlineData("host 1.2.3.400", "'1.2.3.400' is a name")]
    [InlineData("tcp port http", "'http' is a name")]
    [InlineData("ip proto \\tcp", "'\\' means nothing here")]
    [InlineData("host fd00::g", "'g' is a name")]
    [InlineData("host 1:2:3:4", "'1:2:3:4' is not an address")]
    [InlineData("arp", "'arp' is about the link layer")]
    [InlineData("ether host 02:00:00:00:00:01", "'ether' is about the link layer")]
    [InlineData("host 02:00:00:00:00:01", "'02:00:00:00:00:01' is about the link layer")]
    [InlineData("icmp and inbound", "'inbound' is about the link layer")]
    [InlineData("vlan 5 and icmp", "'vlan' is about the link layer")]
    [InlineData("ip6 protochain 17", "'protochain' needs a loop")]
    [InlineData("icmp; udp", "';' means nothing here")]
    [InlineData("icmp\0udp", "means nothing here")]
    [InlineData("höst 1", "'h' is a name")]
    public void What_is_wrong_is_said_in_one_line_and_where(string text, string why)
    {
        Assert.False(FilterText.TryCompile(text, out _, out var said));
        Assert.Contains(why, said, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', said);
    }

    [NeedsTheory(Need.Libpcap)]
    [InlineData("icmp or icmp6")]
    [InlineData("tcp port 80 and not src net 10.0.0.0/8")]
    [InlineData("udp portrange 33434-33534 or 40000-40010")]
    [InlineData("net 10.1 or net 192.168.0.0 mask 255.255.0.0")]
    [InlineData("host fd00::1 or net 2001:db8::/32 or host ::ffff:192.0.2.1")]
    [InlineData("tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 && !udp || ip[0] & 0xf > 5")]
    [InlineData("icmp[icmptype] = icmp-timxceed and ip[2:2] >= 100 and len <= 0x64")]
    [InlineData("ip6 proto 17 and greater 60")]
    [InlineData("ip proto 4 or ip proto 47 or udp[8:4] >> 2 == 3")]
    [InlineData("geneve 7 and icmp")]
    [InlineData("ip multicast or ip6 multicast")]
    public void Filters_of_addresses_and_numbers_compile(string text) =>
        Assert.True(FilterText.TryCompile(text, out var filter, out var why) && filter.Text == text, why);

    [NeedsFact(Need.Libpcap)]
    public void A_filter_that_leaves_no_room_in_the_kernel_s_program_is_refused()
    {
        var text = string.Join(" or ", Enumerable.Range(1, 1000).Select(n => $"host 10.0.{n / 250}.{n % 250} and udp port {n}"));
        Assert.False(FilterText.TryCompile(text, out _, out var why));
        Assert.Contains("too long for the kernel", why, StringComparison.Ordinal);
    }
}
