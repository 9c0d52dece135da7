using Probe.Core.Packets;
using static Probe.Core.Tests.Packets.Octets;

namespace Probe.Core.Tests.Packets;

public class ChecksumTests
{
    [Fact]
    public void The_example_of_RFC_1071_section_3_sums_to_ddf2()
    {
        var data = Hex("0001 f203 f4f5 f6f7");
        Assert.Equal(0xddf2, Checksum.Fold(Checksum.Sum(data)));
        Assert.Equal(0x220d, Checksum.Of(data));
    }

    [Theory]
    [InlineData("", 0xffff)]
    [InlineData("ff", 0x00ff)]
    [InlineData("0000", 0xffff)]
    [InlineData("ffff", 0x0000)]
    [InlineData("ffff ffff ffff ffff ffff", 0x0000)]
    [InlineData("ffff 0001", 0xfffe)]
    public void Edges_of_ones_complement(string data, int expected) => Assert.Equal(expected, Checksum.Of(Hex(data)));

    [Fact]
    public void Every_length_and_alignment_agrees_with_adding_word_by_word()
    {
        var random = new Random(Seed.Value);
        var buffer = new byte[1600];
        random.NextBytes(buffer);
        for (var offset = 0; offset < 9; offset++)
        {
            for (var length = 0; length < 1500; length++)
            {
                var data = buffer.AsSpan(offset, length);
                Assert.True(WordByWord(data) == Checksum.Fold(Checksum.Sum(data)), $"offset {offset}, length {length}, PROBE_SEED={Seed.Value}");
            }
        }
    }

    [Fact]
    public void The_largest_packet_of_ones_does_not_overflow() =>
        Assert.Equal(0xffff, Checksum.Fold(Checksum.Sum(Enumerable.Repeat((byte)0xff, 65534).ToArray())));

    [Fact]
    public void A_sum_over_even_parts_is_the_sum_over_the_whole()
    {
        var random = new Random(Seed.Value);
        var data = new byte[999];
        random.NextBytes(data);
        var whole = Checksum.Of(data);
        for (var cut = 0; cut < data.Length; cut += 2)
        {
            Assert.Equal(whole, Checksum.Finish(Checksum.Sum(data.AsSpan(cut), Checksum.Sum(data.AsSpan(0, cut)))));
        }
    }

    [Fact]
    public void Any_seed_is_folded_in() =>
        Assert.Equal(Checksum.Fold(uint.MaxValue), Checksum.Fold(Checksum.Sum([], uint.MaxValue)));

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.2", "c0000201 c0000202 0011 000c", 17, 12)]
    [InlineData("255.255.255.255", "255.255.255.255", "ffffffff ffffffff 00ff ffff", 255, 65535)]
    [InlineData("2001:db8::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "20010db8000000000000000000000001 ffffffffffffffffffffffffffffffff 00012345 0000003a", 58, 0x12345)]
    public void A_pseudo_header_sums_like_its_octets(string source, string destination, string octets, byte protocol, int length)
    {
        var sum = Checksum.PseudoHeader(IpAddress.Parse(source), IpAddress.Parse(destination), protocol, length);
        Assert.Equal(WordByWord(Hex(octets)), Checksum.Fold(sum));
    }

    private static ushort WordByWord(ReadOnlySpan<byte> data)
    {
        var sum = 0;
        for (var i = 0; i < data.Length; i += 2)
        {
            sum += data[i] << 8 | (i + 1 < data.Length ? data[i + 1] : 0);
            sum = sum > 0xffff ? sum - 0xffff : sum;
        }

        return (ushort)sum;
    }
}
