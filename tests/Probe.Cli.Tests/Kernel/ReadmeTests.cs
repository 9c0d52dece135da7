using System.Text.RegularExpressions;
using Probe.Cli.Parsing;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Kernel;

/// <summary>The README's examples: what stands there is what a user gets, times and random numbers aside.</summary>
public sealed partial class ReadmeTests : IDisposable
{
    private static readonly string s_readme = File.ReadAllText(Path.Combine(Child.Tree, "README.md"));
    private readonly KernelLab _lab = new();

    public void Dispose() => _lab.Dispose();

    /// <summary>All but those that stand for many, with a word in capitals for what a user writes there.</summary>
    public static TheoryData<string> Commands =>
        [.. CommandLine().Matches(s_readme).Select(match => match.Groups["line"].Value).Where(line => !Placeholder().IsMatch(line)).Distinct(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_command_line_is_one_that_the_program_takes(string line)
    {
        var parse = new RootProbeCommand(new EverywhereOptions()).Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Null(UsageErrors.UnknownWord(parse));
        Assert.Empty(parse.Errors);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_first_hop_that_lies_is_called_what_it_is()
    {
        var line = LinuxLine.Build(_lab, 9);
        using var lie = new BadHop(line, 1, v6: false, LyingHopTests.Lie(ProbeProtocol.Tcp, 0));
        AssertShown(line, "trace -n --tcp -c 3 -i 200ms 10.9.9.2");
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_hole_of_1400_octets_behind_the_second_router()
    {
        var line = LinuxLine.Build(_lab, 3);
        line.Narrow(3, 1400);
        line.Silence();
        using var listener = new CheckedListener(line.Server);

        // How many packets a search takes depends on what is answered first.
        AssertShown(line, "mtu -n --tcp -p 80 10.9.3.2", row => !SizeRow().IsMatch(row) || row.StartsWith("✓ 1400", StringComparison.Ordinal));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Many_hosts_of_both_families_at_once()
    {
        var line = LinuxLine.Build(_lab, 5);
        AssertShown(line, "trace -n --udp 10.9.1.2 10.9.3.2 10.9.5.2 fd09:2::2 203.0.113.1");
    }

    /// <summary>Every line below a command of the README is among those it prints here.</summary>
    private static void AssertShown(LinuxLine line, string command, Func<string, bool>? compares = null)
    {
        var start = s_readme.IndexOf($"# probe {command}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"the README shows no {command}");
        var example = s_readme[start..s_readme.IndexOf("\n```", start, StringComparison.Ordinal)].Split('\n').Skip(1)
            .Where(row => row.Trim() != "…" && (compares is null || compares(row))).Select(Constant);
        var result = line.Probe(command.Split(' '));
        var shown = result.Output.Split('\n').Select(Constant).ToHashSet(StringComparer.Ordinal);
        Assert.All(example, row => Assert.True(shown.Contains(row), $"not printed: {row}\n{result}"));
    }

    /// <summary>A line without what differs from run to run: times, counts of packets, the room for them.</summary>
    private static string Constant(string row) => Room().Replace(Varying().Replace(row, "N"), " ").Trim();

    [GeneratedRegex(@"^(?:# |sudo \./)probe (?<line>[^#|\n]+?)\s*(?:#.*)?$|`probe (?<line>(?:trace|check|mtu|report|doctor) [^`|$>…]+)`",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex CommandLine();

    [GeneratedRegex("[A-Z]{4}", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"(?<![\d.])\d+\.\d+(?= ms| s|\s|$)|\d+(?= of \d)|(?<= of )\d+|\d+(?= (?:packets|probes) )|(?<=after )\d+", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Varying();

    [GeneratedRegex("^[✓✗⋮]", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex SizeRow();

    [GeneratedRegex(@"\s+", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Room();
}
