using System.Globalization;
using System.Text;
using Probe.Core.Evidence;

namespace Probe.Core.Tests.Evidence;

public class StrangerTextTests
{
    [Theory]
    [InlineData("router-1.example.net", "router-1.example.net")]
    [InlineData("\u001b[31mred\u001b[0m", @"\u{1b}[31mred\u{1b}[0m")]
    [InlineData("a\r\nb\tc", @"a\u{d}\u{a}b\u{9}c")]
    [InlineData("\u009b31m", @"\u{9b}31m")]
    [InlineData("gro.live\u202e", @"gro.live\u{202e}")]
    [InlineData("a\u200bb\ufeff\u00ad", @"a\u{200b}b\u{feff}\u{ad}")]
    [InlineData("a\u2028b\u2029", @"a\u{2028}b\u{2029}")]
    [InlineData("\ue000\uffff", @"\u{e000}\u{ffff}")]
    [InlineData("  two  words ", @"\u{20}\u{20}two  words\u{20}")]
    [InlineData("   ", @"\u{20}\u{20}\u{20}")]
    [InlineData("a\u00a0b\u3000c", @"a\u{a0}b\u{3000}c")]
    [InlineData("\u0301x", @"\u{301}x")]
    [InlineData("Zürich 東京 😀", "Zürich 東京 😀")]
    [InlineData("", "")]
    [InlineData(null, "")]
    public void Harmful_characters_become_visible(string? text, string clean) => Assert.Equal(clean, StrangerText.Clean(text));

    [Fact]
    public void Lone_surrogates_become_visible() => Assert.Equal(@"\u{d800}x\u{dc00}", StrangerText.Clean("\ud800x\udc00"));

    [Fact]
    public void Letters_are_not_buried_under_marks() =>
        Assert.Equal("z\u0301\u0302\u0303" + @"\u{304}\u{305}" + "y\u0301", StrangerText.Clean("z\u0301\u0302\u0303\u0304\u0305y\u0301"));

    [Fact]
    public void Long_text_is_cut_at_256_characters_and_never_within_an_escape()
    {
        Assert.Equal(new string('x', 256), StrangerText.Clean(new string('x', 256)));
        Assert.Equal(new string('x', 255) + "…", StrangerText.Clean(new string('x', 257)));
        Assert.Equal(new string('x', 252) + "…", StrangerText.Clean(new string('x', 252) + "\u001b" + "tail"));
        Assert.Equal(256, StrangerText.Clean(string.Concat(Enumerable.Repeat("😀", 300))).EnumerateRunes().Count());
    }

    [Fact]
    public void Any_text_comes_out_harmless_short_and_stable()
    {
        var random = new Random(Seed.Value);
        for (var i = 0; i < 50_000; i++)
        {
            var text = HostileText.Next(random);
            var clean = StrangerText.Clean(text);
            var because = $"seed {Seed.Value}, case {i}";
            Assert.True(clean.Length == 0 || (clean[0] != ' ' && clean[^1] != ' '), because);
            Assert.True(clean.EnumerateRunes().Count() <= StrangerText.MaxRunes, because);
            Assert.True(string.Equals(clean, StrangerText.Clean(clean), StringComparison.Ordinal), because);
            foreach (var rune in clean.EnumerateRunes())
            {
                var category = Rune.GetUnicodeCategory(rune);
                Assert.False(category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse
                    or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.OtherNotAssigned, because);
            }
        }
    }

    [Theory]
    [InlineData("plain", "\"plain\"")]
    [InlineData("a,b\"c", "\"a,b\"\"c\"")]
    [InlineData("=cmd|'/c calc'!A1", "\"'=cmd|'/c calc'!A1\"")]
    [InlineData("+1", "\"'+1\"")]
    [InlineData("-1", "\"'-1\"")]
    [InlineData("@SUM(A1)", "\"'@SUM(A1)\"")]
    [InlineData("\t=1", "\"\\u{9}=1\"")]
    [InlineData("a\nb", "\"a\\u{a}b\"")]
    [InlineData("", "\"\"")]
    public void A_csv_field_is_quoted_and_no_formula(string text, string field) => Assert.Equal(field, StrangerText.ForCsv(text));

    [Theory]
    [InlineData("abc", 3)]
    [InlineData("東京", 4)]
    [InlineData("e\u0301", 1)]
    [InlineData("😀!", 3)]
    [InlineData("", 0)]
    public void Wide_characters_take_two_cells(string text, int cells)
    {
        Assert.Equal(cells, StrangerText.CellWidth(text));
        Assert.Equal(8, StrangerText.CellWidth(StrangerText.PadRight(text, 8)));
        Assert.Equal(8, StrangerText.CellWidth(StrangerText.PadLeft(text, 8)));
    }
}
