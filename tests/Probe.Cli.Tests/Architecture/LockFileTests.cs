using System.Text.Json;

namespace Probe.Cli.Tests.Architecture;

/// <summary>
/// The native build and the ReadyToRun build are restored by a lock file each. A package that changes must change in both, or the build that
/// nobody here ran fails on a user's machine (NU1004).
/// </summary>
public class LockFileTests
{
    private const string Compiler = "Microsoft.DotNet.ILCompiler";

    [Fact]
    public void Both_builds_are_locked_to_the_same_packages_but_for_the_native_compiler()
    {
        var native = Locked("packages.lock.json");
        var readyToRun = Locked("packages.r2r.lock.json");

        Assert.Contains(native, package => package.Contains(Compiler, StringComparison.Ordinal));
        Assert.True(readyToRun.SetEquals(native.Where(package => !package.Contains(Compiler, StringComparison.Ordinal))),
            "after a change of packages: dotnet restore && dotnet restore src/Probe.Cli -p:PublishAot=false --force-evaluate");
    }

    // Framework, name, and all that is said of each.
    private static HashSet<string> Locked(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Sources.Root, "src/Probe.Cli", file)));
        return json.RootElement.GetProperty("dependencies").EnumerateObject()
            .SelectMany(framework => framework.Value.EnumerateObject()
                .Select(package => $"{framework.Name} {package.Name} {package.Value.GetRawText()}"))
            .ToHashSet(StringComparer.Ordinal);
    }
}
