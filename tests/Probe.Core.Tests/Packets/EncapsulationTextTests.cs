using FsCheck.Fluent;
using FsCheck;
using Probe.Core.Packets;

namespace Probe.Core.Tests.Packets;

public class EncapsulationTextTests
{
    [Theory]
    [InlineData("ipip:192.0.2.7")]
    [InlineData("ipip:[2001:db8::7],src=[2001:db8::1],ttl=9,dscp=10")]
    [InlineData("gre:192.0.2.7")]
    [InlineData("gre:192.0.2.7/0,df=0,csum,seq")]
    [InlineData("fou:[2001:db8::7]:5555")]
    [InlineData("gue:192.0.2.7")]
    [InlineData("gue:192.0.2.7:19523,sport=50000,csum,remcsum,private=00000001")]
    [InlineData("gue1:192.0.2.7")]
    [InlineData("vxlan:192.0.2.7/16777215,mac=02:00:5e:00:53:01")]
    [InlineData("geneve:[2001:db8::7]:6082/0,src=[2001:db8::1]")]
    public void The_shortest_text_is_read_and_printed_alike(string text) => Assert.Equal(text, EncapsulationText.Of(Read(text)));

    [Theory]
    [InlineData("gue:192.0.2.7:6080,sport=auto", "gue:192.0.2.7")]
    [InlineData("vxlan:192.0.2.7:4789/0x64", "vxlan:192.0.2.7/100")]
    [InlineData("ipip:[2001:0db8:0::7],src=2001:db8::1,dscp=ef", "ipip:[2001:db8::7],src=[2001:db8::1],dscp=46")]
    [InlineData("gue:192.0.2.7,private=0xA", "gue:192.0.2.7,private=0000000a")]
    public void Other_forms_are_read_too(string text, string printed) => Assert.Equal(printed, EncapsulationText.Of(Read(text)));

    [Fact]
    public void Default_ports_are_those_of_the_registry()
    {
        Assert.Equal(6080, ((UdpEncapsulation)Read("gue:192.0.2.7")).Port);
        Assert.Equal(6080, ((UdpEncapsulation)Read("gue1:192.0.2.7")).Port);
        Assert.Equal(4789, ((UdpEncapsulation)Read("vxlan:192.0.2.7/1")).Port);
        Assert.Equal(6081, ((UdpEncapsulation)Read("geneve:192.0.2.7/1")).Port);
    }

    [Theory]
    [InlineData("", "TYPE:ADDR")]
    [InlineData("gue", "gue:ADDR")]
    [InlineData("gue:", "names no tunnel end")]
    [InlineData("foo:192.0.2.7", "unknown type 'foo'")]
    [InlineData("6in4:192.0.2.7", "write ipip:ADDR")]
    [InlineData("gue:real1", "names are not taken")]
    [InlineData("gue:real1:6080", "'real1'")]
    [InlineData("gue:192.0.2.7:0", "1 to 65535")]
    [InlineData("gue:192.0.2.7:70000", "1 to 65535")]
    [InlineData("gue:192.0.2.7:", "1 to 65535")]
    [InlineData("gue:2001:db8::7", "gue:[2001:db8::7]")]
    [InlineData("gue:[192.0.2.7]", "not an IPv6 address")]
    [InlineData("gue:[2001:db8::7", "brackets")]
    [InlineData("gue:[2001:db8::7]x", "brackets")]
    [InlineData("gue:224.0.0.1", "no single host")]
    [InlineData("gue:[ff02::1]", "no single host")]
    [InlineData("gue:0.0.0.0", "no single host")]
    [InlineData("ipip:192.0.2.7:4", "ipip has none")]
    [InlineData("ipip:192.0.2.7/4", "neither key nor VNI")]
    [InlineData("fou:192.0.2.7", "fou:192.0.2.7:PORT")]
    [InlineData("vxlan:192.0.2.7", "no VNI")]
    [InlineData("vxlan:192.0.2.7/16777216", "16777215")]
    [InlineData("gre:192.0.2.7/x", "key 'x'")]
    [InlineData("gre:192.0.2.7,sport=5", "gre does not know: use src=")]
    [InlineData("ipip:192.0.2.7,csum", "ipip does not know")]
    [InlineData("gue1:192.0.2.7,remcsum", "gue1 does not know")]
    [InlineData("gue:192.0.2.7,csum=1", "takes none")]
    [InlineData("gue:192.0.2.7,ttl", "write ttl=")]
    [InlineData("gue:192.0.2.7,", "empty option")]
    [InlineData("gue:192.0.2.7,csum,csum", "twice")]
    [InlineData("gue:192.0.2.7,ttl=0", "1 to 255")]
    [InlineData("gue:192.0.2.7,dscp=64", "0 to 63")]
    [InlineData("gue:192.0.2.7,df=maybe", "0 or 1")]
    [InlineData("gue:[2001:db8::7],df=1", "no such bit")]
    [InlineData("gue:192.0.2.7,sport=0", "auto or 1 to 65535")]
    [InlineData("gue:192.0.2.7,src=here", "not an address")]
    [InlineData("gue:192.0.2.7,src=2001:db8::1", "family")]
    [InlineData("gue:192.0.2.7,private=123456789", "8 hexadecimal")]
    [InlineData("gue:192.0.2.7,private=80000000", "write remcsum")]
    [InlineData("vxlan:192.0.2.7/1,mac=02:00:5e:00:53", "six octets")]
    public void What_is_wrong_is_said_in_one_line(string text, string says)
    {
        Assert.False(EncapsulationText.TryParse(text, out _, out var error));
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    [Fact]
    public void Any_encapsulation_is_printed_and_read_back() => Check.One(
        Config.QuickThrowOnFailure.WithName($"PROBE_SEED={Seed.Value}").WithMaxTest(1000).WithReplay((ulong)Seed.Value, 1),
        Prop.ForAll(Encapsulations.Stacks.ToArbitrary(), stack => stack.Layers.All(layer => Read(EncapsulationText.Of(layer)) == layer)));

    [Fact]
    public void No_text_makes_the_reader_throw()
    {
        var random = new Random(Seed.Value);
        const string Letters = "gue:/[],=192.0vxlanremcsumprivate+-%x ";
        for (var i = 0; i < 50_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(24)).Select(_ => Letters[random.Next(Letters.Length)]));
            var start = random.Next(3) switch { 0 => "gue:192.0.2.7", 1 => "vxlan:[2001:db8::7]", _ => "" };
            if (!EncapsulationText.TryParse(start + text, out var layer, out var error))
            {
                Assert.False(string.IsNullOrEmpty(error));
            }
            else
            {
                Assert.Equal(layer, Read(EncapsulationText.Of(layer)));
            }
        }
    }

    private static Encapsulation Read(string text) => EncapsulationText.TryParse(text, out var layer, out var error) ? layer : throw new FormatException(error);
}
