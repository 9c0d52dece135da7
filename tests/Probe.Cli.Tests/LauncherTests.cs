namespace Probe.Cli.Tests;

/// <summary>A copy of the tree, as a user has it after a clone, with the packages that a build needs.</summary>
public sealed class ClonedTree : IDisposable
{
    private readonly TemporaryFolder _folder = new();

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
            """, Child.Tree, _folder.Path);
        Assert.True(ended.Status == 0, ended.ToString());
    }

    public string Root => Path.Combine(_folder.Path, "tree");

    public string Launcher => Path.Combine(Root, "probe");

    public string Elsewhere => _folder.Path;

    /// <summary>Runs a script of bash with $tree, $elsewhere and $nobody (a prefix that makes the command a plain user's).</summary>
    internal Ended Bash(string script, string folder = "/") => Child.Run("bash", ["-c", script], folder, new Dictionary<string, string?>(StringComparer.Ordinal)
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
        File.WriteAllText(path, System.Text.RegularExpressions.Regex.Replace(File.ReadAllText(path), "<Version>[^<]*</Version>", $"<Version>{version}</Version>",
            System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)));
    }

    /// <summary>Builds, unless that was done.</summary>
    internal void Build()
    {
        var ended = Bash("\"$tree/probe\" --version");
        Assert.True(ended.Status == 0, ended.ToString());
    }

    public void Dispose() => _folder.Dispose();
}

/// <summary>The launcher, from a fresh clone on. Each test leaves a tree that builds.</summary>
[Trait("Category", "Slow")]
public class LauncherTests(ClonedTree tree) : IClassFixture<ClonedTree>
{
    [NeedsFact(Need.None, "flock")]
    public void Two_starts_on_a_fresh_clone_build_once_and_both_run()
    {
        var ended = tree.Bash("""
            rm -rf "$tree/artifacts"
            "$tree/probe" --version & "$tree/probe" --version & wait
            ls -d "$tree"/artifacts/launcher/app.* | wc -l
            """);

        Assert.Matches(@"\Aprobe \S+\nprobe \S+\n1\n\z", ended.Output);
        Assert.Equal("", ended.Error);
    }

    [Fact]
    public void Nothing_is_built_when_nothing_changed_from_wherever_it_is_started()
    {
        tree.Build();
        var ended = tree.Bash("""
            stamp() { stat -c '%n %y %i' "$tree/artifacts/launcher/current" "$tree"/artifacts/launcher/app.*; }
            ln -sf "$tree/probe" "$elsewhere/link"; mkdir -p "$elsewhere/a b"
            before=$(stamp)
            "$elsewhere/link" --version; cd "$tree" && ./probe --version; bash probe --version; cd src && ../probe --version
            cd "$elsewhere/a b" && PATH=$tree:$PATH probe --version
            [[ $(stamp) == "$before" ]] && echo unchanged
            """);

        Assert.Matches(@"\A(probe \S+\n){5}unchanged\n\z", ended.Output);
        Assert.Equal("", ended.Error);
    }

    [Fact]
    public void A_change_is_built_and_arguments_come_through_as_they_are()
    {
        tree.Build();
        tree.SetVersion("7.8.9");

        Assert.Equal("probe 7.8.9\n", tree.Bash("\"$tree/probe\" --version").Output);
        Assert.Contains("HOST 'two words *' is not", tree.Bash("\"$tree/probe\" trace 'two words *'").Error, StringComparison.Ordinal);
        Assert.Equal(2, tree.Bash("\"$tree/probe\" trace ''").Status);
    }

    [Fact]
    public void A_build_that_fails_shows_why_and_runs_nothing()
    {
        tree.Build();
        var broken = Path.Combine(tree.Root, "src/Probe.Cli/Broken.cs");
        File.WriteAllText(broken, "namespace Probe.Cli; class Broken : NoSuchThing { }\n");
        var ended = tree.Bash("\"$tree/probe\" --version");
        File.Delete(broken);

        Assert.True(ended.Status == 3, ended.ToString());
        Assert.Equal("", ended.Output);
        Assert.Contains("Broken.cs(1,", ended.Error, StringComparison.Ordinal);
        Assert.StartsWith("probe: cannot build", ended.ErrorLines[^1], StringComparison.Ordinal);
        tree.Build();
    }

    [NeedsFact(Need.Root, "setpriv")]
    public void A_plain_user_builds_into_a_cache_of_his_own_where_the_tree_is_not_his()
    {
        tree.Build();
        tree.SetVersion("7.0.1");
        var ended = tree.Bash("""
            before=$(stat -c %y "$tree/artifacts/launcher/current")
            install -d -o 65534 -g 65534 "$elsewhere/cache"
            for i in 1 2; do $nobody XDG_CACHE_HOME="$elsewhere/cache" "$tree/probe" --version; done
            stat -c %u "$elsewhere"/cache/probe/*/current
            [[ $(stat -c %y "$tree/artifacts/launcher/current") == "$before" ]] && echo untouched
            find "$tree" -user 65534 | wc -l
            """);

        Assert.Equal("probe 7.0.1\nprobe 7.0.1\n65534\nuntouched\n0\n", ended.Output);
        Assert.Equal("", ended.Error);
    }

    [NeedsFact(Need.Root, "setpriv")]
    public void Root_in_a_users_clone_leaves_nothing_that_the_user_cannot_replace()
    {
        tree.SetVersion("7.0.2");
        var ended = tree.Bash("""
            chown -R 65534:65534 "$tree"
            "$tree/probe" --version
            find "$tree" ! -user 65534 | wc -l
            sed -i 's/7\.0\.2/7.0.3/' "$tree/Directory.Build.props"
            $nobody "$tree/probe" --version
            chown -R 0:0 "$tree"
            """);

        Assert.Equal("probe 7.0.2\n0\nprobe 7.0.3\n", ended.Output);
        Assert.Equal("", ended.Error);
    }

    [NeedsFact(Need.Root, "ip")]
    public void It_builds_and_runs_inside_a_network_namespace_without_a_network()
    {
        tree.SetVersion("7.0.4");
        var name = $"pb{Environment.ProcessId}launch";
        var ended = tree.Bash($"""
            ip netns add {name}; ip netns exec {name} "$tree/probe" --version; ip netns del {name}
            """);

        Assert.Equal("probe 7.0.4\n", ended.Output);
        Assert.Equal("", ended.Error);
    }

    [Fact]
    public void It_builds_without_a_home()
    {
        tree.SetVersion("7.0.5");
        var ended = tree.Bash("env -u HOME \"$tree/probe\" --version");

        Assert.Equal("probe 7.0.5\n", ended.Output);
        Assert.Equal("", ended.Error);
    }

    [NeedsFact(Need.Root, "unshare")]
    public void Without_an_sdk_one_line_says_what_to_install()
    {
        tree.SetVersion("7.0.6");

        // The SDK vanishes in a mount namespace of this one command.
        var ended = tree.Bash("""
            sdk=$(dirname "$(readlink -f "$(command -v dotnet)")"); unset DOTNET_ROOT
            unshare -m bash -c 'mount -t tmpfs none "$1"; "$tree/probe" --version' - "$sdk"
            """);

        Assert.True(ended.Status == 3, ended.ToString());
        var error = Assert.Single(ended.ErrorLines);
        Assert.StartsWith("probe: the .NET 10 SDK is not installed: ", error, StringComparison.Ordinal);
        Assert.Contains("apt-get install dotnet-sdk-10.0", error, StringComparison.Ordinal);
    }
}
