using System.Text;
using Probe.Cli.Names;
using Probe.Core.Packets;

namespace Probe.Cli.Tests.Names;

public class AsNumberTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("192.0.2.7", "AS64501 Inner net")]
    [InlineData("192.0.2.127", "AS64501 Inner net")]
    [InlineData("192.0.2.128", "AS64500 Outer")]
    [InlineData("192.0.2.64", "AS64502")]
    [InlineData("192.0.3.255", "AS64500 Outer")]
    [InlineData("192.0.4.0", null)]
    [InlineData("191.255.255.255", null)]
    [InlineData("2001:db8:1::1", "AS4200000000 Six")]
    [InlineData("2001:db8:2::1", null)]
    [InlineData("::1", null)]
    public void The_longest_prefix_wins(string address, string? origin)
    {
        var table = Table("""
            # prefix  asn  name
            192.0.2.0/25   AS64501	Inner net 
            192.0.2.0/23 64500 Outer

            192.0.2.64 as64502
            192.0.2.64/32 64999 second line of the same prefix
              2001:db8:1::/48 4200000000 Six
            """);

        Assert.Equal(origin, Text(table.Of(IpAddress.Parse(address))));
    }

    [Fact]
    public void A_large_table_says_what_a_plain_search_says()
    {
        var random = new Random(Seed.Value);
        var (lines, prefixes) = (new StringBuilder(), new List<(uint Start, int Length, uint Number)>());
        for (uint number = 1; number <= 3000; number++)
        {
            // Few bits, so that prefixes nest.
            var length = random.Next(0, 17);
            var start = length == 0 ? 0 : (uint)random.Next(0x10000) << 16 & uint.MaxValue << (32 - length);
            lines.Append(IpAddress.FromV4(start)).Append('/').Append(length).Append(' ').Append(number).Append('\n');
            prefixes.Add((start, length, number));
        }

        var table = Table(lines.ToString());
        for (var i = 0; i < 5000; i++)
        {
            var address = (uint)random.NextInt64(0x1_0000_0000);
            var expected = prefixes.Where(prefix => prefix.Length == 0 || (address ^ prefix.Start) >> (32 - prefix.Length) == 0).OrderByDescending(prefix => prefix.Length).Select(prefix => prefix.Number).FirstOrDefault();
            Assert.Equal(expected, table.Of(IpAddress.FromV4(address))?.Number ?? 0);
        }
    }

    [Theory]
    [InlineData("192.0.2.0/33 1 x", "'192.0.2.0/33' is not a prefix")]
    [InlineData("192.0.2.0/-1 1 x", "'192.0.2.0/-1' is not a prefix")]
    [InlineData("192.0.2.1/24 1 x", "'192.0.2.1/24' has bits set behind its length")]
    [InlineData("example 1 x", "'example' is not a prefix")]
    [InlineData("192.0.2.0/24", "it has no AS number")]
    [InlineData("192.0.2.0/24 x", "'x' is not an AS number")]
    [InlineData("192.0.2.0/24 0 none", "'0' is not an AS number")]
    [InlineData("192.0.2.0/24 4294967296 x", "'4294967296' is not an AS number")]
    public void A_wrong_line_is_refused_with_its_number(string line, string says)
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "as.txt");
        File.WriteAllText(file, $"# first\n198.51.100.0/24 1 ok\n{line}\n");
        var ended = Child.RunProbe("trace", "no-such.invalid", "--asn-file", file);

        Assert.True(ended.Status == 2, ended.ToString());
        Assert.StartsWith($"probe: {file} line 3: {says}; a line is PREFIX ASN NAME", Assert.Single(ended.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_that_cannot_be_read_is_exit_3()
    {
        var ended = Child.RunProbe("trace", "no-such.invalid", "--asn-file", "/no/such/table");

        Assert.Equal(3, ended.Status);
        Assert.Equal("probe: cannot read /no/such/table: no such file", Assert.Single(ended.ErrorLines));
    }

    [NeedsFact(Need.Root)]
    public void A_trace_shows_the_systems_of_a_table()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "as.txt");
        File.WriteAllText(file, "127.0.0.0/8 64500 Loop net\n");
        var ended = Child.RunProbe("trace", "127.0.0.1", "-n", "-c", "1", "--json", "--asn-file", file);

        Assert.True(ended.Status == 0, ended.ToString());
        Assert.Contains("\"asn\": 64500", ended.Output, StringComparison.Ordinal);
        Assert.Contains("\"asName\": \"Loop net\"", ended.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Dns_is_asked_for_the_origin_and_then_for_its_name()
    {
        using var server = new FakeNameServer();
        server.Texts["8.8.8.8.origin.asn.cymru.com"] = ["15169 | 8.8.8.0/24 | US | arin | 2023-12-28"];
        server.Texts["AS15169.asn.cymru.com"] = ["15169 | US | arin | 2000-03-30 | GOOGLE - Google LLC, US"];
        server.Texts["8.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.8.4.0.6.8.4.1.0.0.2.origin6.asn.cymru.com"] = ["64496 15169 | 2001:4860::/32 | US | arin | 2005-03-14"];
        using var systems = new AsNumbers(null, Zone(server));
        var trace = PathSamples.Of("10.0.0.1 8.8.8.8 2001:4860:4860::88 9.9.9.9 203.0.113.9");
        foreach (var node in trace.Hops.SelectMany(hop => hop.Nodes))
        {
            systems.AskUnlessKnown(IpAddress.Parse(node.Address));
        }

        Assert.True(systems.Wait(Long, CancellationToken.None));
        Assert.Null(systems.Missing(waited: true));
        Assert.Equal([null, "AS15169 GOOGLE - Google LLC, US", "AS64496", null, null],
            systems.Annotate(trace).Hops.Select(hop => hop.Nodes[0].Asn is { } number ? $"AS{number} {hop.Nodes[0].AsName}".TrimEnd() : null));

        // What belongs to nobody in particular is nobody's business.
        Assert.DoesNotContain(server.Asked, name => name.StartsWith("1.0.0.10.", StringComparison.Ordinal) || name.StartsWith("9.113.", StringComparison.Ordinal));
    }

    [Fact]
    public void A_table_goes_before_dns()
    {
        using var server = new FakeNameServer();
        using var systems = new AsNumbers(Table("8.8.8.0/24 64500 Ours"), Zone(server));
        systems.AskUnlessKnown(IpAddress.Parse("8.8.8.8"));

        Assert.True(systems.Wait(Long, CancellationToken.None));
        Assert.Empty(server.Asked);
        Assert.Equal(64500, systems.Annotate(PathSamples.Of("8.8.8.8")).Hops[0].Nodes[0].Asn);
    }

    [Fact]
    public void Silent_name_servers_cost_no_more_than_the_wait_and_are_named()
    {
        using var hold = new ManualResetEventSlim();
        using var systems = new AsNumbers(null, new OriginZone(_ => { hold.Wait(); return null; }));
        systems.AskUnlessKnown(IpAddress.Parse("8.8.8.8"));

        var waited = systems.Wait(TimeSpan.FromMilliseconds(50), CancellationToken.None);
        Assert.False(waited);
        Assert.Contains("no name server answered", systems.Missing(waited)!.Why, StringComparison.Ordinal);
        hold.Set();
        Assert.True(systems.Wait(Long, CancellationToken.None));
        Assert.NotNull(systems.Missing(waited: true));
    }

    private static OriginZone Zone(FakeNameServer server) => new(new NameServers([server.Address], Long).TextsOf);

    private static PrefixTable Table(string text) => PrefixTable.Parse(new StringReader(text), "table");

    private static string? Text(AsOrigin? origin) => origin is null ? null : $"AS{origin.Number} {origin.Name}".TrimEnd();
}
