using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Health;

/// <summary>One thing to check.</summary>
public sealed record CheckTarget
{
    private static readonly CheckQuestion s_halfOpen = new();

    /// <summary>Its place in the run, from 0; what outcomes name it by. <see cref="TargetTable.Add"/> gives it.</summary>
    public int Index { get; init; }

    /// <summary>The target as the user wrote it.</summary>
    public required string Name { get; init; }

    /// <summary>Where it is.</summary>
    public required IpAddress Address { get; init; }

    /// <summary>Port; 0 for <see cref="CheckKind.Icmp"/>.</summary>
    public required ushort Port { get; init; }

    /// <summary>
    /// Encapsulations around its packets, outermost first; the answer comes straight from <see cref="Address"/>. Empty for none.
    /// </summary>
    public EncapsulationStack Via { get; init; }

    /// <summary>The real server behind a load balancer; null for none.</summary>
    public string? Real { get; init; }

    /// <summary>Its weight there; null where none is known.</summary>
    public int? Weight { get; init; }

    /// <summary>Where its packets go first: the tunnel's far end, or itself. What stands between is this host's way out.</summary>
    public IpAddress SentTo => Via.IsEmpty ? Address : Via.Layers[0].Remote;

    /// <summary>Host of an HTTP request and server name of a TLS handshake; null for the address.</summary>
    public string? Host { get; init; }

    /// <summary>What is asked of it.</summary>
    public CheckQuestion Question { get; init; } = s_halfOpen;

    /// <summary>How long one answer may take, nanoseconds.</summary>
    public long TimeoutNs { get; init; } = 1_000_000_000;

    /// <summary>From the begin of one check of it to the next, nanoseconds; 0 for as soon as the pace allows.</summary>
    public long IntervalNs { get; init; }

    /// <summary>The kind of its question.</summary>
    public CheckKind Kind => Question.Kind;

    /// <summary>What makes it the same check in another reading of a configuration.</summary>
    public CheckKey Key => CheckKey.Of(this);
}
