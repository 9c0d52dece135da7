using Probe.Cli.Frame;
using Probe.Cli.Output;
using Probe.Core.Linux.Files;

namespace Probe.Cli.Tests;

public class UsageTests
{
    [Theory]
    [InlineData("mtu", "HOST is missing; see 'probe mtu --help'")]
    [InlineData("mtu h --icmp -p 80", "ICMP has no ports: give --udp or --tcp with -p 80")]
    [InlineData("mtu h --icmp --udp", "--icmp and --udp contradict each other")]
    [InlineData("mtu h --expect 0", "--expect '0' is not a whole number from 1 to 65535")]
    [InlineData("mtu h --each-real", "--each-real needs the list of the real servers: give --targets-from ipvs:FILE")]
    [InlineData("mtu h --payload tls", "--payload is what --tcp-upload and --tcp-stall send")]
    [InlineData("mtu h --tcp-upload -p 7000", "7000")]
    [InlineData("mtu h --tcp-download", "--tcp-download is answered only by probe mtu --responder PORT")]
    [InlineData("mtu h --tcp-upload --udp", "--tcp-upload, --tcp-download and --tcp-stall are about TCP: leave out --udp")]
    [InlineData("mtu h --tcp-stall --via ipip:192.0.2.1", "they take one host, and no tunnel of the probes")]
    [InlineData("mtu a b --pcap f.pcapng", "--pcap is for one host")]
    [InlineData("mtu h --responder 7000", "--responder waits for the far end to connect: leave HOST out")]
    [InlineData("mtu h --via gue", "--via 'gue'")]
    [InlineData("trace", "HOST is missing")]
    [InlineData("tracee h", "unknown command 'tracee': did you mean trace?")]
    [InlineData("trace --jsn h", "unknown option --jsn: did you mean --json?")]
    [InlineData("trace --jsn", "unknown option --jsn: did you mean --json?")]
    [InlineData("trace h --no-such=5", "unknown option --no-such")]
    [InlineData("trace h --via ipip", "--via 'ipip' names no tunnel end: write ipip:ADDR")]
    [InlineData("trace h --via gue:real1", "--via 'gue:real1' has 'real1' for the tunnel's end, which is not an address: names are not taken here")]
    [InlineData("trace h --via gue:192.0.2.1 --via vxlan:192.0.2.2", "--via 'vxlan:192.0.2.2' has no VNI: write vxlan:192.0.2.2/VNI")]
    [InlineData("trace h --via gue:192.0.2.1,remcsum --via ipip:192.0.2.2", "only the last --via, the innermost, can have remcsum")]
    [InlineData("trace h --via", "--via needs a value (ENCAP)")]
    [InlineData("trace a b --ecmp --via ipip:192.0.2.1", "--ecmp is for one host")]
    [InlineData("trace h --unprivileged --via ipip:192.0.2.1", "--via needs raw sockets: leave out --unprivileged")]
    [InlineData("trace h --sweep outer", "--sweep says which TTL of a tunnel's packets is swept: add --via")]
    [InlineData("trace h --via ipip:192.0.2.1 --sweep both", "--sweep 'both' is unknown: use inner or outer")]
    [InlineData("trace h --via gue:192.0.2.1 -s 65510", "--size 65510 is too large: --via adds 32 octets")]
    [InlineData("trace --version", "unknown option --version")]
    [InlineData("--json doctor", "write probe doctor --json")]
    [InlineData("trace a b --dot", "--dot is for one host")]
    [InlineData("trace a b --svg p.svg", "--svg is for one host")]
    [InlineData("trace a b --flows 2", "--flows is for one host")]
    [InlineData("trace a b c:80", "HOST 'c:80' has a port")]
    [InlineData("trace a --shard 1/2", "--shard takes a part of a list")]
    [InlineData("trace a b --shard 3/2", "--shard '3/2' is not a part: write K/N")]
    [InlineData("trace -4 192.0.2.1 ::1", "::1 is not an IPv4 address: leave out -4")]
    [InlineData("trace 192.0.2.1 fe80::1%eth0", "write --interface eth0")]
    [InlineData("trace -F /dev/null", "no hosts in /dev/null")]
    [InlineData("report a b c --jsn", "unknown option --jsn")]
    [InlineData("doctor now", "unexpected 'now': probe doctor takes no arguments")]
    [InlineData("trace h -p", "-p needs a value")]
    [InlineData("trace h --udp -p 70000", "-p '70000' is not a port: use 1 to 65535")]
    [InlineData("trace h --udp --port=0", "--port '0' is not a port")]
    [InlineData("trace h --udp -p -5", "-p '-5' is not a port")]
    [InlineData("trace h -p 80", "ICMP has no ports: give --udp or --tcp with -p 80")]
    [InlineData("trace h --timeout 5", "--timeout '5' has no unit: write 5s or 5ms")]
    [InlineData("trace h --deadline soon", "is not a duration: use a number with a unit")]
    [InlineData("trace h -i 0s", "it must be more than 0")]
    [InlineData("trace h --dscp 64", "--dscp '64' is not a DSCP: use 0 to 63")]
    [InlineData("trace h --mark 0x1ffffffff", "is not a mark")]
    [InlineData("trace h --rate 100", "--rate '100' has no unit: write 100/s")]
    [InlineData("trace h --source example.com", "is not an IPv4 or IPv6 address")]
    [InlineData("trace h --interface a/b", "is not the name of an interface")]
    [InlineData("trace h --netns pid:self", "is not a network namespace")]
    [InlineData("trace h --pcap -", "is not a file")]
    [InlineData("trace h --pcap /no/such/place/f.pcapng", "in a directory that does not exist")]
    [InlineData("trace h --filter icmp", "--filter says which packets --pcap writes: add --pcap FILE, or leave --filter out")]
    [InlineData("check h:80 --filter icmp", "--filter says which packets --pcap writes")]
    [InlineData("trace h -c 3 -c 4", "-c is given more than once")]
    [InlineData("trace h -c 0", "is not a whole number from 1 on")]
    [InlineData("trace h -m 256", "is not a whole number from 1 to 255")]
    [InlineData("trace h -f 9 -m 3", "--first-ttl 9 is above --max-ttl 3")]
    [InlineData("trace h -s 20", "--size 20 is too small for ICMP: a probe takes 30 octets at least")]
    [InlineData("trace ::1 --tcp -s 59", "--size 59 is too small for TCP: a probe takes 60 octets at least")]
    [InlineData("trace -4 -6 h", "-4 and -6 contradict each other")]
    [InlineData("trace -46 h", "-4 and -6 contradict each other")]
    [InlineData("trace -4 ::1", "::1 is not an IPv4 address: leave out -4")]
    [InlineData("trace 127.0.0.1 --source ::1", "--source ::1 is not an IPv4 address")]
    [InlineData("trace h --udp --tcp", "--udp and --tcp contradict each other")]
    [InlineData("trace h --ecmp --flows 8", "--ecmp finds out by itself how many flows it needs: leave --flows out")]
    [InlineData("trace h --confidence 99", "--confidence belongs to --ecmp: add it, or leave --confidence out")]
    [InlineData("trace h --max-probes 100", "--max-probes belongs to --ecmp")]
    [InlineData("trace h --confidence-scope hop", "--confidence-scope belongs to --ecmp")]
    [InlineData("trace h --ecmp --confidence 100", "--confidence '100' is no such percentage: use a number above 0 and below 100")]
    [InlineData("trace h --ecmp --confidence 0", "--confidence '0' is no such percentage")]
    [InlineData("trace h --ecmp --confidence NaN", "--confidence 'NaN' is no such percentage")]
    [InlineData("trace h --ecmp --confidence 99,9", "--confidence '99,9' is no such percentage")]
    [InlineData("trace h --ecmp --confidence-scope node", "--confidence-scope 'node' is neither hop nor graph")]
    [InlineData("trace h --ecmp --max-probes 0", "is not a whole number from 1 on")]
    [InlineData("trace h --ecmp --icmp -p 80", "ICMP has no ports")]
    [InlineData("trace h --json --csv", "--json and --csv contradict each other")]
    [InlineData("trace h --dot --mermaid", "--dot and --mermaid contradict each other")]
    [InlineData("trace h --paste --report", "--report and --paste contradict each other")]
    [InlineData("trace h --svg -", "--svg '-' is not a file")]
    [InlineData("trace h --svg /no/such/place/p.svg", "in a directory that does not exist")]
    [InlineData("trace h --asn-file -", "--asn-file '-' is not a file")]
    [InlineData("trace @hosts", "is not a host")]
    [InlineData("trace h:443", "has a port: write the host alone, and the port as -p 443")]
    [InlineData("trace 192.0.2.0/24", "ranges are not probed")]
    [InlineData("trace https://example.com/", "is a URL")]
    [InlineData("trace 1.2.3", "is not a host")]
    [InlineData("trace 0x7f000001", "is not a host")]
    [InlineData("trace -- -h", "is not a host")]
    [InlineData("report", "BUNDLE is missing")]
    [InlineData("check", "HOST:PORT is missing")]
    [InlineData("check h", "has no port: write h:PORT, or check the host with --icmp")]
    [InlineData("check h:70000", "has '70000' for a port, which is not a port")]
    [InlineData("check 2001:db8::1:80", "write an IPv6 address in brackets")]
    [InlineData("check http://h/", "is a URL: write HOST:PORT")]
    [InlineData("check 192.0.2.0/24:80", "ranges are not probed")]
    [InlineData("check h:80 --icmp", "has a port, and ICMP knows none")]
    [InlineData("check h:80 --engine own", "--engine 'own' is unknown: use sockets or raw")]
    [InlineData("check h:80 --engine raw --connect", "--engine raw makes half-open checks, --icmp and --udp only")]
    [InlineData("check h:80 --allow-conntrack-fill", "--allow-conntrack-fill is for --engine raw")]
    [InlineData("check h:80 --via tcp:192.0.2.1", "--via 'tcp:192.0.2.1'")]
    [InlineData("check h:80 --syn --connect", "--syn and --connect contradict each other")]
    [InlineData("check h:80 --udp --tls", "--udp and --tls contradict each other")]
    [InlineData("check h:80 --http / --send x", "--http and --send contradict each other")]
    [InlineData("check h:80 --http x", "is not a path: begin with /")]
    [InlineData("check h:80 --sni x", "give --tls or --http with it")]
    [InlineData("check h:80 --allow-silence", "--allow-silence is for --udp")]
    [InlineData("check h:80 --expect re:(", "is not a regular expression")]
    [InlineData("check h:80 --send \\q", "has an escape that means nothing")]
    [InlineData("check h:80 --expect-state refused --tls", "--expect-state refused is about a reset")]
    [InlineData("check h:80 --expect-state down", "is unknown: use up or refused")]
    [InlineData("check h:80 --fail some", "is unknown: use last or any or all")]
    [InlineData("check h:80 --json --ndjson", "--json and --ndjson contradict each other")]
    [InlineData("check -4 192.0.2.1:80 [::1]:80", "[::1] is not an IPv4 address: leave out -4")]
    [InlineData("check h:80 [fe80::1%eth0]:80", "give --interface eth0")]
    [InlineData("check -F /dev/null", "there is no target in the file")]
    public void Wrong_usage_is_refused_in_one_line_that_says_why(string line, string says)
    {
        var arguments = line.Split(' ');
        using var results = StandardStream.ForResults();
        var context = new CommandContext(arguments, results, new Messages(StandardStream.ForMessages()), CancellationToken.None);

        // In this process: a hundred starts of the program would show nothing more.
        var error = Assert.ThrowsAny<UserError>(() => CommandTree.Run(arguments, context));
        Assert.Equal(ExitStatus.Usage, error.Status);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("tracee h", "unknown command 'tracee': did you mean trace?")]
    [InlineData("mtu", "HOST is missing; see 'probe mtu --help'")]
    [InlineData("trace --jsn h", "unknown option --jsn: did you mean --json?")]
    [InlineData("check h", "has no port: write h:PORT, or check the host with --icmp")]
    [InlineData("report", "BUNDLE is missing")]
    [InlineData("doctor now", "unexpected 'now': probe doctor takes no arguments")]
    public void Wrong_usage_is_one_line_on_stderr_and_exit_2(string line, string says)
    {
        var ended = Child.RunProbe(line.Split(' '));

        Assert.True(ended.Status == 2, ended.ToString());
        Assert.Equal("", ended.Output);
        var error = Assert.Single(ended.ErrorLines);
        Assert.StartsWith("probe: ", error, StringComparison.Ordinal);
        Assert.Contains(says, error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_user_typed_cannot_drive_the_terminal_or_break_the_line()
    {
        var ended = Child.RunProbe("trace", "host\n\e]0;title\a");

        Assert.Equal(2, ended.Status);
        Assert.DoesNotContain('\e', Assert.Single(ended.ErrorLines));
    }

    [Theory]
    [InlineData("--help", "Usage: probe COMMAND", "probe trace example.com")]
    [InlineData("", "Usage: probe COMMAND", "doctor")]
    [InlineData("help trace", "Usage: probe trace [OPTIONS] HOST", "-p, --port N")]
    [InlineData("trace -h", "Usage: probe trace [OPTIONS] HOST", "Examples:\n  probe trace ")]
    [InlineData("trace example.com --udp --help", "Usage: probe trace [OPTIONS] HOST", "--netns NS")]
    [InlineData("report --help", "Usage: probe report [OPTIONS] BUNDLE…", "probe report -")]
    [InlineData("doctor --help", "Usage: probe doctor [OPTIONS]", "--json")]
    public void Help_goes_to_stdout_and_ends_0(string line, params string[] holds)
    {
        var ended = Child.RunProbe(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.True(ended.Status == 0, ended.ToString());
        Assert.Equal("", ended.Error);
        Assert.All(holds, text => Assert.Contains(text, ended.Output, StringComparison.Ordinal));
        Assert.All(ended.Output.Split('\n'), l => Assert.InRange(l.Length, 0, 100));
    }

    [Fact]
    public void Version_is_one_line()
    {
        var ended = Child.RunProbe("--version");

        Assert.Equal(0, ended.Status);
        Assert.Matches(@"\Aprobe \d+\.\d+\.\d+\n\z", ended.Output);
    }

    [Theory]
    [InlineData("no/such/file", "cannot read no/such/file: no such file")]
    [InlineData("/", "cannot read /: it is a directory")]
    [InlineData("/dev/null", "cannot read /dev/null: ")]
    public void A_document_that_cannot_be_read_is_exit_3(string path, string says)
    {
        var ended = Child.RunProbe("report", path);

        Assert.True(ended.Status == 3, ended.ToString());
        Assert.StartsWith("probe: " + says, Assert.Single(ended.ErrorLines), StringComparison.Ordinal);
    }
}
