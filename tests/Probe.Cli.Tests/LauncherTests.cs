namespace Probe.Cli.Tests;

/// <summary>The launcher of this tree, from a fresh clone on.</summary>
[Collection(Lanes.Builds)]
public class FreshCloneTests(ClonedTree tree) : IClassFixture<ClonedTree>
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
        Assert.Contains("HOST 'two words *' is not", tree.Bash("\"$tree/probe\" trace 'two words *'").Error, StringComparison.Ordinal);
        Assert.Equal(2, tree.Bash("\"$tree/probe\" trace ''").Status);
    }

    [NeedsFact(Need.Root, "ip")]
    public void It_builds_and_runs_without_a_network_and_without_a_home()
    {
        tree.SetVersion("7.0.4");
        var name = $"pb{Environment.ProcessId}_launch";
        var ended = tree.Bash($"""
            ip netns add {name}; env -u HOME ip netns exec {name} "$tree/probe" --version; ip netns del {name}
            """);

        Assert.Equal("probe 7.0.4\n", ended.Output);
        Assert.Equal("", ended.Error);
    }
}

/// <summary>When the launcher builds, as whom and where, and what it says. Each test leaves a tree that builds.</summary>
[Collection(Lanes.Builds)]
public class LauncherTests(SmallTree tree) : IClassFixture<SmallTree>
{
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
        var ended = tree.Bash("\"$tree/probe\" 'two words *' '' -- --version");
        Assert.Equal((4, "[two words *]\n[]\n[--]\n[--version]\n"), (ended.Status, ended.Output));
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
