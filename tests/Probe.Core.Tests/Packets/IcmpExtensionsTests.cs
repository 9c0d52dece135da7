using Probe.Core.Packets;
using static Probe.Core.Tests.Packets.IcmpErrors;
using static Probe.Core.Tests.Packets.Octets;

namespace Probe.Core.Tests.Packets;

/// <summary>The objects of an extension structure: RFC 4884 section 8, RFC 4950, RFC 5837.</summary>
public class IcmpExtensionsTests
{
    private const string InterfaceStructure = "20001270 0020028f 00000007 00010000c0000209 0c67652d302f302f31000000 000005dc";

    private static readonly InterfaceInformation Interface = new(2, 7, IpAddress.Parse("192.0.2.9"), "ge-0/0/1", 1500);

    [Fact]
    public void Labels_are_written_octet_by_octet() =>
        Assert.Equal(Hex(MplsStructure), Written(new IcmpExtensions { Mpls = [.. MplsLabels] }));

    [Fact]
    public void An_interface_is_written_octet_by_octet() =>
        Assert.Equal(Hex(InterfaceStructure), Written(new IcmpExtensions { Interfaces = [Interface] }));

    [Fact]
    public void Labels_keep_their_order_and_their_bits()
    {
        var extensions = Read(Structure("00140101 fffffffe 00000fff 000011ff 80000000"));
        Assert.Equal((MplsLabel[])[new(0xfffff, 7, true, 0xfe), new(0, 7, true, 0xff), new(1, 0, true, 0xff), new(0x80000, 0, false, 0)], extensions.Mpls);
    }

    [Fact]
    public void Labels_of_several_objects_follow_each_other() =>
        Assert.Equal(MplsLabels, Read(Structure("00080101 03e84a01 00080101 49300101")).Mpls);

    [Fact]
    public void Objects_of_other_classes_and_types_are_passed_over()
    {
        var extensions = Read(Structure("00080301 aabbccdd 00040909 00080102 ffffffff 000c0101 03e84a01 49300101"));
        Assert.Equal(MplsLabels, extensions.Mpls);
        Assert.Empty(extensions.Interfaces);
    }

    [Theory]
    [InlineData("0000 0101 03e84a01")]
    [InlineData("0003 0101 03e84a01")]
    [InlineData("ffff 0101 03e84a01")]
    [InlineData("000c 0101 03e84a01")]
    [InlineData("0008 01")]
    public void An_object_of_an_impossible_length_ends_the_reading_and_what_stood_before_stays(string malformed) =>
        Assert.Equal(MplsLabels, Read(Structure("000c0101 03e84a01 49300101" + malformed)).Mpls);

    [Fact]
    public void Octets_that_fill_no_label_are_no_label() =>
        Assert.Equal((MplsLabel[])[MplsLabels[0]], Read(Structure("000b0101 03e84a01 493001")).Mpls);

    public static TheoryData<int, string> Parts
    {
        get
        {
            var data = new TheoryData<int, string>();
            for (var bits = 0; bits < 16; bits++)
            {
                data.Add(bits, "192.0.2.9");
                data.Add(bits, "2001:db8::9");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Parts))]
    public void Every_combination_of_parts_and_role_is_read_as_RFC_5837_lays_it_out(int bits, string address)
    {
        var octets = address.Contains(':', StringComparison.Ordinal) ? "0002 0000 20010db8000000000000000000000009" : "0001 0000 c0000209";
        for (byte role = 0; role < 4; role++)
        {
            var payload = Hex(
                ((bits & 8) != 0 ? "00010002" : "") + ((bits & 4) != 0 ? octets : "") + ((bits & 2) != 0 ? "0865746830000000" : "") + ((bits & 1) != 0 ? "000023f0" : ""));
            var head = new[] { (byte)0, (byte)(4 + payload.Length), (byte)2, (byte)(role << 6 | bits) };
            var expected = new InterfaceInformation(
                role,
                (bits & 8) != 0 ? 0x10002 : null,
                (bits & 4) != 0 ? IpAddress.Parse(address) : null,
                (bits & 2) != 0 ? "eth0" : null,
                (bits & 1) != 0 ? 9200u : null);

            var structure = Structure(Convert.ToHexString(Join(head, payload)));
            Assert.Equal(expected, Assert.Single(Read(structure).Interfaces));
            Assert.Equal(structure, Written(new IcmpExtensions { Interfaces = [expected] }));

            // A part that is cut makes the object worthless, not what stands around it.
            for (var cut = 0; cut < payload.Length; cut++)
            {
                head[1] = (byte)(4 + cut);
                var objects = Join(Hex("000c0101 03e84a01 49300101"), head, payload[..cut], Hex("0004 0200"));
                var extensions = Read(Structure(Convert.ToHexString(objects)));
                Assert.Equal(MplsLabels, extensions.Mpls);
                Assert.Equal(new InterfaceInformation(0, null, null, null, null), Assert.Single(extensions.Interfaces));
            }
        }
    }

    [Theory]
    [InlineData("04000000", "")]
    [InlineData("04616263", "abc")]
    [InlineData("08616263 64000000", "abcd")]
    [InlineData("08c3a9ff 62000000", "é\ufffdb")] // not UTF-8: replaced, the name stays
    public void Names_end_at_their_padding(string part, string name) =>
        Assert.Equal(name, Assert.Single(Read(Structure(Object(0x02, part))).Interfaces).Name);

    [Theory]
    [InlineData("00616263")] // length 0
    [InlineData("03616263")]
    [InlineData("05616263 64000000")] // no multiple of 4
    [InlineData("0c616263 64000000")] // longer than the object
    public void A_name_of_an_impossible_length_drops_its_object(string part) =>
        Assert.Empty(Read(Structure(Object(0x02, part))).Interfaces);

    [Fact]
    public void A_name_longer_than_RFC_5837_allows_drops_its_object()
    {
        Assert.Empty(Read(Structure(Object(0x02, "44" + new string('6', 134)))).Interfaces);
        Assert.Equal(new string('f', 63), Assert.Single(Read(Structure(Object(0x02, "40" + new string('6', 126)))).Interfaces).Name);
    }

    [Fact]
    public void An_address_of_an_unknown_family_drops_its_object() =>
        Assert.Empty(Read(Structure(Object(0x04, "0003 0000 c0000209 00000000 00000000 00000000"))).Interfaces);

    [Theory]
    [InlineData(62, 62)]
    [InlineData(63, 62)]
    [InlineData(64, 62)]
    public void A_long_name_is_cut_in_front_of_the_character_that_does_not_fit(int letters, int kept)
    {
        var name = new string('x', Math.Min(letters, 62)) + new string('é', letters - Math.Min(letters, 62));
        var extensions = Read(Written(new IcmpExtensions { Interfaces = [new(0, null, null, name, 9)] }));
        Assert.Equal(new InterfaceInformation(0, null, null, new string('x', kept), 9), Assert.Single(extensions.Interfaces));
    }

    [Fact]
    public void Labels_and_interfaces_stand_in_one_structure()
    {
        var written = Written(new IcmpExtensions { Mpls = [.. MplsLabels], Interfaces = [Interface, Interface with { Role = 0, Address = Target6 }] });
        var extensions = Read(written);
        Assert.Equal(MplsLabels, extensions.Mpls);
        Assert.Equal((InterfaceInformation[])[Interface, Interface with { Role = 0, Address = Target6 }], extensions.Interfaces);
    }

    [Fact]
    public void No_checksum_is_ever_written_as_not_sent()
    {
        // One MTU completes the sum to ffff, whose complement is 0.
        var without = Written(new IcmpExtensions { Interfaces = [new(0, null, null, null, 0)] });
        without[2] = without[3] = 0;
        var written = Written(new IcmpExtensions { Interfaces = [new(0, null, null, null, Checksum.Of(without))] });
        Assert.Equal(Hex("ffff"), written[2..4]);
        Assert.Equal(0, Checksum.Of(written));
    }

    [Fact]
    public void Labels_beyond_one_object_are_refused_by_the_writer()
    {
        var labels = Enumerable.Repeat(MplsLabels[0], 16383);
        Assert.Throws<ArgumentException>(() => IcmpExtensionWriter.Write(new byte[70000], new IcmpExtensions { Mpls = [.. labels] }));
    }

    private static string Object(byte type, string payload) =>
        $"{4 + Hex(payload).Length:x4}02{type:x2}{payload}";

    private static byte[] Written(IcmpExtensions extensions)
    {
        var buffer = Enumerable.Repeat((byte)0xee, 1024).ToArray();
        return buffer[..IcmpExtensionWriter.Write(buffer, extensions)];
    }

    private static IcmpExtensions Read(byte[] structure)
    {
        var octets = TimeExceeded(isV6: false, 32, Resized(UdpProbe(isV6: false, 60), 128), structure);
        Assert.True(IcmpMessage.TryRead(octets, isV6: false, out var message));
        Assert.True(message.TryReadExtensions(out var extensions));
        return extensions;
    }
}
