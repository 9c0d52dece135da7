using System.Globalization;
using System.Text.RegularExpressions;
using Probe.Lab.Networks;

namespace Probe.Lab.Instruments;

/// <summary>Counts packets of a namespace in nft, so that nothing has to be captured to know how many there were.</summary>
public sealed partial class PacketCounter : IDisposable
{
    private readonly KernelLab _lab;
    private readonly string _namespace;
    private readonly string _table;

    /// <summary>Counts from now on.</summary>
    /// <param name="lab">Runs nft.</param>
    /// <param name="name">The namespace.</param>
    /// <param name="hook">Where: <c>output</c>, <c>input</c>, <c>prerouting</c>, ….</param>
    /// <param name="match">What, in nft's words; several lines count what matches any of them.</param>
    public PacketCounter(KernelLab lab, string name, string hook, params string[] match)
    {
        (_lab, _namespace) = (lab, name);
        _table = "count_" + hook;
        KernelLab.Nft(name, $$"""
            table inet {{_table}} {
              counter seen { }
              chain count {
                type filter hook {{hook}} priority -200; policy accept;
                {{string.Join('\n', match.Select(line => line + " counter name seen accept"))}}
              }
            }
            """);
    }

    /// <summary>Packets so far.</summary>
    public long Packets
    {
        get
        {
            var listed = _lab.Run(_namespace, TimeSpan.FromSeconds(30), "nft", "list", "counter", "inet", _table, "seen")
                .MustSucceed().Output;
            return long.Parse(Count().Match(listed).Groups["count"].ValueSpan, CultureInfo.InvariantCulture);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => KernelLab.Nft(_namespace, $"delete table inet {_table}");

    [GeneratedRegex(@"packets (?<count>\d+) bytes", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Count();
}
