using System.Globalization;
using System.Text;
using Markdig.Syntax.Inlines;
using Markdig.Syntax;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report.Tests.Diagnosis;
using Probe.Report.Tests.Markdown;
using static Probe.Testing.Samples;

namespace Probe.Report.Tests;

public class IncidentReportTests
{
    private const string Evil =
        "*b* <img src=x onerror=alert(1)> [a](javascript:alert(1)) `code` ```\n\n# head\n| a | b |\n|---|---|\n<script>alert(1)</script> \u001b]0;owned\u0007\u001b[2J\u009b31m \u202egpj.exe @admin http://evil.example/ &lt;";

    [Fact]
    public void The_report_of_a_lying_hop() =>
        Golden.Check("tests/Probe.Report.Tests/Golden/lying-hop.md", IncidentReport.Render(LyingHop("r2.example.net")));

    [Fact]
    public void The_report_of_a_loop_behind_a_rate_limited_hop()
    {
        var hops = "XABABAB".Select((router, i) => i == 1 ? LimitedHop(2, Node("10.0.0.65", received: 3)) : Hop(i + 1, Node($"10.0.0.{(int)router}"))).ToArray();
        var trace = Trace(false, hops) with { StopReason = StopReason.MaxTtl, LocalLost = 2 };
        Golden.Check("tests/Probe.Report.Tests/Golden/loop.md", IncidentReport.Render(Document(trace) with { Complete = false, EndReason = SweepEnd.Interrupted }));
    }

    [Fact]
    public void The_report_of_checks() => Golden.Check("tests/Probe.Report.Tests/Golden/checks.md", IncidentReport.Render(CheckSamples.Mixed()));

    [Fact]
    public void A_hostile_reverse_name_stays_text()
    {
        var report = IncidentReport.Render(LyingHop(Evil));
        AssertHarmless(report);
        var clean = StrangerText.Clean(Evil);
        Assert.Contains("\\u{1b}]0;owned\\u{7}", clean, StringComparison.Ordinal);
        var inCell = clean.Replace("|", "\\u{7c}", StringComparison.Ordinal);
        var codes = Parse(report).Descendants<CodeInline>().Select(code => code.Content).ToArray();
        Assert.Contains(inCell, codes, StringComparer.Ordinal);

        // The same by the rules of the GFM specification, which splits cells before it looks for code.
        var rows = report.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Select(GfmTable.Cells).ToArray();
        var row = Assert.Single(rows, cells => cells.Exists(cell => cell.Contains("onerror", StringComparison.Ordinal)));
        Assert.Equal(rows[0].Count, row.Count);
    }

    [Fact]
    public void Every_text_of_a_hostile_document_stays_text()
    {
        var random = new Random(Seed.Value);
        for (var i = 0; i < 500; i++)
        {
            var report = IncidentReport.Render(Hostile(() => random.Next(4) == 0 ? Evil : HostileText.Next(random)));
            AssertHarmless(report);
        }
    }

    [Fact]
    public void What_was_read_back_renders_the_same()
    {
        var bundle = LyingHop(Evil);
        Assert.True(EvidenceJson.TryRead(EvidenceJson.SerializeToUtf8(bundle), out var again, out var error), error);
        Assert.Equal(IncidentReport.Render(bundle), IncidentReport.Render(again));
    }

    [Fact]
    public void Culture_and_time_zone_change_no_octet()
    {
        var bundle = Document(Trace(false, LimitedHop(1, Node("10.0.0.1", received: 3)), Hop(2, Node("10.0.0.2", ReplyKind.HostUnreachable, 3, 1))));
        var (culture, zone) = (CultureInfo.CurrentCulture, Environment.GetEnvironmentVariable("TZ"));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var offsets = new HashSet<TimeSpan>();
        var zoneFile = Path.GetTempFileName();
        try
        {
            foreach (var hours in new[] { 0, 11 })
            {
                File.WriteAllBytes(zoneFile, TimeZone(hours));
                Environment.SetEnvironmentVariable("TZ", zoneFile);
                TimeZoneInfo.ClearCachedData();
                offsets.Add(TimeZoneInfo.Local.GetUtcOffset(DateTimeOffset.UnixEpoch));
                foreach (var foreign in new[] { CultureInfo.InvariantCulture, Culture(",", ".", "-", "dd.MM.yyyy"), Culture("٫", "٬", "\u061c-", "yyyy/MM/dd") })
                {
                    CultureInfo.CurrentCulture = foreign;
                    seen.Add(IncidentReport.Render(bundle) + EvidenceJson.Serialize(bundle));
                }
            }
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
            Environment.SetEnvironmentVariable("TZ", zone);
            TimeZoneInfo.ClearCachedData();
            File.Delete(zoneFile);
        }

        Assert.Equal(2, offsets.Count);
        Assert.Single(seen);
    }

    [Theory]
    [InlineData("plain-1.0/x:y=z", "plain-1.0/x:y=z")]
    [InlineData("", "''")]
    [InlineData("two words", "'two words'")]
    [InlineData("it's", @"'it'\''s'")]
    [InlineData("$(rm -rf /)", "'$(rm -rf /)'")]
    [InlineData("a\nb", @"$'a\x0ab'")]
    [InlineData("\u001b[31m'\\", @"$'\x1b[31m\'\\'")]
    [InlineData("中", "'中'")]
    [InlineData("\u202e", @"$'\xe2\x80\xae'")]
    public void A_command_line_can_be_pasted(string argument, string quoted) => Assert.Equal(quoted, ShellText.Quote(argument));

    [Fact]
    public void A_shell_reads_the_arguments_back()
    {
        var random = new Random(Seed.Value);
        var arguments = Enumerable.Range(0, 300).Select(_ => HostileText.Next(random).Replace("\0", "", StringComparison.Ordinal)).Select(WellFormed).ToArray();
        var script = string.Concat(arguments.Select(argument => $"printf '%s\\0' {ShellText.Quote(argument)}\n"));
        using var bash = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("bash", ["--norc"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardOutputEncoding = new UTF8Encoding(false),
            StandardInputEncoding = new UTF8Encoding(false),
        })!;
        bash.StandardInput.Write(script);
        bash.StandardInput.Close();
        Assert.Equal(string.Join('\0', arguments) + "\0", bash.StandardOutput.ReadToEnd());

        static string WellFormed(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
    }

    private static MarkdownDocument Parse(string markdown) =>
        Markdig.Markdown.Parse(markdown, Markdig.MarkdownExtensions.UseAlertBlocks(Markdig.MarkdownExtensions.UsePipeTables(
            Markdig.MarkdownExtensions.UseAutoLinks(new Markdig.MarkdownPipelineBuilder()))).Build());

    private static void AssertHarmless(string report)
    {
        Assert.All(Parse(report).Descendants(), node =>
            Assert.False(node is HtmlBlock or HtmlInline or LinkInline or AutolinkInline or HtmlEntityInline, $"{node.GetType().Name} in\n{report}"));
        Assert.All(report.EnumerateRunes(), rune => Assert.True(rune.Value == '\n' || StrangerText.IsHarmless(rune)));
    }

    private static Bundle Hostile(Func<string> text)
    {
        var node = Node(text(), ReplyKind.HostUnreachable, 3, 1, name: text()) with { Notes = [text()] };
        var trace = Trace(false, Hop(1, LyingNode(text())), Hop(2, node), Hop(3, Node("10.0.0.1")), Hop(4, Node(text())), Hop(5, Node("10.0.0.1"))) with
        {
            Target = text(), Address = text(), Source = text(), Via = [text()],
        };
        var path = MtuSamples.RelayBug() with
        {
            Target = text(), Address = text(), Source = text(), Via = [text()], Real = text(), HopAddress = text(), NextHopAddress = text(), Hop = 2,
            Signals = [MtuSamples.Signal(text(), 1380)], Arithmetic = new PathMtuArithmetic(1380, 1368, 12, text()),
        };
        var tcp = new TcpEvidence
        {
            Stall = TcpFindingTests.Stalled() with
            {
                Payload = text(), Reason = text(), PathIcmpFrom = text(),
                Learned = new LearnedPathMtu { Destination = text(), LearnedMtu = 1480, Route = text(), Gateway = text(), Interface = text() },
            },
            Upload = TcpFindingTests.Transfer(0, 12, 12) with { Verdict = TcpTransferVerdict.AggregationDependentLoss, Payload = text(), Reason = text() },
        };
        path = path with { Tcp = tcp };
        return Document(trace) with
        {
            PathMtus = [path with { Verdict = (PathMtuVerdict)(text().Length % Enum.GetValues<PathMtuVerdict>().Length) }],
            Tool = new ToolInfo(text(), text()), Command = [text(), text()], Complete = false, Gaps = [new Gap(text(), text())],
            Host = new HostFacts { Name = text(), Kernel = text(), BootId = text(), Capabilities = [text()] }, Captures = [new CaptureFile(text(), text())],
        };
    }

    private static CultureInfo Culture(string point, string group, string minus, string date)
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NumberDecimalSeparator = culture.NumberFormat.PercentDecimalSeparator = point;
        culture.NumberFormat.NumberGroupSeparator = group;
        culture.NumberFormat.NegativeSign = minus;
        culture.DateTimeFormat.ShortDatePattern = date;
        culture.DateTimeFormat.TimeSeparator = ".";
        return culture;
    }

    // The smallest file of the zone database (RFC 8536, version 1): one offset, no transitions. No tzdata is needed then.
    private static byte[] TimeZone(int hours)
    {
        var file = new byte[44 + 6 + 4];
        "TZif"u8.CopyTo(file);
        file[39] = 1; // typecnt
        file[43] = 4; // charcnt
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(44), hours * 3600);
        "XYZ"u8.CopyTo(file.AsSpan(50));
        return file;
    }
}
