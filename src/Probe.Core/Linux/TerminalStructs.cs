using System.Runtime.InteropServices;

// CS8981: the names are the kernel's.
#pragma warning disable CS8981

namespace Probe.Core.Linux;

// Structs of terminals; C names and fields verbatim.

/// <summary>Settings of a terminal (termios.h of the C library, not the kernel's shorter one).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct termios
{
    public uint c_iflag;
    public uint c_oflag;
    public uint c_cflag;
    public uint c_lflag;
    public byte c_line;
    public fixed byte c_cc[32];
    public uint c_ispeed;
    public uint c_ospeed;
}

/// <summary>Size of a terminal's window.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct winsize
{
    public ushort ws_row;
    public ushort ws_col;
    public ushort ws_xpixel;
    public ushort ws_ypixel;
}
