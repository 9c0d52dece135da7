using System.Runtime.InteropServices;

namespace Probe.Core.Linux;

#pragma warning disable CS8981 // C names verbatim

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

/// <summary>Constants of terminals and job control, C names verbatim.</summary>
internal static class TerminalConstants
{
    public const uint ICANON = 2;
    public const uint ECHO = 8;
    public const int VMIN = 6;
    public const int VTIME = 5;
    public const int TCSADRAIN = 1;
    public const int TCSAFLUSH = 2;
    public const uint TIOCGWINSZ = 0x5413;
    public const int F_GETFD = 1;
    public const int FD_CLOEXEC = 1;
    public const int F_DUPFD_CLOEXEC = 1030;
    public const int SIGSTOP = 19;
}
