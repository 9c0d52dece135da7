using System.Text.RegularExpressions;
using System.Text;
using System.Xml.Linq;
using Probe.Cli.Output;
using Probe.Cli.Trace;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using static Probe.Testing.PathSamples;

namespace Probe.Cli.Tests.Trace;

/// <summary>The path as DOT, Mermaid, ticket block, and the file of its picture.</summary>
public partial class TraceOutputTests
{
    private const string Evil = "a\"]--><b onclick='x'>y</b>\e[2J%%{init: {}}%%|`c` end; #quot; &lt; \\N \\";
    private const string Folder = "tests/Probe.Cli.Tests/Golden";

    private static Dictionary<string, TraceEvidence> Samples { get; } = new(StringComparer.Ordinal)
    {
        ["diamond"] = Diamond(), ["unequal"] = Unequal(), ["silent"] = Silent(), ["per-packet"] = PerPacket(), ["hostile"] = Named(Diamond(), _ => Evil),
    };

    public static TheoryData<string> Names() => [.. Samples.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Dot_as_it_is_printed(string name) => Golden.Check($"{Folder}/{name}.dot", Dot(Samples[name]));

    [Theory]
    [MemberData(nameof(Names))]
    public void Mermaid_as_it_is_printed(string name) => Golden.Check($"{Folder}/{name}.mmd", Mermaid(Samples[name]));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_ticket_block_as_it_is_printed(string name) => Golden.Check($"{Folder}/{name}.txt", Paste(Samples[name]));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_table_of_all_paths_as_it_is_printed(string name) => Golden.Check($"{Folder}/{name}.table", Table(Samples[name] with
    {
        Multipath = new MultipathEvidence
        {
            Mode = MultipathAlgorithm.Mda, Confidence = 95, Scope = ConfidenceScope.Hop, GraphConfidence = 81.451, SmallestShareSeen = 0.393, Assumes = "a node spreads flows evenly over its next hops",
            Probes = 78, Complete = true,
        },
    }));

    [Fact]
    public void A_table_says_what_a_search_did_not_find_out()
    {
        var search = new MultipathEvidence { Mode = MultipathAlgorithm.MdaLite, Confidence = 99.9, Scope = ConfidenceScope.Hop, SmallestShareSeen = 0.5, Probes = 30, Complete = false };
        var unfinished = Table(Diamond() with { Multipath = search });
        Assert.Contains("30 probes, MDA-LITE, not complete.", unfinished, StringComparison.Ordinal);
        Assert.Contains("Asked for: 99.9 % of each node's next hops; the search ended before, so more paths may exist.", unfinished, StringComparison.Ordinal);
        Assert.DoesNotContain("Confidence:", unfinished, StringComparison.Ordinal);
        Assert.Contains("Confidence: 99.9 % of each node's next hops, 99.5 % of the whole graph;", Table(Diamond() with { Multipath = search with { Complete = true, GraphConfidence = 99.5 } }), StringComparison.Ordinal);
        Assert.Contains("Confidence: 99.9 % of the whole graph;", Table(Diamond() with { Multipath = search with { Complete = true, Scope = ConfidenceScope.Graph, GraphConfidence = 99.9 } }), StringComparison.Ordinal);

        // Twenty-six letters are not enough for every hop.
        Assert.Matches(@"\n *2bl ", Table(Wide(64) with { Multipath = search }));
        Assert.Contains("2a-2bl", Table(Wide(64) with { Multipath = search }), StringComparison.Ordinal);
    }

    [NeedsFact(Need.None, "dot")]
    public void Graphviz_draws_every_address_and_link_of_any_document()
    {
        var random = new Random(Seed.Value);
        using var folder = new TemporaryFolder();
        foreach (var trace in Samples.Values.Append(Wide(64)).Append(Named(Silent(), _ => HostileText.Next(random))).Append(Named(Unequal(), _ => HostileText.Next(random))))
        {
            var file = Path.Combine(folder.Path, "path.dot");
            File.WriteAllText(file, Dot(trace));
            var ended = Child.Run("dot", ["-Tsvg", file]);
            Assert.True(ended.Status == 0 && ended.Error.Length == 0, ended.ToString());
            var drawn = XDocument.Parse(WithoutDoctype(ended.Output)).Descendants().Where(element => element.Name.LocalName == "g").ToList();
            var texts = drawn.Descendants().Where(element => element.Name.LocalName == "text").Select(text => text.Value).ToHashSet(StringComparer.Ordinal);
            Assert.Equal(Probe.Report.Paths.PathGraph.Of(trace).Edges.Count, drawn.Count(g => g.Attribute("class")?.Value == "edge"));
            Assert.All(trace.Hops.SelectMany(hop => hop.Nodes), node =>
            {
                Assert.Contains(node.Address, texts);
                if (!string.IsNullOrEmpty(node.Name))
                {
                    // Graphviz writes no-break spaces.
                    Assert.Contains(StrangerText.Clean(node.Name, 40), texts.Select(text => text.Replace('\u00a0', ' ')));
                }
            });
        }
    }

    [Theory]
    [InlineData(8, false)]
    [InlineData(28, false)]
    [InlineData(29, true)]
    [InlineData(64, true)]
    public void Mermaid_stays_within_what_is_drawn_everywhere_and_says_what_it_merged(int width, bool merges)
    {
        var text = Mermaid(Wide(width));

        Assert.InRange(MermaidLink().Count(text), 4, TraceMermaid.MostLinks + 8);
        Assert.Equal(merges, text.Contains($"%% TTL 2: {width} nodes are drawn as one", StringComparison.Ordinal));
        Assert.Equal(merges, text.Contains($"[[\"TTL 2<br/>{width} addresses\"]]", StringComparison.Ordinal));
        Assert.True(!merges || MermaidLink().Count(text) <= TraceMermaid.MostLinks);
    }

    [Fact]
    public void Nothing_of_a_stranger_is_syntax_in_mermaid()
    {
        var random = new Random(Seed.Value);
        var pattern = MermaidLine();
        for (var i = 0; i < 200; i++)
        {
            var trace = Named(Silent(), _ => random.Next(3) == 0 ? Evil : HostileText.Next(random)) with { Target = HostileText.Next(random), Source = HostileText.Next(random) };
            Assert.All(Mermaid(trace).Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1), line => Assert.Matches(pattern, line));
        }
    }

    [Fact]
    public void A_ticket_block_has_the_columns_of_mtr()
    {
        var lines = Paste(Diamond()).Split('\n');

        Assert.Equal("Start: 2026-11-21T04:51:00.120000000Z", lines[0]);
        Assert.StartsWith("HOST: prober (10.0.0.2) -> example.net (203.0.113.9)", lines[1], StringComparison.Ordinal);
        Assert.EndsWith("  Loss%   Snt   Last   Avg  Best  Wrst StDev", lines[1], StringComparison.Ordinal);
        Assert.All(lines[2..8], line => Assert.Equal(lines[1].Length, line.Length));
        Assert.Matches(@"^  2\.\|-- 10\.0\.1\.1 +0\.0%    20    0\.4   3\.0   0\.3  12\.3   1\.2$", lines[3]);
        Assert.Matches(@"^    \|  `\|-- 10\.0\.2\.1 ", lines[4]);
        Assert.Matches(@"^    \|   \|-- 10\.0\.3\.1 ", lines[5]);
    }

    [Fact]
    public void A_ticket_block_says_what_is_no_loss_and_what_was_left_out()
    {
        var line = Of("10.0.0.1 10.0.0.5 * 10.0.0.9 * * * 10.0.0.7 * *");
        line = line with { Hops = [line.Hops[0] with { Received = 4, RateLimited = 0.6, Loss = 0, Nodes = [line.Hops[0].Nodes[0] with { Received = 4 }] }, .. line.Hops.Skip(1)] };
        var text = Paste(line);

        Assert.Matches(@"(?m)^  1\.\|-- 10\.0\.0\.1 +60\.0%    10 ", text);
        Assert.Matches(@"(?m)^  3\.\|-- \?\?\? +100\.0%    10 ", text);
        Assert.Contains("\nBehind hop 9, up to TTL 10: no answer either.\n", text, StringComparison.Ordinal);
        Assert.Contains("Hops 1, 3, 5 to 7: later hops prove that probes passed", text, StringComparison.Ordinal);
        Assert.Contains("The target did not answer.", text, StringComparison.Ordinal);
    }

    [Fact]
    public void As_numbers_stand_in_every_output_that_has_them()
    {
        var trace = Diamond();
        trace = trace with { Hops = [trace.Hops[0] with { Nodes = [trace.Hops[0].Nodes[0] with { Asn = 64500, AsName = "Example, =Net" }] }, .. trace.Hops.Skip(1)] };

        Assert.Contains("  1.|-- AS64500     10.0.0.1", Paste(trace), StringComparison.Ordinal);
        Assert.Contains("    |  `|-- AS???       10.0.2.1", Paste(trace), StringComparison.Ordinal);
        Assert.Contains("AS64500 Example, =Net", Dot(trace), StringComparison.Ordinal);
        Assert.Contains("AS64500 Example, #61;Net", Mermaid(trace), StringComparison.Ordinal);
        Assert.Contains("AS64500 Example, =Net", Probe.Report.Charts.PathPicture.Render(trace), StringComparison.Ordinal);
        var table = Text(writer => TraceTable.Write(trace, Document(trace), writer, Palette.None, systems: true)).Split('\n');
        Assert.Equal(table[1].IndexOf("AS ", StringComparison.Ordinal), table[2].IndexOf("AS64500 Example, =Net", StringComparison.Ordinal));
        Assert.Contains("  -  ", table[3], StringComparison.Ordinal);
    }

    [Fact]
    public void Csv_gets_as_columns_at_its_end_and_only_when_asked()
    {
        var trace = Silent();
        trace = trace with { Hops = [trace.Hops[0] with { Nodes = [trace.Hops[0].Nodes[0] with { Asn = 64500, AsName = "=Net" }] }, .. trace.Hops.Skip(1)] };
        var (plain, asked) = (Csv(trace, false), Csv(trace, true));

        Assert.EndsWith(",rate_limited,asn,as_name", asked[0], StringComparison.Ordinal);
        Assert.EndsWith(",64500,\"'=Net\"", asked[1], StringComparison.Ordinal);
        Assert.Equal(plain.Length, asked.Length);
        Assert.All(plain.Zip(asked), rows => Assert.StartsWith(rows.First + ",", rows.Second + ",", StringComparison.Ordinal));
        Assert.All(asked.Skip(2).SkipLast(1), row => Assert.EndsWith(",,", row, StringComparison.Ordinal));

        static string[] Csv(TraceEvidence trace, bool systems) => Text(writer => TraceCsv.Write(trace, writer, systems)).Split("\r\n");
    }

    [NeedsFact(Need.Root)]
    public void The_picture_goes_to_its_file_beside_any_output()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "p.svg");
        File.WriteAllText(file, new string('x', 100_000));
        var ended = Child.RunProbe("trace", "127.0.0.1", "-n", "-c", "1", "--dot", "--svg", file);

        Assert.True(ended.Status == 0, ended.ToString());
        Assert.StartsWith("digraph path {", ended.Output, StringComparison.Ordinal);
        Assert.Equal("Path to 127.0.0.1", XDocument.Load(file).Root!.Elements().First().Value);
    }

    [Fact]
    public void A_picture_that_cannot_be_written_costs_no_packet()
    {
        // A name that cannot resolve: the file is refused before anybody is asked.
        var ended = Child.RunProbe("trace", "no-such.invalid", "--svg", "/proc/p.svg");
        Assert.Equal(3, ended.Status);
        Assert.StartsWith("probe: cannot write /proc/p.svg: ", Assert.Single(ended.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_fails_leaves_files_as_they_were()
    {
        using var folder = new TemporaryFolder();
        var (old, fresh) = (Path.Combine(folder.Path, "old.svg"), Path.Combine(folder.Path, "new.svg"));
        File.WriteAllText(old, "kept");

        Assert.Equal(3, Child.RunProbe("trace", "no-such.invalid", "--svg", old).Status);
        Assert.Equal(3, Child.RunProbe("trace", "no-such.invalid", "--svg", fresh).Status);
        Assert.Equal("kept", File.ReadAllText(old));
        Assert.False(File.Exists(fresh));
    }

    private static Bundle Document(TraceEvidence trace) => Testing.Samples.Document(trace);

    private static string Dot(TraceEvidence trace) => Text(writer => TraceDot.Write(trace, writer));

    private static string Mermaid(TraceEvidence trace) => Text(writer => TraceMermaid.Write(trace, writer));

    private static string Table(TraceEvidence trace) => Text(writer => TraceTable.Write(trace, Document(trace), writer, Palette.None));

    private static string Paste(TraceEvidence trace) => Text(writer => TracePaste.Write(trace, Document(trace), writer));

    private static string Text(Action<TextWriter> write)
    {
        var writer = new StringWriter(new StringBuilder()) { NewLine = "\n" };
        write(writer);
        return writer.ToString();
    }

    private static string WithoutDoctype(string svg) => svg[svg.IndexOf("<svg", StringComparison.Ordinal)..];

    // What our own syntax around harmless text can look like; nothing else may appear.
    [GeneratedRegex("""\A  (%% ([\w .,:/#;()-]|%(?!%))*|n\d+\[\[?"([\w .,:/#;()-]|%(?!%)|<br/>)*"\]\]?|n\d+ (-->|-\.->)(\|"[\w .,%]*"\|)? n\d+|classDef \w+ [\w:,# -]+|class [n\d,]+ \w+)\z""",
        RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MermaidLine();

    [GeneratedRegex("""^  n\d+ -[-.]""", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MermaidLink();
}
