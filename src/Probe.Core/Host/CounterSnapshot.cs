using System.Globalization;
using Probe.Core.Evidence;

namespace Probe.Core.Host;

/// <summary>
/// The network counters of the calling thread's namespace at one moment, by the names that <c>nstat</c> prints: group and counter in one
/// word (<c>IpFragFails</c>, <c>TcpExtTCPTimeouts</c>, <c>Icmp6OutPktTooBigs</c>).
/// </summary>
public sealed class CounterSnapshot
{
    // thread-self: /proc/net shows the namespace of the process's first thread.
    private const string Folder = "/proc/thread-self/net";

    private CounterSnapshot(IReadOnlyDictionary<string, long> values) => Values = values;

    /// <summary>What was read; a counter that the kernel does not have is missing.</summary>
    public IReadOnlyDictionary<string, long> Values { get; }

    /// <summary>Reads snmp, netstat and snmp6; a file that cannot be read adds nothing.</summary>
    public static CounterSnapshot Read()
    {
        var values = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var file in (ReadOnlySpan<string>)["snmp", "netstat"])
        {
            AddTable(values, HostFactsReader.Lines(Path.Combine(Folder, file)));
        }

        AddList(values, HostFactsReader.Lines(Path.Combine(Folder, "snmp6")));
        return new CounterSnapshot(values);
    }

    /// <summary>
    /// A snapshot of a table of other origin: lines in pairs, <c>Ip: Forwarding …</c> above <c>Ip: 1 …</c>, and lines of name and value.
    /// </summary>
    public static CounterSnapshot Parse(string table, string list = "")
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(list);
        var values = new Dictionary<string, long>(StringComparer.Ordinal);
        AddTable(values, table.Split('\n'));
        AddList(values, list.Split('\n'));
        return new CounterSnapshot(values);
    }

    /// <summary>What moved since then, by name; counters that stood still, or that only one of the two has, are left out.</summary>
    public IReadOnlyDictionary<string, long> Since(CounterSnapshot before)
    {
        ArgumentNullException.ThrowIfNull(before);
        var moved = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (name, value) in Values)
        {
            if (before.Values.TryGetValue(name, out var was) && value != was)
            {
                moved.Add(name, value - was);
            }
        }

        return moved;
    }

    /// <summary>Both as the document holds them.</summary>
    public CountersEvidence Evidence(CounterSnapshot before)
    {
        ArgumentNullException.ThrowIfNull(before);
        return new CountersEvidence(before.Values, Values);
    }

    private static void AddTable(Dictionary<string, long> values, string[] lines)
    {
        for (var i = 0; i + 1 < lines.Length; i += 2)
        {
            var names = lines[i].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var numbers = lines[i + 1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (names.Length == 0 || numbers.Length == 0 || names[0] != numbers[0] || !names[0].EndsWith(':'))
            {
                return;
            }

            for (var n = 1; n < Math.Min(names.Length, numbers.Length); n++)
            {
                Add(values, names[0][..^1] + names[n], numbers[n]);
            }
        }
    }

    private static void AddList(Dictionary<string, long> values, string[] lines)
    {
        foreach (var line in lines)
        {
            if (line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is [var name, var number])
            {
                Add(values, name, number);
            }
        }
    }

    private static void Add(Dictionary<string, long> values, string name, string number)
    {
        if (long.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
        {
            values[name] = value;
        }
    }
}
