namespace Probe.Core.Tests;

/// <summary>Probe.Core is a library too: what it shows changes only where somebody meant it.</summary>
public class PublicApiTests
{
    [Fact]
    public void What_the_library_shows_is_what_stands_in_the_file() =>
        Golden.Check("tests/Probe.Core.Tests/Golden/api.txt", PublicApi.Of(typeof(Core.Evidence.Bundle).Assembly));
}
