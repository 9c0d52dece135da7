namespace Probe.Core.Linux;

/// <summary>Constants of terminals (termios.h), C names verbatim.</summary>
internal static class TerminalConstants
{
    public const uint ICANON = 2;
    public const uint ECHO = 8;
    public const int VMIN = 6;
    public const int VTIME = 5;
    public const int TCSADRAIN = 1;
    public const int TCSAFLUSH = 2;
    public const uint TIOCGWINSZ = 0x5413;
}
