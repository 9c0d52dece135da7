namespace Probe.Core.Capture;

/// <summary>Numbers of pcapng's blocks and of their options (draft-ietf-opsawg-pcapng sections 3.5 and 4).</summary>
internal static class PcapngCodes
{
    /// <summary>Section Header Block; reads the same in both byte orders, so that a file is known by it.</summary>
    public const uint SectionHeader = 0x0A0D0D0A;

    /// <summary>Interface Description Block.</summary>
    public const uint InterfaceDescription = 1;

    /// <summary>Packet Block, which is obsolete.</summary>
    public const uint OldPacket = 2;

    /// <summary>Simple Packet Block.</summary>
    public const uint SimplePacket = 3;

    /// <summary>Enhanced Packet Block.</summary>
    public const uint EnhancedPacket = 6;

    /// <summary>A section's byte-order magic.</summary>
    public const uint ByteOrder = 0x1A2B3C4D;

    /// <summary>opt_endofopt, of every block.</summary>
    public const ushort EndOfOptions = 0;

    /// <summary>opt_comment, of every block.</summary>
    public const ushort Comment = 1;

    /// <summary>shb_userappl, of a section.</summary>
    public const ushort UserApplication = 4;

    /// <summary>if_name, of an interface.</summary>
    public const ushort InterfaceName = 2;

    /// <summary>if_tsresol, of an interface.</summary>
    public const ushort TimeResolution = 9;

    /// <summary>if_tsoffset, of an interface.</summary>
    public const ushort TimeOffset = 14;

    /// <summary>epb_flags, of a packet.</summary>
    public const ushort PacketFlags = 2;
}
