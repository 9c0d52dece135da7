using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Health;

/// <summary>How a <see cref="DialogueEngine"/> sends, and what it says and wants to hear.</summary>
public sealed record DialogueOptions
{
    /// <summary>What is done.</summary>
    public CheckKind Kind { get; init; } = CheckKind.Connect;

    /// <summary>Most checks in flight.</summary>
    public int InFlight { get; init; } = 1000;

    /// <summary>Local address; none lets the route choose.</summary>
    public IpAddress Source { get; init; }

    /// <summary>Interface to send by; null for any.</summary>
    public string? Interface { get; init; }

    /// <summary>Mark for policy routing; 0 for none.</summary>
    public uint Mark { get; init; }

    /// <summary>TOS or traffic class octet: DSCP × 4.</summary>
    public byte TrafficClass { get; init; }

    /// <summary>A TLS handshake comes before what is said. No certificate is judged: that the handshake ends is what is checked.</summary>
    public bool Tls { get; init; }

    /// <summary>Server name of the handshake (SNI) and of the HTTP request; null for the target's own.</summary>
    public string? ServerName { get; init; }

    /// <summary>Path of the HTTP request.</summary>
    public string HttpPath { get; init; } = "/";

    /// <summary>Octets to send; empty for none.</summary>
    public ReadOnlyMemory<byte> Send { get; init; }

    /// <summary>What the answer must hold; null for anything.</summary>
    public ExpectedAnswer? Expect { get; init; }

    /// <summary>UDP: no answer and no ICMP error counts as the expected answer.</summary>
    public bool SilenceIsUp { get; init; }
}
