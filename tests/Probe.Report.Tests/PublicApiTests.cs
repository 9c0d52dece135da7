namespace Probe.Report.Tests;

/// <summary>Probe.Report is a library too: what it shows changes only where somebody meant it.</summary>
public class PublicApiTests
{
    [Fact]
    public void What_the_library_shows_is_what_stands_in_the_file() =>
        Golden.Check("tests/Probe.Report.Tests/Golden/api.txt", PublicApi.Of(Assembly()));

    private static System.Reflection.Assembly Assembly() => System.Reflection.Assembly.Load("Probe.Report");
}
