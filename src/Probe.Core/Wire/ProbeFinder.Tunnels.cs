using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Wire;

/// <summary>
/// Quotes of probes inside tunnels. They are taken apart by the encapsulations that probes did have around them, never by what a port may
/// mean. Where a quote ends before the probe's own ports, the outer identification, length, addresses and ports have to prove it.
/// </summary>
internal sealed partial class ProbeFinder
{
    private readonly TunnelStacks _stacks = new();

    /// <summary>Remembers that probes have these encapsulations around them.</summary>
    public void Expect(EncapsulationStack stack) => _stacks.Add(stack);

    /// <summary>Matches the packet quoted by an ICMP error, or a probe itself.</summary>
    /// <param name="octets">The quote, or the packet, from its IP header on.</param>
    /// <param name="match">The probe, and which of its IP headers the quote begins with.</param>
    /// <param name="quoted">That header.</param>
    public bool TryFindByQuote(ReadOnlySpan<byte> octets, out FoundProbe match, out QuotedHeader quoted)
    {
        (match, quoted) = (default, default);
        if (!QuoteStack.TryRead(octets, out var plain))
        {
            return false;
        }

        var outermost = plain.Outermost;
        quoted = new QuotedHeader(outermost.Ttl, outermost.TrafficClass, outermost.TotalLength, outermost.Id);
        if (TryFindByTunnels(outermost, out match))
        {
            return true;
        }

        if (!TryFindByQuote(plain, out match))
        {
            return false;
        }

        match = match with { Layer = Math.Min(plain.Depth - 1, _probes.Probe(match.Number).Via.Layers.Length) };
        return true;
    }

    /// <summary>The packet inside encapsulations that probes have around them; false when it has none of them.</summary>
    public bool TryPeel(in IpPacket outermost, out IpPacket innermost)
    {
        innermost = outermost;
        foreach (var one in _stacks.EndingAt(outermost.Destination))
        {
            if (one.First == 0 && TunnelQuote.Peel(one.Layers, outermost, out innermost) == Peeled.Whole)
            {
                return true;
            }
        }

        return false;
    }

    private bool TryFindByTunnels(in IpPacket outermost, out FoundProbe match)
    {
        match = default;
        foreach (var one in _stacks.EndingAt(outermost.Destination))
        {
            var peeled = TunnelQuote.Peel(one.Layers, outermost, out var innermost);
            if (peeled == Peeled.Whole
                ? TryFindByWhole(one.Stack, outermost, innermost, out match)
                : peeled == Peeled.Short && TryFindByShort(one.Stack, one.First, outermost, out match))
            {
                match = match with { Layer = one.Layers.Length };
                return true;
            }
        }

        return false;
    }

    private bool TryFindByWhole(EncapsulationStack stack, in IpPacket outermost, in IpPacket innermost, out FoundProbe match)
    {
        if (!TryFindByQuote(QuoteStack.Of(outermost, innermost), out match) || !_probes.Probe(match.Number).Via.SameAs(stack))
        {
            return false;
        }

        if (stack.Layers[^1] is GueEncapsulation { RemoteChecksum: true })
        {
            // The checksum was left to the tunnel's end, by ourselves.
            match = match with { Nat = match.Nat & ~RewrittenFields.Checksum };
        }

        return true;
    }

    private bool TryFindByShort(EncapsulationStack stack, int first, in IpPacket outermost, out FoundProbe match)
    {
        match = default;
        var number = outermost.IsV6 ? 0 : _probes.FirstWithResidue(_cookies.ResidueOfIpId(outermost.Id));
        for (; number > 0; number = _probes.NextWithResidue(number))
        {
            ref readonly var probe = ref _probes.Probe(number);
            if (Unsafe.IsNullRef(in probe))
            {
                return false;
            }

            if (probe.Via.SameAs(stack) && IsOuterOf(probe, first, outermost))
            {
                match = new FoundProbe(number);
                return true;
            }
        }

        return false;
    }

    private static bool IsOuterOf(in ProbePacket probe, int first, in IpPacket outermost)
    {
        var layers = probe.Via.Layers;
        var payload = outermost.Payload;
        return outermost.TotalLength == TunnelQuote.LengthOf(layers.AsSpan()[first..], probe.Size)
            && (layers[first].Source.IsNone || layers[first].Source == outermost.Source)
            && (layers[first] is not UdpEncapsulation udp || payload.Length < 2
                || BinaryPrimitives.ReadUInt16BigEndian(payload) == (udp.SourcePort ?? FlowHash.Port(ProbeWriter.HashOf(probe))));
    }
}
