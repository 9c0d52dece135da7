using Probe.Core.Packets;

namespace Probe.Core.Conversations;

/// <summary>Where a conversation goes and how.</summary>
public sealed record TcpConversationOptions
{
    /// <summary>Whom to connect to.</summary>
    public required IpAddress Target { get; init; }

    /// <summary>The port.</summary>
    public required ushort Port { get; init; }

    /// <summary>Local address; none lets the route choose.</summary>
    public IpAddress Source { get; init; }

    /// <summary>Interface; null for any.</summary>
    public string? Interface { get; init; }

    /// <summary>Mark for policy routing.</summary>
    public uint? Mark { get; init; }

    /// <summary>TOS or traffic class octet.</summary>
    public byte TrafficClass { get; init; }
}
