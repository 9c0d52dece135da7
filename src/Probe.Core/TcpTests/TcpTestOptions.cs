using Probe.Core.Conversations;

namespace Probe.Core.TcpTests;

/// <summary>What a test over established connections connects to and sends.</summary>
public sealed record TcpTestOptions
{
    /// <summary>Where the connections go.</summary>
    public required TcpConversationOptions To { get; init; }

    /// <summary>What is sent.</summary>
    public required TcpPayload Payload { get; init; }

    /// <summary>How long a handshake may take, nanoseconds.</summary>
    public long ConnectTimeoutNs { get; init; } = 2_000_000_000;

    /// <summary>How long one connection may take for its octets, nanoseconds; what is not acknowledged then is given up.</summary>
    public long TransferTimeoutNs { get; init; } = 3_000_000_000;
}
