using System.Text;
using Probe.Core.Host;
using Probe.Core.Packets;

namespace Probe.Core.Tests.Host;

public class IpvsTableTests
{
    private const string Service = "-A -t 203.0.113.10:80 -s wlc\n";

    private static readonly string s_sample = File.ReadAllText(Path.Combine(Golden.Root, "tests/Probe.Cli.Tests/Golden/director.ipvs"));

    [Fact]
    public void A_director_s_whole_table_is_read()
    {
        Assert.True(IpvsTable.TryRead(s_sample, out var table, out var error), error);
        Assert.Equal(6, table.Services.Count);
        Assert.Equal([3, 4, 2, 2, 1, 1], table.Services.Select(service => service.Reals.Count));
        Assert.Equal(IpProtocol.Udp, table.Services[4].Protocol);
        Assert.Equal("firewall mark 1: a service by mark has no address to send to", Assert.Single(table.Skipped));
    }

    [Theory]
    [InlineData("-i", "ipip:10.0.0.1")]
    [InlineData("-i --tun-type ipip", "ipip:10.0.0.1")]
    [InlineData("-i --tun-type gue --tun-port 6080 --tun-nocsum", "gue:10.0.0.1")]
    [InlineData("-i --tun-type gue --tun-port 5555 --tun-csum", "gue:10.0.0.1:5555,csum")]
    [InlineData("--ipip --tun-type gue --tun-port 6080 --tun-remcsum", "gue:10.0.0.1,remcsum")]
    [InlineData("-i --tun-type gre --tun-csum", "gre:10.0.0.1,csum")]
    [InlineData("-i --tun-type gre --tun-nocsum", "gre:10.0.0.1")]
    public void A_tunnel_is_an_encapsulation(string words, string via)
    {
        Assert.True(IpvsTable.TryRead($"{Service}-a -t 203.0.113.10:80 -r 10.0.0.1:80 {words} -w 3\n", out var table, out var error), error);
        var real = Assert.Single(Assert.Single(table.Services).Reals);
        Assert.Equal((via, IpvsForwarding.Tunnel, 3), (EncapsulationText.Of(real.Tunnel!), real.Forwarding, real.Weight));
    }

    [Fact]
    public void Only_masquerading_has_a_port_of_its_own()
    {
        Assert.True(IpvsTable.TryRead($"{Service}-a -t 203.0.113.10:80 -r 10.0.0.1:8080 -m\n-a -t 203.0.113.10:80 -r 10.0.0.2:8080 -g\n", out var table, out _));
        Assert.Equal([(IpvsForwarding.Masquerade, 8080), (IpvsForwarding.Direct, 80)], table.Services[0].Reals.Select(real => (real.Forwarding, (int)real.Port)));
    }

    [Theory]
    [InlineData("hello\n", "line 1: 'hello' is not what ipvsadm -Sn writes: lines begin with -A or -a")]
    [InlineData("-A -t director:http -s wlc\n", "line 1: 'director:http' is no ADDRESS:PORT; save it with numbers, by ipvsadm -Sn")]
    [InlineData("-A -t 2001:db8::1:80 -s wlc\n", "line 1: '2001:db8::1:80' is no ADDRESS:PORT; save it with numbers, by ipvsadm -Sn")]
    [InlineData("-A -t 203.0.113.10:80\n\n-A -t 203.0.113.10:80\n", "line 3: this service stands there twice")]
    [InlineData("-a -t 203.0.113.10:80 -r 10.0.0.1:80 -i\n", "line 1: no line before it adds the service 203.0.113.10:80")]
    [InlineData(Service + "-a -t 203.0.113.10:80 -i\n", "line 2: it names no real server (-r)")]
    [InlineData(Service + "-a -t 203.0.113.10:80 -r 10.0.0.1:70000 -i\n", "line 2: '10.0.0.1:70000' is no ADDRESS:PORT; save it with numbers, by ipvsadm -Sn")]
    [InlineData(Service + "-a -t 203.0.113.10:80 -r 10.0.0.1:80 -i -w much\n", "line 2: 'much' is no weight")]
    [InlineData(Service + "-a -t 203.0.113.10:80 -r 10.0.0.1:80 -i --tun-type gue\n", "line 2: a GUE tunnel without --tun-port")]
    [InlineData(Service + "-a -t 203.0.113.10:80 -r 10.0.0.1:80 -i --tun-type sit\n", "line 2: 'sit' is no tunnel type: ipip, gue or gre")]
    [InlineData(Service + "-a -t 203.0.113.10:80 -r 10.0.0.1:80 -z\n", "line 2: '-z' is not known")]
    public void What_cannot_be_read_is_refused_with_its_line(string text, string expected)
    {
        Assert.False(IpvsTable.TryRead(text, out _, out var error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void Whatever_stands_there_it_is_read_or_refused()
    {
        var random = new Random(Seed.Value);
        var octets = Encoding.ASCII.GetBytes(s_sample);
        var lines = s_sample.Split('\n');
        for (var i = 0; i < 20_000; i++)
        {
            string text;
            if (i % 3 == 0)
            {
                // Words of any lines in any order.
                text = string.Join(i % 2 == 0 ? " " : "\n", Enumerable.Range(0, random.Next(12)).Select(_ => random.Next(3) == 0
                    ? lines[random.Next(lines.Length)]
                    : string.Join(' ', lines[random.Next(lines.Length)].Split(' ').OrderBy(_ => random.Next()).Take(random.Next(1, 9)))));
            }
            else
            {
                var mutated = octets.ToArray();
                for (var change = random.Next(1, 8); change > 0; change--)
                {
                    mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
                }

                text = Encoding.Latin1.GetString(mutated[..random.Next(mutated.Length)]);
            }

            var read = IpvsTable.TryRead(text, out var table, out var error);
            Assert.True(read ? table is not null : error is ['l', 'i', 'n', 'e', ' ', ..], $"seed {Seed.Value}: {text}");
        }
    }
}
