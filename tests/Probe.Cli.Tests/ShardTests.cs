using System.Globalization;
using Probe.Cli.Parsing;

namespace Probe.Cli.Tests;

public class ShardTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(64)]
    public void Parts_are_disjoint_whole_and_even(int parts)
    {
        const int Hosts = 20_000;
        var counts = new int[parts];
        for (var host = 0; host < Hosts; host++)
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"10.{host >> 8}.{host & 255}.1");
            var holders = Enumerable.Range(1, parts).Where(part => new Shard(part, parts).Holds(text)).ToList();
            counts[Assert.Single(holders) - 1]++;
        }

        // Five standard deviations of a fair draw.
        var (mean, allowed) = ((double)Hosts / parts, 5 * Math.Sqrt((double)Hosts / parts));
        Assert.All(counts, count => Assert.InRange(count, mean - allowed, mean + allowed));
    }

    [Fact]
    public void A_target_stays_in_its_part_for_ever()
    {
        // Machines of different versions share a list: these may never change.
        string[] hosts = ["example.com", "192.0.2.1", "2001:db8::1", "bücher.example"];
        Assert.Equal([7, 2, 1, 8], hosts.Select(host => Enumerable.Range(1, 10).Single(part => new Shard(part, 10).Holds(host))));
    }

    [Theory]
    [InlineData("1/1", true)]
    [InlineData("8/8", true)]
    [InlineData("0/8", false)]
    [InlineData("9/8", false)]
    [InlineData("1", false)]
    [InlineData("1/", false)]
    [InlineData("-1/2", false)]
    [InlineData("a/b", false)]
    public void K_of_N_is_read(string text, bool good) => Assert.Equal(good, Shard.TryParse(text, out _, out _));
}
