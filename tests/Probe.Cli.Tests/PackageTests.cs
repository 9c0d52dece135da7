namespace Probe.Cli.Tests;

/// <summary>One self-contained, trimmed file, as it is shipped but for ReadyToRun, which compiles for a minute: bench/package does.</summary>
[Collection(Lanes.Builds)]
public class PackageTests
{
    [Fact]
    public void The_trimmed_single_file_builds_without_a_warning_and_runs()
    {
        using var folder = new TemporaryFolder();
        var built = Child.Run("nice",
            ["-n", "5", "dotnet", "publish", "src/Probe.Cli/Probe.Cli.csproj", "-c", "Release", "-v", "q", "--nologo",
                "--artifacts-path", folder.Path, "-o", Path.Combine(folder.Path, "out"),
                "--self-contained", "-p:PublishAot=false", "-p:PublishTrimmed=true", "-p:PublishReadyToRun=false", "-p:PublishSingleFile=true", "-p:TrimmerSingleWarn=false",
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
