using System.Collections.Immutable;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>How an error quotes the packet it is about.</summary>
public sealed record QuoteSpec
{
    public QuoteLength Length { get; init; } = QuoteLength.Standard;

    /// <summary>Octets quoted when <see cref="Length"/> is <see cref="QuoteLength.Exact"/>; 8 cuts inside the IP header.</summary>
    public int Octets { get; init; }

    /// <summary>TTL in the quote; null leaves that with which the packet came.</summary>
    public byte? Ttl { get; init; }

    /// <summary>Transport checksum in the quote.</summary>
    public QuotedChecksum Checksum { get; init; }

    /// <summary>IPv4 header checksum in the quote is 0.</summary>
    public bool ZeroHeaderChecksum { get; init; }

    /// <summary>IPv4 total length in the quote.</summary>
    public QuotedTotalLength TotalLength { get; init; }

    /// <summary>IPv4 options that the quoted header has and the packet had not, as hexadecimal octets, a multiple of four.</summary>
    public string Options { get; init; } = "";
}

/// <summary>How much an error quotes.</summary>
public enum QuoteLength
{
    /// <summary>IPv4: as much as fits an error of 576 octets (RFC 1812 section 4.3.2.3). IPv6: 1280 (RFC 4443 section 2.4).</summary>
    Standard,

    /// <summary>The IP header and 8 octets (RFC 792): 28 without options, 48 for IPv6.</summary>
    HeaderAndEight,

    /// <summary>128 octets.</summary>
    First128,

    /// <summary>Everything that fits 1500 octets; for IPv6 1280, which RFC 4443 does not let a router exceed.</summary>
    Full,

    /// <summary><see cref="QuoteSpec.Octets"/>, wherever that cuts.</summary>
    Exact,
}

/// <summary>What stands in the quoted checksum of TCP, UDP or ICMP.</summary>
public enum QuotedChecksum
{
    /// <summary>What was sent.</summary>
    Kept,

    /// <summary>Zero.</summary>
    Zero,

    /// <summary>The sum of the pseudo header alone, as checksum offload leaves it.</summary>
    Partial,
}

/// <summary>What stands in the quoted total length.</summary>
public enum QuotedTotalLength
{
    /// <summary>What was sent.</summary>
    Kept,

    /// <summary>In host byte order, as old BSD stacks left it.</summary>
    HostOrder,

    /// <summary>Without the header's own octets.</summary>
    WithoutHeader,
}

/// <summary>Extensions of an error (RFC 4884) and what is wrong with them.</summary>
public sealed record ExtensionSpec
{
    public ImmutableArray<MplsLabel> Mpls { get; init; } = [];

    public ImmutableArray<InterfaceInformation> Interfaces { get; init; } = [];

    public ExtensionForm Form { get; init; }

    public ExtensionFault Fault { get; init; }
}

/// <summary>How the error says where its extensions begin.</summary>
public enum ExtensionForm
{
    /// <summary>With the length field (RFC 4884 section 3): the quote is padded to 128 octets at least.</summary>
    Compliant,

    /// <summary>Without it, at octet 128 (RFC 4884 section 5.5).</summary>
    Legacy,

    /// <summary>With a length field that counts the quote before its padding.</summary>
    UnpaddedLength,
}

/// <summary>A fault of an extension structure.</summary>
public enum ExtensionFault
{
    None,

    /// <summary>The checksum is wrong.</summary>
    BadChecksum,

    /// <summary>The checksum is 0: not sent.</summary>
    NoChecksum,

    /// <summary>The version is not 2.</summary>
    BadVersion,

    /// <summary>The first object's length is below 4.</summary>
    ShortObject,

    /// <summary>The first object's length points beyond the packet.</summary>
    LongObject,

    /// <summary>The length field points beyond the packet.</summary>
    LengthBeyond,

    /// <summary>The structure is cut in its middle.</summary>
    Truncated,
}
