using System.Text;
using Markdig.Extensions.Alerts;
using Markdig.Extensions.EmphasisExtras;
using Markdig.Extensions.Tables;
using Markdig.Syntax.Inlines;
using Markdig.Syntax;
using Markdig;

namespace Probe.Report.Tests.Markdown;

/// <summary>A Markdown tree as comparable text: kinds of nodes, code with its content, plain text merged.</summary>
internal static class TreeShape
{
    /// <summary>What GitHub reads: every extension that gives plain characters a meaning there.</summary>
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder()
        .UsePipeTables().UseAlertBlocks().UseAutoLinks().UseTaskLists().UseFootnotes().UseEmphasisExtras(EmphasisExtraOptions.Strikethrough).UseAutoIdentifiers().Build();

    public static string OfText(string markdown) => Of(Markdig.Markdown.Parse(markdown, Pipeline));

    public static string Of(MarkdownDocument document)
    {
        var text = new StringBuilder();
        foreach (var block in document)
        {
            Block(text, block, 0, inCell: false);
        }

        return text.ToString();
    }

    private static void Block(StringBuilder text, Block block, int depth, bool inCell)
    {
        if (block is LinkReferenceDefinitionGroup)
        {
            // The implicit anchors of headings; a definition that text made would show as a paragraph that is missing.
            return;
        }

        text.Append(' ', depth * 2);
        text.Append(block switch
        {
            HeadingBlock heading => $"h{heading.Level} {Inlines(heading.Inline, inCell)}",
            ParagraphBlock paragraph => $"p {Inlines(paragraph.Inline, inCell)}",
            FencedCodeBlock fence => $"fence {fence.Info} {string.Join('⏎', Enumerable.Range(0, fence.Lines.Count).Select(i => fence.Lines.Lines[i].Slice.ToString()))}",
            Table table => $"table {string.Join(',', table.ColumnDefinitions.Take(((TableRow)table[0]).Count).Select(c => c.Alignment?.ToString() ?? "-"))}",
            TableRow row => row.IsHeader ? "header" : "row",
            TableCell => "cell",
            AlertBlock alert => $"alert {alert.Kind}",
            ListBlock list => $"list {list.IsOrdered}",
            ListItemBlock => "item",
            _ => $"?{block.GetType().Name}",
        });
        text.Append('\n');
        foreach (var child in block as ContainerBlock ?? Enumerable.Empty<Block>())
        {
            Block(text, child, depth + 1, inCell || block is TableCell);
        }
    }

    private static string Inlines(ContainerInline? container, bool inCell)
    {
        var text = new StringBuilder();
        foreach (var inline in container ?? [])
        {
            text.Append(inline switch
            {
                LiteralInline literal => literal.Content.ToString(),
                CodeInline code => $"⟦{(inCell ? code.Content.Replace("|", "\\u{7c}", StringComparison.Ordinal) : code.Content)}⟧",
                EmphasisInline { DelimiterChar: '*', DelimiterCount: 2 } strong => $"⟪{Inlines(strong, inCell)}⟫",
                _ => $"?{inline.GetType().Name}?",
            });
        }

        return text.ToString().Trim(' ');
    }
}
