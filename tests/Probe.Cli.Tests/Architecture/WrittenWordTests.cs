using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Tests.Architecture;

/// <summary>No word is documented and never written.</summary>
public sealed class WrittenWordTests
{
    /// <summary>Words that no line of the source gives to anybody, and why they are there.</summary>
    private static readonly Dictionary<string, string> s_unwritten = new(StringComparer.Ordinal)
    {
        ["NodeBalancing.PerDestination"] = "A trace has one target and cannot show it; PRB-PATH-014 concludes it from several. Other programs may write it.",
        ["TcpSocketState.Listen"] = "A document holds connections. Other programs may write it.",
    };

    /// <summary>Kinds whose members have the kernel's numbers: what it says is taken as it is.</summary>
    private static readonly string[] s_numbered = [nameof(TcpSocketState), nameof(TcpTimer)];

    [Fact]
    public void Every_word_is_written_or_stands_here_with_a_reason()
    {
        var (measuring, judging) = (Read("src/Probe.Core/", "src/Probe.Cli/"), Read("src/Probe.Report/"));
        Assert.All(s_numbered, kind => Assert.Contains(measuring, source => WrittenWords.IsCast(source, kind)));

        // Rules give nothing but these two: any other word in them is asked for.
        var written = measuring.SelectMany(WrittenWords.In)
            .Concat(judging.SelectMany(WrittenWords.In).Where(word => word.StartsWith($"{nameof(Severity)}.", StringComparison.Ordinal) || word.StartsWith($"{nameof(Confidence)}.", StringComparison.Ordinal)))
            .ToHashSet(StringComparer.Ordinal);
        var unwritten = WrittenWords.Kinds.SelectMany(kind => Enum.GetNames(kind).Select(name => (Kind: kind.Name, Word: $"{kind.Name}.{name}")))
            .Where(one => !written.Contains(one.Word) && (s_unwritten.ContainsKey(one.Word) || !s_numbered.Contains(one.Kind)))
            .Select(one => one.Word);

        // A word that is written by now must leave the list.
        Assert.Equal(string.Join('\n', s_unwritten.Keys.Order(StringComparer.Ordinal)), string.Join('\n', unwritten.Order(StringComparer.Ordinal)));
    }

    [Theory]
    [InlineData("x = StopReason.Error;", true)]
    [InlineData("return a ? StopReason.Error : b;", true)]
    [InlineData("f(reason: Vocabulary.StopReason.Error);", true)]
    [InlineData("_ = x switch { 1 => StopReason.Error, _ => b };", true)]
    [InlineData("_ = new T { Stop = StopReason.Error };", true)]
    [InlineData("_ = x == StopReason.Error || StopReason.Error != x;", false)]
    [InlineData("_ = x is StopReason.Error or not StopReason.Error;", false)]
    [InlineData("_ = x is { Stop: StopReason.Error };", false)]
    [InlineData("_ = (x, y) is (StopReason.Error, _);", false)]
    [InlineData("_ = x switch { StopReason.Error when a => 1, _ => 2 };", false)]
    [InlineData("switch (x) { case StopReason.Error: break; }", false)]
    public void A_word_that_is_asked_for_is_not_written(string statement, bool written) =>
        Assert.Equal(written, WrittenWords.In(Parse($"class A {{ void B() {{ {statement} }} }}")).Contains("StopReason.Error"));

    private static SyntaxNode[] Read(params string[] folders) => [.. Sources.All
        .Where(file => folders.Any(folder => Sources.NameOf(file).StartsWith(folder, StringComparison.Ordinal))).Select(file => Parse(File.ReadAllText(file)))];

    private static SyntaxNode Parse(string source) => CSharpSyntaxTree.ParseText(source).GetRoot();
}
