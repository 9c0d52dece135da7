using Probe.Core.Probing;

namespace Probe.Core.Tests.Probing;

public class ProbeCookiesTests
{
    private static readonly ProbeCookies Cookies = new(Key(1));

    [Fact]
    public void Sixteen_bit_tags_differ_within_a_cycle_and_decode_to_their_residue()
    {
        var seen = new HashSet<(int Field, ushort Tag)>();
        for (var number = 1; number <= ProbeCookies.TagCycle; number++)
        {
            var (id, checksum, sequence) = (Cookies.IpId(number), Cookies.UdpChecksum(number), Cookies.IcmpSequence(number));
            Assert.NotEqual(0, id);
            Assert.NotEqual(0, checksum);
            Assert.True(seen.Add((0, id)) && seen.Add((1, checksum)) && seen.Add((2, sequence)), $"number {number} shares a tag");
            var residue = number % ProbeCookies.TagCycle;
            Assert.Equal(residue, Cookies.ResidueOfIpId(id));
            Assert.Equal(residue, Cookies.ResidueOfUdpChecksum(checksum));
            Assert.Equal(residue, Cookies.ResidueOfIcmpSequence(sequence));
        }

        Assert.Equal(-1, Cookies.ResidueOfIpId(0));
    }

    [Fact]
    public void Tcp_sequence_decodes_to_its_number()
    {
        var random = new Random(7);
        for (var i = 0; i < 100_000; i++)
        {
            var number = random.Next(1, int.MaxValue);
            Assert.Equal(number, Cookies.NumberOfTcpSequence(Cookies.TcpSequence(number)));
        }
    }

    [Fact]
    public void Another_key_gives_other_tags()
    {
        var other = new ProbeCookies(Key(2));
        var same = Enumerable.Range(1, 1000).Count(number =>
            Cookies.TcpSequence(number) == other.TcpSequence(number) || Cookies.IpId(number) == other.IpId(number));
        Assert.InRange(same, 0, 5);
    }

    [Fact]
    public void Stray_sequence_numbers_hardly_ever_decode_to_a_probe_that_was_sent()
    {
        var random = new Random(3);
        var hits = Enumerable.Range(0, 1_000_000).Count(_ => Cookies.NumberOfTcpSequence((uint)random.NextInt64(1L << 32)) is > 0 and <= 1000);

        // 1,000 of 2^32 values are right: 0.2 expected in a million.
        Assert.InRange(hits, 0, 5);
    }

    private static byte[] Key(int seed)
    {
        var key = new byte[ProbeCookies.KeyLength];
        new Random(seed).NextBytes(key);
        return key;
    }
}
