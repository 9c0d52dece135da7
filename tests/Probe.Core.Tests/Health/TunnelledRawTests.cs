using System.Buffers.Binary;
using Probe.Core.Health;
using Probe.Core.Packets;
using Probe.Core.Tests.Wire;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Core.Tests.Health;

/// <summary>What the raw engine sends through tunnels and what it makes of answers, octet by octet.</summary>
public sealed class TunnelledRawTests : ICheckSink, IDisposable
{
    private static readonly IpAddress s_router = IpAddress.Parse("198.51.100.1");
    private static readonly IpAddress s_router6 = IpAddress.Parse("2001:db8:ff::1");

    private readonly ScriptedPort _port = new();
    private readonly RawEngine _engine;
    private readonly List<CheckOutcome> _outcomes = [];

    public TunnelledRawTests()
    {
        ushort[] plain = [40_000];
        ushort[] muted = [41_000];
        _engine = new RawEngine(_port, new(new()) { InFlight = 10 }, new RawSources(Plain, Tunnel), new RawPorts(plain, plain, muted, muted), zeroNs: 0);
    }

    public void Dispose() => _engine.Dispose();

    void ICheckSink.Done(in CheckOutcome outcome) => _outcomes.Add(outcome);

    [Theory]
    [InlineData("ipip:192.0.2.7", 28, 3, 2)]
    [InlineData("gue:192.0.2.7", 28, 3, 3)]
    [InlineData("gre:192.0.2.7/42", 28, 3, 1)]
    [InlineData("gue:192.0.2.7", 28, 3, 13)]
    [InlineData("ipip:192.0.2.7", 1000, 3, 1)]
    [InlineData("gue:192.0.2.7,remcsum,csum", 1000, 3, 1)]
    [InlineData("gue:[2001:db8::7]", 1000, 1, 3)]
    [InlineData("ipip:[2001:db8::7]", 1000, 1, 4)]
    public void An_error_about_the_outer_packet_ends_the_check_with_who_said_it(string via, int quoted, byte type, byte code)
    {
        // Two checks of one address: the quote must tell them apart.
        Start(0, "ipip:192.0.2.99");
        var syn = Start(1, via);
        var router = via.Contains('[', StringComparison.Ordinal) ? s_router6 : s_router;
        _port.Deliver(Answers.Error(syn, router, type, code, quoted));
        Look();

        var outcome = Assert.Single(_outcomes);
        Assert.Equal((1, CheckEnd.IcmpError, type, code, router), (outcome.Target, outcome.End, outcome.IcmpType, outcome.IcmpCode, outcome.IcmpFrom));
        Assert.Equal(2, _port.Sent.Count);
    }

    [Theory]
    [InlineData(0, 28)]
    [InlineData(0, 1000)]
    [InlineData(20, 28)]
    [InlineData(20, 1000)]
    public void An_error_about_either_tunnel_of_two_ends_the_check(int header, int quoted)
    {
        Start(0, "ipip:192.0.2.66 gue:192.0.2.78");
        var syn = Start(1, "ipip:192.0.2.66 gue:192.0.2.77");
        _port.Deliver(Answers.Error(syn[header..], s_router, 3, 1, quoted));
        Look();
        Assert.Equal(1, Assert.Single(_outcomes).Target);
    }

    [Fact]
    public void An_error_about_the_outer_packet_s_size_or_a_foreign_one_ends_nothing()
    {
        var syn = Start(0, "gue:192.0.2.7");
        _port.Deliver(Answers.Error(syn, s_router, 3, 4, 28, rest: 1400));
        _port.Deliver(Answers.Error(syn, s_router, 3, 1, 28, rewrite: quote => quote[5] ^= 1));
        _port.Deliver(Answers.Error(syn, s_router, 3, 1, 28, rewrite: quote => quote[19] ^= 1));
        _port.Deliver(Answers.Error(syn, s_router, 3, 1, 28, rewrite: quote => quote[3] ^= 1));
        Look();
        Assert.Empty(_outcomes);
    }

    [Theory]
    [InlineData("ipip:192.0.2.7")]
    [InlineData("gue:192.0.2.7")]
    [InlineData("ipip:192.0.2.8,src=192.0.2.3,df=0")]
    public void An_answer_draws_a_reset_by_the_same_way_however_late_and_however_often_it_comes(string via)
    {
        var syn = Start(0, via);
        Assert.True(EncapsulationText.TryParse(via, out var layer, out _));
        Assert.True(EncapsulationReader.TryUnwrap(layer, syn, out var inner, out _));
        var answer = Answers.Tcp(inner.ToArray(), Target(0).Address, TcpFlags.Syn);
        for (var time = 1; time <= 3; time++)
        {
            _port.Deliver(answer);
            Look();
            Assert.Equal(1 + time, _port.Sent.Count);
            Assert.True(EncapsulationReader.TryUnwrap(layer, _port.Sent[^1], out var sent, out var error), $"{error}");
            Assert.True(IpPacket.TryRead(sent, out var packet));
            Assert.True(TcpHeader.TryRead(packet.Payload, out var reset));
            Assert.True(IpPacket.TryRead(inner, out var first));
            Assert.True(TcpHeader.TryRead(first.Payload, out var begun));
            Assert.Equal((first.Source, first.Destination, begun.SourcePort, begun.DestinationPort), (packet.Source, packet.Destination, reset.SourcePort, reset.DestinationPort));
            Assert.Equal((TcpFlags.Rst, begun.Sequence + 1, 0u), (reset.Flags, reset.Sequence, reset.Acknowledgment));
        }

        Assert.Equal(CheckEnd.Answered, Assert.Single(_outcomes).End);
    }

    [Fact]
    public void GRE_numbers_rise_from_check_to_reset_to_check()
    {
        const string Via = "gre:192.0.2.7,seq";
        var syn = Start(0, Via);
        Assert.True(EncapsulationText.TryParse(Via, out var layer, out _));
        Assert.True(EncapsulationReader.TryUnwrap(layer, syn, out var inner, out _));
        _port.Deliver(Answers.Tcp(inner.ToArray(), Target(0).Address, TcpFlags.Syn));
        Look();
        Start(1, Via);
        var numbers = _port.Sent.Select(packet => BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(24))).ToArray();
        Assert.Equal(3, numbers.Length);
        Assert.True((int)(numbers[1] - numbers[0]) > 0 && (int)(numbers[2] - numbers[1]) > 0, string.Join(' ', numbers));
    }

    [Fact]
    public void A_refusal_and_an_answer_to_a_plain_check_draw_nothing()
    {
        var syn = Start(0, "ipip:192.0.2.7");
        Assert.True(EncapsulationText.TryParse("ipip:192.0.2.7", out var layer, out _));
        Assert.True(EncapsulationReader.TryUnwrap(layer, syn, out var inner, out _));
        _port.Deliver(Answers.Tcp(inner.ToArray(), Target(0).Address, TcpFlags.Rst));
        Look();
        var plain = Start(1, null);
        _port.Deliver(Answers.Tcp(plain, Target(1).Address, TcpFlags.Syn));
        Look();

        Assert.Equal([CheckEnd.Refused, CheckEnd.Answered], _outcomes.Select(outcome => outcome.End));
        Assert.Equal(2, _port.Sent.Count);
    }

    [Theory]
    [InlineData("ipip:192.0.2.7", 28)]
    [InlineData("gue:192.0.2.7", 1000)]
    [InlineData("ipip:192.0.2.66 gue:192.0.2.77", 28)]
    public void An_echo_request_goes_through_the_tunnel_and_its_reply_comes_straight_back(string via, int quoted)
    {
        var echo = Start(0, via, CheckKind.Icmp);
        var refused = Start(1, via, CheckKind.Icmp);
        var inner = echo.AsSpan();
        foreach (var text in via.Split(' '))
        {
            Assert.True(EncapsulationText.TryParse(text, out var layer, out _));
            Assert.True(EncapsulationReader.TryUnwrap(layer, inner, out var next, out var error), $"{error}");
            inner = next.ToArray();
        }

        Assert.True(IpPacket.TryRead(inner, out var packet));
        Assert.Equal((IpProtocol.Icmp, Target(0).Address), (packet.Protocol, packet.Destination));
        _port.Deliver(Answers.EchoReply(inner.ToArray(), IpAddress.Parse("203.0.113.99")));
        _port.Deliver(Answers.Error(refused, s_router, 3, 1, quoted));
        _port.Deliver(Answers.EchoReply(inner.ToArray(), Target(0).Address));
        Look();

        Assert.Equal([(1, CheckEnd.IcmpError), (0, CheckEnd.Answered)], _outcomes.Select(outcome => (outcome.Target, outcome.End)));
        Assert.Equal(2, _port.Sent.Count);
    }

    private static CheckTarget Target(int index) => new() { Index = index, Name = "service", Address = IpAddress.Parse("203.0.113.10"), Port = 443 };

    private static int Plain(IpAddress target, out IpAddress source)
    {
        source = IpAddress.Parse("192.0.2.1");
        return 0;
    }

    private static TunnelRoute Tunnel(CheckTarget target)
    {
        var layers = target.Via.Layers.Select(layer =>
            layer.Source.IsNone ? layer with { Source = IpAddress.Parse(layer.Remote.IsV6 ? "2001:db8::1" : "192.0.2.1") } : layer);
        return new TunnelRoute(new EncapsulationStack([.. layers]), IpAddress.Parse("192.0.2.1"), TargetIsLocal: false);
    }

    private byte[] Start(int index, string? via, CheckKind kind = CheckKind.Syn)
    {
        var layers = (via ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(text => EncapsulationText.TryParse(text, out var layer, out var error) ? layer : throw new FormatException(error));
        Assert.True(_engine.TryStart(Target(index) with { Via = new EncapsulationStack([.. layers]), Question = new CheckQuestion { Kind = kind } }, 1));
        Look();
        return _port.Sent[^1];
    }

    private void Look() => _engine.Poll(0, this);
}
