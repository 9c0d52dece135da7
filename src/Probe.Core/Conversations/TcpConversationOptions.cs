using Probe.Core.Packets;
using Probe.Core.Probing;

namespace Probe.Core.Conversations;

/// <summary>Where a conversation goes and how.</summary>
public sealed record TcpConversationOptions : SendingOptions
{
    /// <param name="sending">What all packets of the run have in common.</param>
    public TcpConversationOptions(SendingOptions sending)
        : base(sending)
    {
    }

    /// <summary>Whom to connect to.</summary>
    public required IpAddress Target { get; init; }

    /// <summary>The port.</summary>
    public required ushort Port { get; init; }
}
