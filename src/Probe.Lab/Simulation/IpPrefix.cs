using System.Globalization;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>Addresses that share their first bits. The default value holds none.</summary>
public readonly record struct IpPrefix : IComparable<IpPrefix>
{
    /// <summary>Makes a prefix; bits of the address beyond its length are cleared.</summary>
    public IpPrefix(IpAddress address, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, address.Length * 8);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        Address = Cut(address, length);
    }

    /// <summary>All of IPv4.</summary>
    public static IpPrefix AllV4 => new(IpAddress.AnyV4, 0);

    /// <summary>All of IPv6.</summary>
    public static IpPrefix AllV6 => new(IpAddress.AnyV6, 0);

    public IpAddress Address { get; }

    /// <summary>Bits, 0 to 32 or 128.</summary>
    public int Length { get; }

    /// <summary>One address alone.</summary>
    public static IpPrefix Of(IpAddress address) => new(address, address.Length * 8);

    /// <summary>Reads <c>10.0.0.0/8</c>; an address without a length stands for itself.</summary>
    /// <exception cref="FormatException">The text is no prefix.</exception>
    public static IpPrefix Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
        {
            return Of(IpAddress.Parse(text));
        }

        var address = IpAddress.Parse(text[..slash]);
        return int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            && length <= address.Length * 8
            ? new IpPrefix(address, length)
            : throw new FormatException($"'{text}' is not a prefix.");
    }

    public bool Contains(IpAddress address) => address.Length == Address.Length && Address.Length != 0 && Cut(address, Length) == Address;

    public bool Contains(IpPrefix other) => other.Length >= Length && Contains(other.Address);

    public int CompareTo(IpPrefix other) =>
        Address.CompareTo(other.Address) is var order && order != 0 ? order : Length.CompareTo(other.Length);

    public override string ToString() => Length == Address.Length * 8 ? Address.ToString() : $"{Address}/{Length}";

    /// <summary>The first bits of an address, the others cleared.</summary>
    internal static IpAddress Cut(IpAddress address, int length)
    {
        var width = address.Length * 8;
        if (length >= width)
        {
            return address;
        }

        var bits = length == 0 ? UInt128.Zero : address.Bits >> (width - length) << (width - length);
        return address.IsV4 ? IpAddress.FromV4((uint)bits) : IpAddress.FromV6(bits);
    }
}
