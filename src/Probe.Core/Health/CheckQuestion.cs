using Probe.Core.Vocabulary;

namespace Probe.Core.Health;

/// <summary>What is asked of a target, and which answer is the expected one. Targets that are asked the same may share one.</summary>
public sealed record CheckQuestion
{
    /// <summary>What is done.</summary>
    public CheckKind Kind { get; init; }

    /// <summary>What must be seen.</summary>
    public ExpectedState Expected { get; init; }

    /// <summary>A TLS handshake comes before the request. No certificate is judged: that the handshake ends is what is checked.</summary>
    public bool Tls { get; init; }

    /// <summary>Server name of the handshake (SNI) and of the HTTP request; null for the target's own.</summary>
    public string? ServerName { get; init; }

    /// <summary>Path of the HTTP request.</summary>
    public string HttpPath { get; init; } = "/";

    /// <summary>Octets to send; empty for none.</summary>
    public ReadOnlyMemory<byte> Send { get; init; }

    /// <summary>What the answer must hold; null for anything.</summary>
    public ExpectedAnswer? Expect { get; init; }

    /// <summary>A datagram is the answer expected.</summary>
    public bool IsAnsweredBy(ReadOnlySpan<byte> datagram) => Expect is null || Expect.IsIn(datagram);

    /// <summary>UDP: no answer and no ICMP error counts as the expected answer.</summary>
    public bool SilenceIsUp { get; init; }
}
