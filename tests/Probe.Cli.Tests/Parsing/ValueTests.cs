using Probe.Cli.Parsing;

namespace Probe.Cli.Tests.Parsing;

public class ValueTests
{
    [Theory]
    [InlineData("500ms", 500_000_000, "500ms")]
    [InlineData("2s", 2_000_000_000, "2s")]
    [InlineData("1.5s", 1_500_000_000, "1500ms")]
    [InlineData("1m", 60_000_000_000, "1m")]
    [InlineData("90s", 90_000_000_000, "90s")]
    [InlineData("1h", 3_600_000_000_000, "1h")]
    [InlineData("250us", 250_000, "250us")]
    public void Durations_have_units(string text, long ns, string again)
    {
        Assert.True(Duration.TryParse(text, out var value, out var why), why);
        Assert.Equal(ns, value.Ns);
        Assert.Equal(again, value.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("1.2.3s")]
    [InlineData("-1s")]
    [InlineData("1 s")]
    [InlineData("1S")]
    [InlineData("0ms")]
    [InlineData("1e3s")]
    [InlineData("999999999h")]
    [InlineData("1,5s")]
    public void What_is_no_duration_is_refused_with_a_reason(string text)
    {
        Assert.False(Duration.TryParse(text, out _, out var why));
        Assert.NotEmpty(why);
    }

    [Theory]
    [InlineData("1000/s", 1000.0)]
    [InlineData("0.5/s", 0.5)]
    [InlineData("max", null)]
    public void Rates_are_packets_a_second_or_max(string text, double? perSecond)
    {
        Assert.True(Rate.TryParse(text, out var value, out var why), why);
        Assert.Equal(perSecond, value.PerSecond);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("46", 46)]
    [InlineData("0x2e", 46)]
    [InlineData("EF", 46)]
    [InlineData("cs5", 40)]
    [InlineData("af41", 34)]
    [InlineData("af13", 14)]
    public void Dscps_are_numbers_or_names(string text, byte expected)
    {
        Assert.True(Values.Dscp(text, out var value, out var why), why);
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("7", 7)]
    [InlineData("0x1F", 31)]
    [InlineData("0xffffffff", uint.MaxValue)]
    public void Marks_are_decimal_or_hexadecimal(string text, uint expected)
    {
        Assert.True(Values.Mark(text, out var value, out var why), why);
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("blue")]
    [InlineData("/proc/1/ns/net")]
    [InlineData("/var/run/a:b")]
    [InlineData("pid:42")]
    [InlineData("pid:1@0123abc")]
    [InlineData("container:0123abc")]
    [InlineData("pod:default/web-0")]
    public void Namespaces_have_six_forms(string text) => Assert.True(Values.Namespace(text, out _, out var why), why);

    [Theory]
    [InlineData("")]
    [InlineData("pid:0")]
    [InlineData("pid:x")]
    [InlineData("pid:1@")]
    [InlineData("container:")]
    [InlineData("pod:web-0")]
    [InlineData("pod:/web-0")]
    [InlineData("docker:web")]
    public void Other_forms_of_namespaces_are_refused(string text) => Assert.False(Values.Namespace(text, out _, out _));

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", null)]
    [InlineData("2001:DB8::1", "2001:db8::1", null)]
    [InlineData("[2001:db8::1]", "2001:db8::1", null)]
    [InlineData("fe80::1%eth0", "fe80::1", "eth0")]
    [InlineData("example.com", "", null)]
    [InlineData("example.com.", "", null)]
    [InlineData("_sip.bücher.example", "", null)]
    [InlineData("localhost", "", null)]
    public void Hosts_are_addresses_or_names(string text, string address, string? zone)
    {
        Assert.True(TargetName.TryParse(text, out var target, out var why), why);
        Assert.Equal(address, target.Address.ToString());
        Assert.Equal(zone, target.Zone);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a..b")]
    [InlineData("-a.example")]
    [InlineData("a b")]
    [InlineData("999.1.1.1")]
    [InlineData("1")]
    [InlineData("0x7f.1")]
    [InlineData("192.0.2.1%eth0")]
    [InlineData("2001:db8::1%eth0")]
    [InlineData("[example.com]")]
    [InlineData("example.com%eth0")]
    public void What_is_no_host_is_refused(string text) => Assert.False(TargetName.TryParse(text, out _, out _));
}
