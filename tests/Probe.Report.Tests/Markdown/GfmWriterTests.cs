using Markdig.Syntax.Inlines;
using Markdig.Syntax;
using Probe.Core.Evidence;
using Probe.Report.Markdown;

namespace Probe.Report.Tests.Markdown;

public class GfmWriterTests
{
    [Fact]
    public void Blocks_look_as_a_reader_of_the_source_expects()
    {
        var document = new MarkdownBuilder()
            .Heading(1, $"Path to {"example.net"}")
            .Alert(AlertKind.Warning, $"{"Verdict.":strong} Loss at {"10.0.0.1"}.", $"More.")
            .Table([new Column("TTL", Numeric: true), new Column("Address")], [[$"{1}", $"{"10.0.0.1"}"], [$"{12}", $"{"a|b"}"]])
            .List([$"one", $"two {"x"}"])
            .List([$"other"])
            .Fence("sh", "probe trace x", "```")
            .Paragraph($"1. not_a *list*");

        Assert.Equal(
            """
            # Path to `example.net`

            > [!WARNING]
            > **Verdict.** Loss at `10.0.0.1`.
            >
            > More.

            | TTL | Address      |
            | --: | ------------ |
            |   1 | `10.0.0.1`   |
            |  12 | `a\u{7c}b` |

            - one
            - two `x`

            * other

            ````sh
            probe trace x
            ```
            ````

            1\. not\_a \*list\*

            """.Replace("`10.0.0.1`   |\n|  12", "`10.0.0.1` |\n|  12", StringComparison.Ordinal).Replace("Address      |\n| --: | ------------", "Address    |\n| --: | ----------", StringComparison.Ordinal),
            document.ToString());
    }

    [Fact]
    public void Any_text_comes_back_from_a_parser_as_it_was_built()
    {
        var random = new Random(Seed.Value);
        for (var i = 0; i < 20_000; i++)
        {
            var builder = Random(random);
            var markdown = builder.ToString();
            var (built, read) = (TreeShape.Of(builder.Document), TreeShape.OfText(markdown));
            Assert.True(string.Equals(built, read, StringComparison.Ordinal), $"seed {Seed.Value}, case {i}\n{markdown}\n--- built\n{built}\n--- read\n{read}");
        }
    }

    [Fact]
    public void Strangers_text_is_code_and_nothing_but_code()
    {
        var random = new Random(Seed.Value + 1);
        for (var i = 0; i < 20_000; i++)
        {
            var text = HostileText.Next(random);
            var clean = StrangerText.Clean(text);
            var markdown = new MarkdownBuilder().Heading(2, $"{text}").Paragraph($"{text}").Table([new Column("A")], [[$"{text}"]]).Fence("text", text).ToString();
            var document = Markdig.Markdown.Parse(markdown, new Markdig.MarkdownPipelineBuilder().Build());
            Assert.DoesNotContain(document.Descendants(), node => node is HtmlBlock or HtmlInline or LinkInline or AutolinkInline or EmphasisInline);
            if (clean.Length > 0)
            {
                var because = $"seed {Seed.Value}, case {i}: {markdown}";
                Assert.True(document.Descendants<CodeInline>().Count(code => string.Equals(code.Content, clean, StringComparison.Ordinal)) >= 2, because);
                Assert.True(document.Descendants<FencedCodeBlock>().Single().Lines.ToString() is { } fence && string.Equals(fence, clean, StringComparison.Ordinal), because);
                var row = new MarkdownBuilder().Table([new Column("A")], [[$"{text}"]]).ToString().Split('\n')[2];
                Assert.Equal(Pipes(clean), Assert.Single(GfmTable.Codes(row)));
            }
        }
    }

    [Fact]
    public void What_github_would_mention_is_code_whoever_wrote_it() =>
        Assert.Equal("write to `root@example.net` now\n", new MarkdownBuilder().Paragraph($"write to {"root@example.net":ours} now").ToString());

    [Fact]
    public void A_node_that_reports_are_not_made_of_is_refused()
    {
        var html = new MarkdownDocument { new HtmlBlock(null!) };
        Assert.Throws<NotSupportedException>(() => GfmWriter.Write(html));
        var link = new MarkdownDocument { new ParagraphBlock { Inline = new ContainerInline().AppendChild(new LinkInline("javascript:alert(1)", "")) } };
        Assert.Throws<NotSupportedException>(() => GfmWriter.Write(link));
    }

    [Fact]
    public void Prose_survives_its_plain_spelling()
    {
        var random = new Random(Seed.Value + 2);
        for (var i = 0; i < 20_000; i++)
        {
            var text = HostileText.Next(random);
            var prose = Prose.Of($"Hop {text} says {3}.");
            var again = Prose.Parse(prose.ToString());
            Assert.Equal(prose.ToString(), again.ToString());
            Assert.Equal(prose.Pieces.Select(piece => piece.Kind), again.Pieces.Select(piece => piece.Kind));
        }
    }

    private static string Pipes(string text) => text.Replace("|", "\\u{7c}", StringComparison.Ordinal);

    private static MarkdownBuilder Random(Random random)
    {
        var builder = new MarkdownBuilder();
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            switch (random.Next(6))
            {
                case 0:
                    builder.Heading(random.Next(1, 7), Text(random));
                    break;
                case 1:
                    builder.Paragraph(Text(random));
                    break;
                case 2:
                    builder.Alert((AlertKind)random.Next(3), Text(random), Text(random));
                    break;
                case 3:
                    var columns = Enumerable.Range(0, random.Next(1, 4)).Select(c => new Column($"c{c}", random.Next(2) == 0)).ToArray();
                    builder.Table(columns, Enumerable.Range(0, random.Next(1, 3)).Select(_ => columns.Select(_ => Text(random)).ToArray()));
                    break;
                case 4:
                    builder.List(Enumerable.Range(0, random.Next(1, 4)).Select(_ => Text(random)));
                    break;
                default:
                    builder.Fence("text", Enumerable.Range(0, random.Next(1, 4)).Select(_ => HostileText.Next(random)));
                    break;
            }
        }

        return builder;
    }

    // Literals are ours, but the writer must not rely on what we say.
    private static Prose Text(Random random) => random.Next(4) switch
    {
        0 => Prose.Of($"{HostileText.Next(random)}"),
        1 => Prose.Of($"{StrangerText.Clean("." + HostileText.Next(random)):ours}"),
        2 => Prose.Of($"{StrangerText.Clean(HostileText.Next(random) + "x"):ours} {HostileText.Next(random)} and {HostileText.Next(random)}"),
        _ => Prose.Of($"{"Bold.":strong} {HostileText.Next(random)}{HostileText.Next(random)}{random.Next(100)}"),
    };
}
