using Probe.Core.Probing;

namespace Probe.Core.PathMtu;

/// <summary>The sizes that a search may ask for, octets of the innermost IP packet.</summary>
internal sealed class SizeRange
{
    /// <summary>Every IPv6 link carries so much (RFC 8200 section 5).</summary>
    public const int LeastV6 = 1280;

    private const int Claims = 4;
    private const int Parts = 7;

    /// <summary>Works it out.</summary>
    /// <exception cref="ArgumentException">The sizes leave no room.</exception>
    public SizeRange(PathMtuOptions options)
    {
        Options = options;
        Overhead = options.Via.Overhead;
        Largest = Math.Min(options.LargestSize ?? int.MaxValue, Math.Min(options.FirstHopMtu, ushort.MaxValue) - Overhead);
        var isV6 = options.Target.IsV6;
        Smallest = options.CrossChecks.Select(question => question.Protocol).Append(options.Protocol)
            .Max(protocol => Math.Max(options.SmallestSize ?? (isV6 ? 100 : 68), ProbeWriter.MinimumSize(protocol, isV6)));
        if (Largest < Smallest)
        {
            throw new ArgumentException($"The first link's {options.FirstHopMtu} octets leave {Largest} for the packet inside.",
                nameof(options));
        }
    }

    /// <summary>What is asked.</summary>
    public PathMtuOptions Options { get; }

    /// <summary>Octets that the encapsulation adds.</summary>
    public int Overhead { get; }

    /// <summary>Largest size tried.</summary>
    public int Largest { get; }

    /// <summary>Smallest size tried.</summary>
    public int Smallest { get; }

    /// <summary>Common sizes between; those no IPv6 link may fall below only when they are left.</summary>
    public IEnumerable<int> Table(int answered, int bad) =>
        CommonSizes.Between(answered, bad, Overhead).Where(size => !Options.Target.IsV6 || bad <= LeastV6 || size >= LeastV6);

    /// <summary>Sizes right above the largest that is answered.</summary>
    public static SortedSet<int> Steps(int answered, int bad)
    {
        var sizes = new SortedSet<int>();
        foreach (var step in CommonSizes.Steps)
        {
            if (answered + step < bad)
            {
                sizes.Add(answered + step);
            }
        }

        sizes.Add(bad - 1);
        return sizes;
    }

    /// <summary>Sizes that cut what is left into equal parts.</summary>
    public static IEnumerable<int> Splits(int answered, int bad)
    {
        var room = bad - answered - 1;
        var count = Math.Min(Parts - 1, room);
        for (var i = 1; i <= count; i++)
        {
            yield return answered + (int)(((long)(bad - answered) * i) / (count + 1));
        }
    }

    /// <summary>The next size that somebody named and that was not tested.</summary>
    public int? NextClaim(SizeLedger ledger, int answered, int bad)
    {
        foreach (var signal in ledger.Signals)
        {
            var claim = signal.InnerMtu;
            if (!signal.Implausible && claim >= answered && claim < bad && (claim + 1 < bad || claim > answered) && claim >= Smallest
                && ledger.Claims.Count < Claims && ledger.Claims.Add(claim))
            {
                return claim;
            }
        }

        return null;
    }

    /// <summary>One size between: of common ones the one in the middle.</summary>
    public int MiddleOf(int answered, int bad)
    {
        var common = CommonSizes.Between(answered, bad, Overhead).ToArray();
        return common.Length > 2 ? common[common.Length / 2] : answered + ((bad - answered) / 2);
    }
}
