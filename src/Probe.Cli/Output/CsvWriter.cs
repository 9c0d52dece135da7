using System.Buffers;
using System.Globalization;
using Probe.Core.Evidence;

namespace Probe.Cli.Output;

/// <summary>Comma-separated values (RFC 4180): CRLF, fields quoted where they must be, an absent value is an empty field.</summary>
internal sealed class CsvWriter(TextWriter writer)
{
    private bool _rowBegun;

    /// <summary>Writes the names of the columns.</summary>
    public void Header(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            Raw(name);
        }

        EndRow();
    }

    /// <summary>Text, of ours or of a stranger's.</summary>
    public CsvWriter Text(string? text) => Raw(string.IsNullOrEmpty(text) ? "" : Field(text));

    /// <summary>A whole number.</summary>
    public CsvWriter Number(long? value) => Raw(value?.ToString(CultureInfo.InvariantCulture) ?? "");

    /// <summary>A fraction, to six decimals at most.</summary>
    public CsvWriter Fraction(double? value) => Raw(value?.ToString("0.######", CultureInfo.InvariantCulture) ?? "");

    /// <summary>A flag.</summary>
    public CsvWriter Flag(bool? value) => Raw(value switch { true => "true", false => "false", null => "" });

    /// <summary>Ends the row.</summary>
    public void EndRow()
    {
        writer.Write("\r\n");
        _rowBegun = false;
    }

    // Words and addresses need no quotes, and scripts without a CSV reader are glad of it.
    private static string Field(string text) =>
        text.AsSpan().IndexOfAnyExcept(Harmless) < 0 && text[0] != '-' ? text : StrangerText.ForCsv(text);

    private static readonly SearchValues<char> Harmless =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_/%");

    private CsvWriter Raw(string field)
    {
        if (_rowBegun)
        {
            writer.Write(',');
        }

        writer.Write(field);
        _rowBegun = true;
        return this;
    }
}
