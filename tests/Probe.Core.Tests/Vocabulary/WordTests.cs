using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Vocabulary;

public class WordTests
{
    [Fact]
    public void A_value_is_written_in_kebab_case()
    {
        Assert.Equal("time-exceeded", Word.Of(ReplyKind.TimeExceeded));
        Assert.Equal("up", Word.Of(CheckVerdict.Up));
        Assert.Equal("below-1280", Word.Of(PathMtuReason.Below1280));
        Assert.Null(Word.Of((CheckVerdict?)null));
    }

    [Fact]
    public void Every_word_stands_for_its_value_alone()
    {
        foreach (var kind in typeof(Word).Assembly.GetTypes().Where(type => type.IsEnum && type.Namespace == typeof(Word).Namespace))
        {
            var words = (IReadOnlyList<string>)typeof(Word).GetMethod(nameof(Word.All))!.MakeGenericMethod(kind).Invoke(null, null)!;
            Assert.Equal(words.Count, words.Distinct(StringComparer.Ordinal).Count());
            Assert.All(words, word => Assert.Matches("^[a-z0-9]+(-[a-z0-9]+)*$", word));
        }
    }

    [Theory]
    [InlineData("black-hole", true)]
    [InlineData("Black-hole", false)]
    [InlineData("BlackHole", false)]
    [InlineData("2", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_word_is_read_by_its_exact_letters(string? text, bool known)
    {
        Assert.Equal(known, Word.TryRead(text, out PathMtuVerdict value));
        Assert.Equal(known ? PathMtuVerdict.BlackHole : default, value);
    }
}
