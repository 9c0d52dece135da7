using System.Runtime.InteropServices;
using static Probe.Core.Linux.NetlinkConstants;

namespace Probe.Core.Linux.Netlink;

/// <summary>Walks netlink attributes; never reads past their end.</summary>
internal ref struct NetlinkAttributes
{
    private const ushort TypeMask = unchecked((ushort)~(NLA_F_NESTED | NLA_F_NET_BYTEORDER));

    private ReadOnlySpan<byte> _rest;

    public NetlinkAttributes(ReadOnlySpan<byte> octets)
    {
        _rest = octets;
        Value = default;
    }

    /// <summary>RTA_…, IFLA_…</summary>
    public ushort Type { get; private set; }

    /// <summary>The attribute's octets.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>The attribute as a number in host order; 0 when it is too short.</summary>
    public readonly uint Number => Value.Length >= sizeof(uint) ? MemoryMarshal.Read<uint>(Value) : 0;

    /// <summary>Steps to the next attribute.</summary>
    public unsafe bool MoveNext()
    {
        if (_rest.Length < sizeof(rtattr))
        {
            return false;
        }

        var header = MemoryMarshal.Read<rtattr>(_rest);
        if (header.rta_len < sizeof(rtattr) || header.rta_len > _rest.Length)
        {
            return false;
        }

        Type = (ushort)(header.rta_type & TypeMask);
        Value = _rest[sizeof(rtattr)..header.rta_len];
        _rest = _rest[Math.Min(NetlinkSocket.Align(header.rta_len), _rest.Length)..];
        return true;
    }
}
