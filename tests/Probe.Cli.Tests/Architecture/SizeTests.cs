namespace Probe.Cli.Tests.Architecture;

/// <summary>A line fits a screen and a function fits a thought.</summary>
public sealed class SizeTests
{
    private const int LongestLine = 140;
    private const int LongestFunction = 60;

    [Fact]
    public void No_line_of_the_source_is_too_long() => None(
        from file in Sources.All
        from line in File.ReadLines(file).Select((text, index) => (text, number: index + 1))
        where line.text.Length > LongestLine
        select $"{Sources.NameOf(file)}:{line.number} has {line.text.Length} characters");

    [Fact]
    public void No_function_of_the_source_is_too_long() => None(
        from file in Sources.All
        from function in FunctionLengths.Of(File.ReadAllText(file))
        where function.Lines > LongestFunction
        select $"{Sources.NameOf(file)}:{function.At} has {function.Lines} lines: {function.Head}");

    [Fact]
    public void Methods_accessors_and_expression_bodies_are_functions()
    {
        const string Source = """
            class B
            {
                int[] _d = { 1, 2 };
                string E { get; set; } = "";

                [Fact]
                void G<T>(int a = 3)
                    where T : struct
                {
                    if (a > 0)
                    {
                    }
                }

                int H
                {
                    get { return 1; }
                }

                bool I(int a) => a switch
                {
                    1 => true,
                    _ => false,
                };

                B J => new()
                {
                    E = "",
                };
            }
            """;
        Assert.Equal(
            ["7: void G<T>(int a = 3), 7", "17: get { return 1; }, 1", "20: bool I(int a) => a switch, 5", "26: B J => new(), 4"],
            FunctionLengths.Of(Source).Select(one => $"{one.At}: {one.Head}, {one.Lines}"));
    }

    private static void None(IEnumerable<string> found)
    {
        var text = string.Join('\n', found);
        Assert.True(text.Length == 0, text);
    }
}
