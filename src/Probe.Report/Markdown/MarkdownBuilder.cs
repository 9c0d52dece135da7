using Markdig.Extensions.Alerts;
using Markdig.Extensions.Tables;
using Markdig.Helpers;
using Markdig.Syntax.Inlines;
using Markdig.Syntax;
using Probe.Core.Evidence;

namespace Probe.Report.Markdown;

/// <summary>What an alert block says at a glance (GitHub's five, of which three are used).</summary>
public enum AlertKind
{
    /// <summary>Nothing is wrong.</summary>
    Note,

    /// <summary>Something is, or may become, wrong.</summary>
    Warning,

    /// <summary>Something does not work.</summary>
    Caution,
}

/// <summary>A column of a table.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Numeric">Aligned to the right.</param>
public readonly record struct Column(string Title, bool Numeric = false);

/// <summary>Builds a Markdig tree of the few block kinds that reports are made of.</summary>
public sealed class MarkdownBuilder
{
    // Longer than any command line that a kernel accepts.
    private const int FenceRunes = 4 * 1024 * 1024;
    private readonly MarkdownDocument _document = [];

    /// <summary>The tree.</summary>
    public MarkdownDocument Document => _document;

    /// <summary>A heading, level 1 to 6.</summary>
    public MarkdownBuilder Heading(int level, Prose text) =>
        Add(new HeadingBlock(null!) { Level = level, HeaderChar = '#', Inline = Inlines(text) });

    /// <summary>A paragraph; nothing when the text is empty.</summary>
    public MarkdownBuilder Paragraph(Prose text) => text.Pieces.Count == 0 ? this : Add(MakeParagraph(text));

    /// <summary>An alert block of one or more paragraphs; empty ones are left out.</summary>
    public MarkdownBuilder Alert(AlertKind kind, params Prose[] paragraphs)
    {
        var name = kind switch { AlertKind.Caution => "CAUTION", AlertKind.Warning => "WARNING", _ => "NOTE" };
        var block = new AlertBlock(new StringSlice(name));
        foreach (var paragraph in paragraphs.Where(paragraph => paragraph.Pieces.Count > 0))
        {
            block.Add(MakeParagraph(paragraph));
        }

        return Add(block);
    }

    /// <summary>A bullet list; nothing when it is empty.</summary>
    public MarkdownBuilder List(IEnumerable<Prose> items)
    {
        var list = new ListBlock(null!) { BulletType = '-' };
        foreach (var item in items.Where(item => item.Pieces.Count > 0))
        {
            list.Add(new ListItemBlock(null!) { MakeParagraph(item) });
        }

        return list.Count == 0 ? this : Add(list);
    }

    /// <summary>A table; every row has as many cells as there are columns.</summary>
    /// <exception cref="ArgumentException">A row has more or fewer.</exception>
    public MarkdownBuilder Table(IReadOnlyList<Column> columns, IEnumerable<IReadOnlyList<Prose>> rows)
    {
        var table = new Table();
        foreach (var column in columns)
        {
            table.ColumnDefinitions.Add(new TableColumnDefinition { Alignment = column.Numeric ? TableColumnAlign.Right : null });
        }

        table.Add(Row(columns.Select(column => Prose.Of($"{column.Title:ours}")), isHeader: true));
        foreach (var row in rows)
        {
            if (row.Count != columns.Count)
            {
                throw new ArgumentException($"The table has {columns.Count} columns, a row {row.Count} cells.", nameof(rows));
            }

            table.Add(Row(row, isHeader: false));
        }

        return Add(table);
    }

    /// <summary>A fenced block of lines that are made harmless one by one.</summary>
    /// <param name="info">Language, such as <c>sh</c>; a word of ours.</param>
    /// <param name="lines">The lines.</param>
    public MarkdownBuilder Fence(string info, params IEnumerable<string> lines)
    {
        var body = new StringLineGroup(4);
        foreach (var line in lines)
        {
            body.Add(new StringSlice(StrangerText.Clean(line, FenceRunes)));
        }

        return Add(new FencedCodeBlock(null!) { Info = info, FencedChar = '`', Lines = body });
    }

    /// <summary>The document as GitHub-flavoured Markdown.</summary>
    public override string ToString() => GfmWriter.Write(_document);

    private MarkdownBuilder Add(Block block)
    {
        _document.Add(block);
        return this;
    }

    private static TableRow Row(IEnumerable<Prose> cells, bool isHeader)
    {
        var row = new TableRow { IsHeader = isHeader };
        foreach (var cell in cells)
        {
            row.Add(new TableCell { MakeParagraph(cell) });
        }

        return row;
    }

    private static ParagraphBlock MakeParagraph(Prose text) => new() { Inline = Inlines(text) };

    private static ContainerInline Inlines(Prose text)
    {
        var container = new ContainerInline();
        foreach (var piece in text.Pieces)
        {
            if (piece.Kind == Prose.Kind.Code && container.LastChild is CodeInline)
            {
                // Backticks of two code spans side by side would run together.
                container.AppendChild(new LiteralInline(" "));
            }

            container.AppendChild(piece.Kind switch
            {
                Prose.Kind.Code => new CodeInline(piece.Text) { Delimiter = '`' },
                Prose.Kind.Strong =>
                    new EmphasisInline { DelimiterChar = '*', DelimiterCount = 2 }.AppendChild(new LiteralInline(piece.Text)),
                _ => new LiteralInline(piece.Text),
            });
        }

        return container;
    }
}
