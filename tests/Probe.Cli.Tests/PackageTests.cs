namespace Probe.Cli.Tests;

/// <summary>The one file that is shipped: self-contained, trimmed, ReadyToRun.</summary>
[Trait("Category", "Slow")]
public class PackageTests
{
    [Fact]
    public void The_trimmed_single_file_builds_without_a_warning_and_runs()
    {
        using var folder = new TemporaryFolder();
        var built = Child.Run("dotnet",
            ["publish", "src/Probe.Cli/Probe.Cli.csproj", "-c", "Release", "-v", "q", "--nologo", "--artifacts-path", folder.Path, "-o", Path.Combine(folder.Path, "out"),
                "--self-contained", "-p:PublishTrimmed=true", "-p:PublishSingleFile=true", "-p:TrimmerSingleWarn=false",
                "-p:RestoreLockedMode=true", "-p:NuGetAudit=false", "-p:RunAnalyzers=false", "-nodeReuse:false", "-p:UseSharedCompilation=false"],
            Child.Tree);
        Assert.True(built.Status == 0, built.ToString());
        Assert.DoesNotContain("warning", built.Output + built.Error, StringComparison.Ordinal);

        var probe = Path.Combine(folder.Path, "out", "probe");
        Assert.Matches(@"\Aprobe \S+\n\z", Child.Run(probe, ["--version"]).Output);
        Assert.Contains("Usage: probe trace", Child.Run(probe, ["trace", "--help"]).Output, StringComparison.Ordinal);
        Assert.Contains("\"schema\": \"probe.bundle/", Child.Run(probe, ["doctor", "--json"]).Output, StringComparison.Ordinal);
        Assert.StartsWith("probe: unknown option --jsn: did you mean --json?", Child.Run(probe, ["trace", "--jsn", "h"]).Error, StringComparison.Ordinal);
    }
}
