using Probe.Core.Host;

namespace Probe.Core.Health;

/// <summary>
/// What checks by raw packets will do to the connection tracking table: each SYN passes LOCAL_OUT and takes an entry, and a full table
/// drops everybody's connections. A kernel socket's entries are the same; its rate is an order lower.
/// </summary>
public readonly record struct ConntrackForecast
{
    // Share of the free room.
    private const double TooMuch = 0.5;

    /// <summary>Entries at their most: rate × lifetime, and no more than there are pairs of ends.</summary>
    public required double Entries { get; init; }

    /// <summary>Room before the run.</summary>
    public required long Free { get; init; }

    /// <summary>Checks a second that keep to a tenth of the room; what was asked for where that does.</summary>
    public required double PerSecond { get; init; }

    /// <summary>At the rate that was asked for, more than half of the room would go.</summary>
    public bool IsTooMuch => Entries > Free * TooMuch;

    /// <summary>Foretells a run.</summary>
    /// <param name="table">The table; null where nothing tracks connections.</param>
    /// <param name="targets">How many targets.</param>
    /// <param name="checksEach">How many checks of each.</param>
    /// <param name="perSecond">Most checks begun a second; may be infinite.</param>
    public static ConntrackForecast Of(ConntrackTable? table, int targets, int checksEach, double perSecond)
    {
        if (table is null)
        {
            return new ConntrackForecast { Entries = 0, Free = long.MaxValue, PerSecond = perSecond };
        }

        // A check from the same port is the same entry.
        var most = (double)targets * Math.Min(checksEach, RawPorts.Each);
        var entries = Math.Min(perSecond * table.LifetimeSeconds, most);
        return new ConntrackForecast
        {
            Entries = entries,
            Free = table.Free,
            PerSecond = entries <= table.Spare ? perSecond : Math.Min(perSecond, table.SparePerSecond),
        };
    }
}
