using System.Text.RegularExpressions;

namespace Probe.Cli.Tests;

/// <summary>A tree that the launcher builds from, in a folder that any user may enter.</summary>
public abstract partial class LaunchedTree : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public string Root => Path.Combine(_folder.Path, "tree");

    public string Launcher => Path.Combine(Root, "probe");

    public string Elsewhere => _folder.Path;

    /// <summary>
    /// Runs a script of bash with $tree, $elsewhere and $nobody (a prefix that makes the command a plain user's). What it builds yields
    /// the CPU to the tests beside it.
    /// </summary>
    internal Ended Bash(string script, string folder = "/") =>
        Child.Run("nice", ["-n", "5", "bash", "-c", script], folder, new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["tree"] = Root,
            ["elsewhere"] = Elsewhere,
            ["nobody"] = "setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent",
            ["NUGET_PACKAGES"] = Path.Combine(Elsewhere, "packages"),
            ["XDG_CACHE_HOME"] = null,
        });

    /// <summary>Makes the next start build, as an edit does.</summary>
    public void SetVersion(string version)
    {
        var path = Path.Combine(Root, "Directory.Build.props");
        File.WriteAllText(path, Version().Replace(File.ReadAllText(path), $"<Version>{version}</Version>"));
    }

    /// <summary>Builds, unless that was done.</summary>
    internal void Build()
    {
        var ended = Bash("\"$tree/probe\" --version");
        Assert.True(ended.Status == 0, ended.ToString());
    }

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [GeneratedRegex("<Version>[^<]*</Version>", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Version();
}

/// <summary>A copy of the tree, as a user has it after a clone, with the packages that a build needs.</summary>
public sealed class ClonedTree : LaunchedTree
{
    public ClonedTree()
    {
        var ended = Child.Bash("""
            set -e; mkdir "$2/tree" && cd "$1"
            cp -r .editorconfig Directory.Build.props Directory.Packages.props global.json probe "$2/tree/"
            (cd "$1" && find src -name artifacts -prune -o -type f -print0) | tar -C "$1" --null -T - -cf - | tar -C "$2/tree" -xf -

            # Hard links where the file system allows: another user can read them there, and nothing is downloaded twice.
            packages=${NUGET_PACKAGES:-$HOME/.nuget/packages}
            cp -al "$packages" "$2/packages" 2>/dev/null || { rm -rf "$2/packages"; cp -r "$packages" "$2/packages"; }
            chmod -R a+rX "$2"
            """, Child.Tree, Elsewhere);
        Assert.True(ended.Status == 0, ended.ToString());
    }
}

/// <summary>The launcher in front of a program that prints its arguments and ends with their number: it builds in a few seconds.</summary>
public sealed class SmallTree : LaunchedTree
{
    public SmallTree()
    {
        Directory.CreateDirectory(Path.Combine(Root, "src/Probe.Cli"));
        File.Copy(Path.Combine(Child.Tree, "probe"), Launcher);
        File.Copy(Path.Combine(Child.Tree, "global.json"), Path.Combine(Root, "global.json"));
        Write("Directory.Packages.props", "<Project />");
        Write("Directory.Build.props", """
            <Project>
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <RestorePackagesWithLockFile>true</RestorePackagesWithLockFile>
                <Version>7.0.0</Version>
              </PropertyGroup>
            </Project>
            """);
        Write("src/Probe.Cli/Probe.Cli.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <AssemblyName>probe</AssemblyName>
                <RuntimeIdentifier>linux-x64</RuntimeIdentifier>
                <SelfContained>false</SelfContained>
              </PropertyGroup>
            </Project>
            """);
        Write("src/Probe.Cli/packages.lock.json", """{ "version": 1, "dependencies": { "net10.0": {}, "net10.0/linux-x64": {} } }""");
        Write("src/Probe.Cli/Program.cs", """
            if (args is ["--version"])
            {
                System.Console.WriteLine($"probe {typeof(Program).Assembly.GetName().Version!.ToString(3)}");
                return 0;
            }

            foreach (var argument in args)
            {
                System.Console.WriteLine($"[{argument}]");
            }

            return args.Length;
            """);
    }

    private void Write(string path, string text) => File.WriteAllText(Path.Combine(Root, path), text + "\n");
}
