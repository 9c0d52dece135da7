using Probe.Core.Packets;
using static Probe.Core.Tests.Packets.IcmpErrors;
using static Probe.Core.Tests.Packets.Octets;

namespace Probe.Core.Tests.Packets;

/// <summary>Where a quote ends and extensions begin: RFC 4884 sections 4 and 5.</summary>
public class IcmpQuoteTests
{
    private static readonly byte[] Mpls = Hex(MplsStructure);

    [Theory]
    [InlineData(false, 60, 128)]   // padded with zeros to 128
    [InlineData(false, 128, 128)]
    [InlineData(false, 300, 128)]  // cut at 128
    [InlineData(false, 300, 200)]  // longer quotes
    [InlineData(false, 300, 300)]
    [InlineData(true, 60, 128)]
    [InlineData(true, 300, 200)]
    [InlineData(true, 304, 304)]
    public void With_a_length_field_extensions_follow_the_padded_quote(bool isV6, int size, int padded)
    {
        var probe = UdpProbe(isV6, size);
        var octets = TimeExceeded(isV6, padded / (isV6 ? 8 : 4), Resized(probe, padded), Mpls);
        AssertQuoteAndLabels(octets, isV6, probe[..Math.Min(size, padded)]);
    }

    [Theory]
    [InlineData(false, 60)]
    [InlineData(true, 64)]
    public void A_length_field_below_128_means_a_quote_counted_without_its_padding(bool isV6, int size)
    {
        var probe = UdpProbe(isV6, size);
        var octets = TimeExceeded(isV6, size / (isV6 ? 8 : 4), Resized(probe, 128), Mpls);
        AssertQuoteAndLabels(octets, isV6, probe);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_length_field_below_128_trims_a_quote_without_extensions(bool isV6)
    {
        var probe = UdpProbe(isV6, 96);
        AssertQuoteOnly(TimeExceeded(isV6, 64 / (isV6 ? 8 : 4), probe), isV6, probe[..64]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_length_field_beyond_the_body_leaves_the_quote_whole_and_means_no_extensions(bool isV6)
    {
        var probe = UdpProbe(isV6, 300);
        var body = Join(probe[..128], Mpls);
        AssertQuoteOnly(TimeExceeded(isV6, body.Length / (isV6 ? 8 : 4) + 1, body), isV6, body);
        AssertQuoteOnly(TimeExceeded(isV6, 255, body), isV6, body);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_length_field_equal_to_the_body_means_no_extensions(bool isV6)
    {
        var probe = UdpProbe(isV6, 136);
        AssertQuoteOnly(TimeExceeded(isV6, 136 / (isV6 ? 8 : 4), probe), isV6, probe);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 6)]
    [InlineData(true, 1)]
    [InlineData(true, 5)]
    public void A_length_field_without_room_for_an_IP_header_and_8_octets_is_not_believed(bool isV6, int field)
    {
        var probe = UdpProbe(isV6, 60);
        AssertQuoteOnly(TimeExceeded(isV6, field, probe), isV6, probe);
        AssertQuoteAndLabels(TimeExceeded(isV6, field, Resized(probe, 128), Mpls), isV6, probe);
    }

    [Theory]
    [InlineData(false, 60)]
    [InlineData(false, 300)]
    [InlineData(true, 60)]
    [InlineData(true, 300)]
    public void Without_a_length_field_extensions_are_found_at_128(bool isV6, int size)
    {
        var probe = UdpProbe(isV6, size);
        AssertQuoteAndLabels(TimeExceeded(isV6, 0, Resized(probe, 128), Mpls), isV6, probe[..Math.Min(size, 128)]);
    }

    [Theory]
    [InlineData(128)]
    [InlineData(131)]
    [InlineData(132)]
    [InlineData(200)]
    [InlineData(548)]
    public void Without_a_length_field_a_long_quote_is_no_extension(int length)
    {
        foreach (var isV6 in new[] { false, true })
        {
            var probe = UdpProbe(isV6, 600);
            AssertQuoteOnly(TimeExceeded(isV6, 0, probe[..length]), isV6, probe[..length]);
        }
    }

    [Fact]
    public void Without_a_length_field_payload_that_looks_like_a_header_without_checksum_is_no_extension()
    {
        var probe = UdpProbe(isV6: false, 300);
        Hex("20000000 00080101").CopyTo(probe, 128);
        AssertQuoteOnly(TimeExceeded(isV6: false, 0, probe), isV6: false, probe);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(32)]
    public void A_checksum_of_0_was_not_sent(int field)
    {
        var probe = UdpProbe(isV6: false, 60);
        var structure = Hex(MplsStructure);
        structure[2] = structure[3] = 0;
        AssertQuoteAndLabels(TimeExceeded(isV6: false, field, Resized(probe, 128), structure), isV6: false, probe);
    }

    [Theory]
    [InlineData(0, "200046d9 000c0101 03e84a01 49300101")] // checksum
    [InlineData(32, "200046d9 000c0101 03e84a01 49300101")]
    [InlineData(32, "200046d8 000c0101 03e84a01 49300102")] // an octet under it
    [InlineData(0, "100056d8 000c0101 03e84a01 49300101")] // version 1 with its right checksum
    [InlineData(32, "100056d8 000c0101 03e84a01 49300101")]
    [InlineData(32, "300036d8 000c0101 03e84a01 49300101")]
    [InlineData(32, "2000df")] // not even a header
    public void A_structure_that_is_not_valid_is_ignored_and_the_quote_stays(int field, string structure)
    {
        var probe = UdpProbe(isV6: false, 128);
        var octets = TimeExceeded(isV6: false, field, probe, Hex(structure));

        // The probe of 128 octets ends there; without a length field nobody can tell what follows it.
        AssertQuoteOnly(octets, isV6: false, field == 0 ? Join(probe, Hex(structure)) : probe);
    }

    [Fact]
    public void A_structure_without_objects_is_valid_and_empty()
    {
        var octets = TimeExceeded(isV6: false, 32, Resized(UdpProbe(isV6: false, 60), 128), Hex("2000dfff"));
        Assert.True(IcmpMessage.TryRead(octets, isV6: false, out var message));
        Assert.True(message.TryReadExtensions(out var extensions));
        Assert.Empty(extensions.Mpls);
        Assert.Empty(extensions.Interfaces);
    }

    [Theory]
    [InlineData(false, 3, true)]
    [InlineData(false, 11, true)]
    [InlineData(false, 12, true)]
    [InlineData(false, 4, false)]
    [InlineData(false, 5, false)]
    [InlineData(false, 0, false)]
    [InlineData(false, 8, false)]
    [InlineData(true, 1, true)]
    [InlineData(true, 3, true)]
    [InlineData(true, 2, false)]
    [InlineData(true, 4, false)]
    [InlineData(true, 128, false)]
    public void Only_the_types_of_RFC_4884_carry_extensions(bool isV6, byte type, bool carries)
    {
        foreach (var field in new[] { 0, isV6 ? 16 : 32 })
        {
            var octets = Error(isV6, type, 0, field, Resized(UdpProbe(isV6, 60), 128), Mpls);
            Assert.True(IcmpMessage.TryRead(octets, isV6, out var message));
            Assert.Equal(carries, message.TryReadExtensions(out var extensions));
            Assert.Equal(carries ? 2 : 0, extensions.Mpls.Length);
        }
    }

    [Fact]
    public void A_frag_needed_carries_its_MTU_beside_the_length_field()
    {
        var probe = UdpProbe(isV6: false, 300);
        var octets = Error(isV6: false, 3, 4, 32, probe[..128], Mpls);
        Hex("05dc").CopyTo(octets, 6);
        AssertQuoteAndLabels(octets, isV6: false, probe[..128]);
        Assert.True(IcmpMessage.TryRead(octets, isV6: false, out var message));
        Assert.Equal(1500u, message.Mtu);
    }

    [Fact]
    public void Zeros_are_padding_only_beyond_the_length_of_the_quoted_packet()
    {
        var probe = UdpProbe(isV6: false, 120);
        probe.AsSpan(60).Clear();
        AssertQuoteOnly(TimeExceeded(isV6: false, 0, Resized(probe, 160)), isV6: false, probe);
    }

    [Fact]
    public void A_quoted_length_that_lies_costs_no_quoted_octet()
    {
        var probe = UdpProbe(isV6: false, 100);
        probe[3] = 80; // lessened by the header
        AssertQuoteOnly(TimeExceeded(isV6: false, 0, probe), isV6: false, probe);
    }

    [Fact]
    public void A_message_cut_at_any_length_gives_no_more_than_was_there()
    {
        foreach (var isV6 in new[] { false, true })
        {
            foreach (var field in new[] { 0, isV6 ? 17 : 34 })
            {
                var probe = UdpProbe(isV6, 300);
                var padded = field == 0 ? 128 : 136;
                var whole = TimeExceeded(isV6, field, probe[..padded], Mpls);
                for (var length = 8; length < whole.Length; length++)
                {
                    Assert.True(IcmpMessage.TryRead(whole.AsSpan(0, length), isV6, out var message));
                    Assert.False(message.TryReadExtensions(out _), $"v6 {isV6}, field {field}, length {length}");
                    Assert.True(message.Quote.StartsWith(probe.AsSpan(0, Math.Min(length - 8, padded))), $"v6 {isV6}, field {field}, length {length}");
                    Assert.True(message.Quote.Length <= length - 8);
                }
            }
        }
    }

    private static void AssertQuoteAndLabels(byte[] octets, bool isV6, byte[] quote)
    {
        Assert.True(IcmpMessage.TryRead(octets, isV6, out var message));
        Assert.Equal(quote, message.Quote);
        Assert.True(message.TryReadExtensions(out var extensions));
        Assert.Equal(MplsLabels, extensions.Mpls);
        Assert.Empty(extensions.Interfaces);
    }

    private static void AssertQuoteOnly(byte[] octets, bool isV6, byte[] quote)
    {
        Assert.True(IcmpMessage.TryRead(octets, isV6, out var message));
        Assert.Equal(quote, message.Quote);
        Assert.False(message.TryReadExtensions(out var extensions));
        Assert.Empty(extensions.Mpls);
        Assert.Empty(extensions.Interfaces);
    }
}
