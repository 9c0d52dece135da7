using System.Buffers.Binary;
using Probe.Core.Packets;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

public sealed class ErrorFormTests
{
    [Theory]
    [InlineData(QuoteLength.HeaderAndEight, 0, false, 28)]
    [InlineData(QuoteLength.HeaderAndEight, 0, true, 48)]
    [InlineData(QuoteLength.First128, 0, false, 128)]
    [InlineData(QuoteLength.Exact, 8, false, 8)]
    [InlineData(QuoteLength.Exact, 8, true, 8)]
    [InlineData(QuoteLength.Standard, 0, false, 544)]
    [InlineData(QuoteLength.Standard, 0, true, 1232)]
    [InlineData(QuoteLength.Full, 0, false, 1400)]
    [InlineData(QuoteLength.Full, 0, true, 1232)]
    public void The_quote_has_the_stated_length(QuoteLength length, int octets, bool isV6, int expected)
    {
        var answer = Line(new ErrorPolicy { Quote = new QuoteSpec { Length = length, Octets = octets } }).AskOne(Probes.Udp(ttl: 1, isV6: isV6, size: 1400));
        Assert.Equal(expected, answer.Body.Length);
    }

    [Fact]
    public void Outer_options_move_the_icmp_message_and_quoted_options_the_quoted_transport()
    {
        var answer = Line(new ErrorPolicy { Options = "0101010194040000", Quote = new QuoteSpec { Options = "94040000", Length = QuoteLength.HeaderAndEight } }).AskOne(Probes.Udp(ttl: 1));
        Assert.True(IPv4Header.TryRead(answer.Octets, out var outer));
        Assert.Equal(28, outer.HeaderLength);
        Assert.True(IPv4Header.TryReadQuote(answer.Quote, out var quoted));
        Assert.Equal((24, true, 64), (quoted.HeaderLength, quoted.ChecksumValid, quoted.TotalLength));
        Assert.Equal(40000, BinaryPrimitives.ReadUInt16BigEndian(quoted.Payload));
        Assert.Equal(32, answer.Body.Length);
    }

    [Fact]
    public void Quoted_ttl_checksums_and_length_may_be_wrong()
    {
        var probe = Probes.Udp(ttl: 1);
        Assert.Equal(3, Quote(new QuoteSpec { Ttl = 3 })[8]);
        Assert.Equal(probe[26..28], Quote(new QuoteSpec())[26..28]);
        Assert.Equal([0, 0], Quote(new QuoteSpec { Checksum = QuotedChecksum.Zero })[26..28]);
        var pseudo = Checksum.Fold(Checksum.PseudoHeader(TopologyBuilder.VantageV4, TopologyBuilder.TargetV4, IpProtocol.Udp, 40));
        Assert.Equal(pseudo, BinaryPrimitives.ReadUInt16BigEndian(Quote(new QuoteSpec { Checksum = QuotedChecksum.Partial }).AsSpan(26)));
        Assert.Equal([0, 0], Quote(new QuoteSpec { ZeroHeaderChecksum = true })[10..12]);
        Assert.Equal([60, 0], Quote(new QuoteSpec { TotalLength = QuotedTotalLength.HostOrder })[2..4]);
        Assert.Equal([0, 40], Quote(new QuoteSpec { TotalLength = QuotedTotalLength.WithoutHeader })[2..4]);

        byte[] Quote(QuoteSpec spec) => Line(new ErrorPolicy { Quote = spec }).AskOne(probe).Body;
    }

    [Theory]
    [InlineData(ExtensionForm.Compliant, false)]
    [InlineData(ExtensionForm.Compliant, true)]
    [InlineData(ExtensionForm.Legacy, false)]
    [InlineData(ExtensionForm.UnpaddedLength, false)]
    public void Labels_and_interfaces_are_read_back_in_every_form(ExtensionForm form, bool isV6)
    {
        var spec = new ExtensionSpec
        {
            Mpls = [new MplsLabel(24001, 5, false, 1), new MplsLabel(16, 0, true, 254)],
            Interfaces = [new InterfaceInformation(0, 7, IpAddress.Parse("10.0.0.2"), "xe-0/0/1", 9000)],
            Form = form,
        };
        var answer = Line(new ErrorPolicy { Extensions = spec }).AskOne(Probes.Udp(ttl: 1, isV6: isV6, size: isV6 ? 80 : 60));
        var extensions = Extensions(answer, out var found);
        Assert.True(found);
        Assert.Equal(spec.Mpls.ToArray(), extensions.Mpls.ToArray());
        Assert.Equal(spec.Interfaces.ToArray(), extensions.Interfaces.ToArray());
        Assert.Equal(isV6 ? 80 : 60, answer.Quote.Length);
    }

    [Theory]
    [InlineData(ExtensionFault.BadChecksum)]
    [InlineData(ExtensionFault.BadVersion)]
    [InlineData(ExtensionFault.ShortObject)]
    [InlineData(ExtensionFault.LongObject)]
    [InlineData(ExtensionFault.LengthBeyond)]
    [InlineData(ExtensionFault.Truncated)]
    public void Malformed_extensions_are_on_the_wire_and_give_no_label(ExtensionFault fault)
    {
        var answer = Line(new ErrorPolicy { Extensions = new ExtensionSpec { Mpls = [new MplsLabel(16, 0, true, 1)], Fault = fault } }).AskOne(Probes.Udp(ttl: 1));
        Assert.True(answer.Body.Length > 128);
        Assert.Empty(Extensions(answer, out _).Mpls);
    }

    [Fact]
    public void Silence_may_be_for_one_protocol_or_for_want_of_an_address()
    {
        var network = new SimulatedNetwork(Line(new ErrorPolicy { Silent = Protocols.Udp }));
        Assert.Empty(network.Ask(Probes.Udp(ttl: 1)));
        Assert.Single(network.Ask(Probes.Tcp(ttl: 1)));
        Assert.Equal(DropReason.Silent, Assert.Single(network.Journal.Of(JournalKind.Unanswered)).Reason);
        Assert.Empty(Line(new ErrorPolicy { From = ReplySource.None }).Ask(Probes.Udp(ttl: 1)));
    }

    [Fact]
    public void Errors_are_not_answered_and_neither_are_later_fragments()
    {
        var network = new SimulatedNetwork(Topologies.Line(2));
        var error = new byte[36];
        IcmpMessage.Write(error, false, IcmpType.TimeExceeded, 0, 0, Probes.Udp().AsSpan(0, 28));
        Assert.Empty(network.Ask(Probes.Packet(IpProtocol.Icmp, error, ttl: 1, isV6: false)));
        Assert.Equal(DropReason.NeverAnswered, Assert.Single(network.Journal.Of(JournalKind.Unanswered)).Reason);
    }

    [Fact]
    public void A_bucket_lets_its_burst_pass_and_then_its_rate()
    {
        var network = new SimulatedNetwork(Line(new ErrorPolicy { RateLimits = [new RateLimit(10, 5)] }));
        for (var i = 0; i < 100; i++)
        {
            network.Inject(Probes.Udp(ttl: 1), i * 10_000_000);
        }

        var answers = network.Gather();

        // 5 at once, then one each 100 ms of the remaining 0.95 s.
        Assert.Equal(14, answers.Count);
        Assert.Equal([1, 2, 3, 4, 5], answers.Take(5).Select(answer => answer.Cause));
        Assert.Equal(86, network.Journal.Of(JournalKind.Unanswered).Count(entry => entry.Reason == DropReason.RateLimited));
    }

    [Fact]
    public void A_bucket_per_destination_is_not_emptied_by_another_source()
    {
        var other = IpAddress.Parse("10.200.0.2");
        var topology = Line(new ErrorPolicy { RateLimits = [new RateLimit(0.001, 1, PerDestination: true)] })
            .With("h", node => node with { Addresses = node.Addresses.Add(IpPrefix.Of(other)) });
        var network = new SimulatedNetwork(topology);
        var fromOther = Probes.Udp(ttl: 1);
        IPv4Header.Write(fromOther, new IPv4Fields { Ttl = 1, Protocol = IpProtocol.Udp, Source = other, Destination = TopologyBuilder.TargetV4 }, fromOther.Length - 20);
        Assert.Single(network.Ask(Probes.Udp(ttl: 1)));
        Assert.Empty(network.Ask(Probes.Udp(ttl: 1)));
        Assert.Single(network.Ask(fromOther));
    }

    private static Topology Line(ErrorPolicy policy) => Topologies.Line(2).With("r1", node => node with { Errors = policy });

    private static IcmpExtensions Extensions(Answer answer, out bool found)
    {
        Assert.True(IpPacket.TryRead(answer.Octets, out var ip));
        Assert.True(IcmpMessage.TryRead(ip.Payload, ip.IsV6, out var message));
        found = message.TryReadExtensions(out var extensions);
        return extensions;
    }
}
