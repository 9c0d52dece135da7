namespace Probe.Core.Capture;

/// <summary>An IP packet out of a capture file. The octets are valid until the next one is read.</summary>
public readonly ref struct FilePacket
{
    /// <summary>The packet from its IP header on, without what the link layer put around it.</summary>
    public required ReadOnlySpan<byte> Octets { get; init; }

    /// <summary>Octets that it had on the wire, IP header included; more than <see cref="Octets"/> holds when it was cut.</summary>
    public required int Length { get; init; }

    /// <summary>When it was captured, nanoseconds since 1970 (UTC) by the clock of that host; 0 where the file has no time.</summary>
    public required long UnixNs { get; init; }

    /// <summary>Name of the interface; "if" and its index where only that is known, null where nothing is.</summary>
    public required string? Interface { get; init; }

    /// <summary>What somebody wrote beside it, a line for each comment; null for nothing. A stranger's text.</summary>
    public required string? Comment { get; init; }

    /// <summary>The host that captured sent it (true) or received it (false); null where the file does not tell.</summary>
    public required bool? Outgoing { get; init; }
}

/// <summary>A packet as it stands in the file, the link layer's header included.</summary>
internal readonly ref struct RawFilePacket
{
    public required LinkType LinkType { get; init; }

    public required ReadOnlySpan<byte> Octets { get; init; }

    public required long Length { get; init; }

    public required long UnixNs { get; init; }

    public string? Interface { get; init; }

    public string? Comment { get; init; }

    public bool? Outgoing { get; init; }
}

/// <summary>The packets of a file of one format, in its order.</summary>
internal interface IPacketFile : IDisposable
{
    /// <summary>Reads the next one; false at the end.</summary>
    /// <exception cref="CaptureFileException">The file is damaged, or ends within a packet.</exception>
    bool TryRead(out RawFilePacket packet);
}
