namespace Probe.Core.Linux;

/// <summary>
/// Constants of TCP sockets as linux/tcp.h and linux/in.h have them (the C library's headers lag behind), C names verbatim.
/// </summary>
internal static class TcpConstants
{
    public const int TCP_NODELAY = 1;
    public const int TCP_SYNCNT = 7;
    public const int TCP_INFO = 11;
    public const int TCP_SAVE_SYN = 27;
    public const int TCP_SAVED_SYN = 28;
    public const int TCPI_OPT_TIMESTAMPS = 1;
    public const int IP_BIND_ADDRESS_NO_PORT = 24;
    public const int IP_LOCAL_PORT_RANGE = 51;

    public const int TCP_QUICKACK = 12;
}
