using Probe.Cli.Output;

namespace Probe.Cli.Tests.Output;

public class OutputTests
{
    [Fact]
    public void Columns_line_up_in_terminal_cells()
    {
        var table = new TextTable(new Column("TTL", Align.Right), new Column("ADDRESS"), new Column("RTT", Align.Right));
        table.Add("1", "a", "0.1 ms");
        table.Add("10", "日本", "12.0 ms");
        table.Add("11", "*");

        Assert.Equal("""
            TTL  ADDRESS      RTT
              1  a         0.1 ms
             10  日本     12.0 ms
             11  *

            """, Text(table));
    }

    [Fact]
    public void A_strangers_text_cannot_drive_the_terminal_or_break_the_row()
    {
        var table = new TextTable(new Column("NAME"));
        table.Add("evil\e[2J\nname\u202e");

        var text = Text(table);
        Assert.Equal(2, text.Count(c => c == '\n'));
        Assert.DoesNotContain('\e', text);
        Assert.DoesNotContain('\u202e', text);
    }

    [Theory]
    [InlineData("abcdef", 6, "abcdef")]
    [InlineData("abcdef", 4, "abc…")]
    [InlineData("日本語", 5, "日本…")]
    [InlineData("日本語", 4, "日…")]
    [InlineData("ab", 0, "")]
    public void Lines_are_cut_to_cells(string text, int cells, string cut) => Assert.Equal(cut, TextTable.Cut(text, cells));

    [Fact]
    public void Csv_quotes_what_needs_it_and_defuses_formulas()
    {
        var writer = new StringWriter();
        var csv = new CsvWriter(writer);
        csv.Header("a", "rtt_ns");
        csv.Text("x,\"y\"").Number(5).EndRow();
        csv.Text("=1+1").Number(null).EndRow();
        csv.Text("router-1.example").Fraction(0.25).Flag(true).EndRow();
        csv.Text("-1").Text(null).EndRow();

        Assert.Equal("a,rtt_ns\r\n\"x,\"\"y\"\"\",5\r\n\"'=1+1\",\r\nrouter-1.example,0.25,true\r\n\"'-1\",\r\n", writer.ToString());
    }

    [Theory]
    [InlineData(ExitStatus.Fine, ExitStatus.Incomplete, ExitStatus.Incomplete)]
    [InlineData(ExitStatus.Incomplete, ExitStatus.Fault, ExitStatus.Fault)]
    [InlineData(ExitStatus.Fault, ExitStatus.CannotRun, ExitStatus.CannotRun)]
    [InlineData(ExitStatus.CannotRun, ExitStatus.Usage, ExitStatus.Usage)]
    [InlineData(ExitStatus.Usage, ExitStatus.Interrupted, ExitStatus.Interrupted)]
    internal void The_graver_exit_code_wins(ExitStatus lesser, ExitStatus graver, ExitStatus expected)
    {
        Assert.Equal(expected, lesser.And(graver));
        Assert.Equal(expected, graver.And(lesser));
    }

    private static string Text(TextTable table)
    {
        var writer = new StringWriter { NewLine = "\n" };
        table.Write(writer, Palette.None);
        return writer.ToString();
    }
}
