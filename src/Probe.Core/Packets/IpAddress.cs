using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Net;

namespace Probe.Core.Packets;

/// <summary>
/// An IPv4 or IPv6 address as a value: compared, hashed and copied without allocation, unlike <see cref="IPAddress"/>.
/// The default value is "no address".
/// </summary>
public readonly struct IpAddress : IEquatable<IpAddress>, IComparable<IpAddress>
{
    // Two words, not one UInt128: code that touches a type with a UInt128 inside is never compiled ahead of time, and everything here
    // touches addresses.
    private readonly ulong _high;
    private readonly ulong _low;
    private readonly byte _length;

    private IpAddress(ulong high, ulong low, byte length)
    {
        _high = high;
        _low = low;
        _length = length;
    }

    /// <summary>Makes an address of 4 octets (IPv4) or 16 octets (IPv6) in network order.</summary>
    /// <exception cref="ArgumentException">The span is neither 4 nor 16 octets long.</exception>
    public IpAddress(ReadOnlySpan<byte> octets)
    {
        switch (octets.Length)
        {
            case 4:
                _low = BinaryPrimitives.ReadUInt32BigEndian(octets);
                break;
            case 16:
                _high = BinaryPrimitives.ReadUInt64BigEndian(octets);
                _low = BinaryPrimitives.ReadUInt64BigEndian(octets[8..]);
                break;
            default:
                throw new ArgumentException("An address has 4 or 16 octets.", nameof(octets));
        }

        _length = (byte)octets.Length;
    }

    /// <summary>The IPv4 address 0.0.0.0.</summary>
    public static IpAddress AnyV4 => FromV4(0);

    /// <summary>The IPv6 address ::.</summary>
    public static IpAddress AnyV6 => new(0, 0, 16);

    /// <summary>Octets of the address: 4, 16, or 0 for "no address".</summary>
    public int Length => _length;

    /// <summary>True for an IPv4 address.</summary>
    public bool IsV4 => _length == 4;

    /// <summary>True for an IPv6 address.</summary>
    public bool IsV6 => _length == 16;

    /// <summary>True for the default value, which is no address at all.</summary>
    public bool IsNone => _length == 0;

    /// <summary>The address as a number in host order; for IPv4 the low 32 bits.</summary>
    public UInt128 Bits => new(_high, _low);

    /// <summary>The first 64 bits of an IPv6 address in host order; 0 for IPv4.</summary>
    internal ulong High => _high;

    /// <summary>The last 64 bits of an IPv6 address, the 32 of an IPv4 address, in host order.</summary>
    internal ulong Low => _low;

    /// <summary>True for fe80::/10, which needs an interface to mean anything.</summary>
    public bool IsLinkLocalV6 => IsV6 && (_high >> 48 & 0xffc0) == 0xfe80;

    /// <summary>Makes an IPv4 address of its number in host order.</summary>
    public static IpAddress FromV4(uint bits) => new(0, bits, 4);

    /// <summary>Makes an IPv6 address of its number in host order.</summary>
    public static IpAddress FromV6(UInt128 bits) => new((ulong)(bits >> 64), (ulong)bits, 16);

    /// <summary>Reads a textual address; no names, no ports, no zone.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out IpAddress address)
    {
        address = default;

        // IPAddress also reads "1" and "0x7f.1"; a user who types those has made a mistake.
        if (text is null || text.Contains('%', StringComparison.Ordinal) || !IPAddress.TryParse(text, out var parsed))
        {
            return false;
        }

        if (parsed.AddressFamily == AddressFamily.InterNetwork && text.AsSpan().Count('.') != 3)
        {
            return false;
        }

        address = FromIPAddress(parsed);
        return true;
    }

    /// <summary>Reads a textual address.</summary>
    /// <exception cref="FormatException">The text is no address.</exception>
    public static IpAddress Parse(string text) =>
        TryParse(text, out var address) ? address : throw new FormatException($"'{text}' is not an IP address.");

    /// <summary>Converts from the framework's class.</summary>
    public static IpAddress FromIPAddress(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> octets = stackalloc byte[16];
        address.TryWriteBytes(octets, out var written);
        return new IpAddress(octets[..written]);
    }

    /// <summary>Converts to the framework's class.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> octets = stackalloc byte[16];
        return new IPAddress(octets[..WriteTo(octets)]);
    }

    /// <summary>Writes the octets in network order and returns how many.</summary>
    public int WriteTo(Span<byte> destination)
    {
        if (IsV4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)_low);
        }
        else if (IsV6)
        {
            BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
            BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
        }

        return _length;
    }

    /// <inheritdoc/>
    public bool Equals(IpAddress other) => _low == other._low && _high == other._high && _length == other._length;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is IpAddress other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_high, _low, _length);

    /// <summary>Orders IPv4 before IPv6, then by number.</summary>
    public int CompareTo(IpAddress other) =>
        _length != other._length ? _length.CompareTo(other._length) : _high != other._high
            ? _high.CompareTo(other._high) : _low.CompareTo(other._low);

    /// <summary>The canonical text (RFC 5952 for IPv6); "" for no address.</summary>
    public override string ToString() => IsNone ? "" : ToIPAddress().ToString();

    /// <summary>Equality.</summary>
    public static bool operator ==(IpAddress left, IpAddress right) => left.Equals(right);

    /// <summary>Inequality.</summary>
    public static bool operator !=(IpAddress left, IpAddress right) => !left.Equals(right);

    /// <summary>Order.</summary>
    public static bool operator <(IpAddress left, IpAddress right) => left.CompareTo(right) < 0;

    /// <summary>Order.</summary>
    public static bool operator >(IpAddress left, IpAddress right) => left.CompareTo(right) > 0;

    /// <summary>Order.</summary>
    public static bool operator <=(IpAddress left, IpAddress right) => left.CompareTo(right) <= 0;

    /// <summary>Order.</summary>
    public static bool operator >=(IpAddress left, IpAddress right) => left.CompareTo(right) >= 0;
}
