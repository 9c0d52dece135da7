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
    public void Braces_in_text_and_comments_do_not_count()
    {
        const string Source = """"
            namespace A
            {
                class B(int x) : C(x)
                {
                    // {
                    int[] _d = { 1, 2 };
                    string E { get; set; } = "{";

                    string F => $"{E:0}{{" + @"""{" + $@"{E}""" + '{' + '\'' + """{ " {""" + $$"""{ {{E}} """;

                    void G<T>(int a = 3)
                        where T : struct
                    {
                        /* } */
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
            }
            """";
        Assert.Equal(
            ["get { return 1; }:1", "bool I(int a) => a switch:5", "void G<T>(int a = 3):8"],
            FunctionLengths.Of(Source).Where(one => !one.Head.StartsWith("string", StringComparison.Ordinal) && !one.Head.StartsWith('B'))
                .OrderBy(one => one.Lines).Select(one => $"{one.Head}:{one.Lines}"));
    }

    private static void None(IEnumerable<string> found)
    {
        var text = string.Join('\n', found);
        Assert.True(text.Length == 0, text);
    }
}
