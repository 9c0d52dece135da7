using System.Text.RegularExpressions;

namespace Probe.Cli.Tests.Architecture;

/// <summary>The source obeys <see cref="Rooms"/>, and the README shows them.</summary>
public sealed partial class ArrowTests
{
    [Fact]
    public void Every_using_follows_an_arrow_of_the_design()
    {
        var found = Arrows().Where(arrow => !IsDrawn(arrow.From, arrow.To))
            .Select(arrow => $"{arrow.From} -> {arrow.To}").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();

        // A wrong arrow that is gone must leave the list too: it only gets shorter.
        Assert.Equal(string.Join('\n', Rooms.Wrong.Order(StringComparer.Ordinal)), string.Join('\n', found));
    }

    [Fact]
    public void Every_folder_with_source_is_a_room()
    {
        var unknown = Sources.All.Select(file => RoomOf(Path.GetDirectoryName(file)!)).Distinct(StringComparer.Ordinal)
            .Where(room => !Rooms.All.Any(known => Covers(known.Room, room)));
        Assert.Empty(unknown);
        Assert.All(Rooms.All, room => Assert.Contains(Sources.All, file => Covers(room.Room, RoomOf(Path.GetDirectoryName(file)!))));
    }

    [Fact]
    public void No_two_rooms_use_each_other()
    {
        var arrows = Arrows().Where(arrow => IsDrawn(arrow.From, arrow.To)).Select(arrow => (arrow.From, arrow.To)).ToHashSet();
        Assert.DoesNotContain(arrows, arrow => arrows.Contains((arrow.To, arrow.From)));
    }

    [Fact]
    public void The_README_shows_the_rooms_and_their_arrows()
    {
        var table = string.Join('\n', Rooms.All.Select(room =>
            $"| `{room.Room}` | {room.Holds} | {(room.Uses is [] ? "–" : string.Join(", ", room.Uses.Select(used => $"`{used}`")))} |"));
        Assert.Contains(table, File.ReadAllText(Path.Combine(Sources.Root, "README.md")), StringComparison.Ordinal);
    }

    /// <summary>Every use of another room: by a using, or by a name that begins with a namespace.</summary>
    private static IEnumerable<(string From, string To, string File)> Arrows()
    {
        var rooms = Sources.All.Select(file => RoomOf(Path.GetDirectoryName(file)!)).ToHashSet(StringComparer.Ordinal);
        foreach (var file in Sources.All)
        {
            var from = RoomOf(Path.GetDirectoryName(file)!);
            foreach (Match match in NamesAnotherRoom().Matches(File.ReadAllText(file)))
            {
                // A using static or an alias ends in a type: the longest room that the name begins with is meant.
                var name = match.Groups["name"].Value["Probe.".Length..].Replace('.', '/');
                while (name.Length > 0 && !rooms.Contains(name))
                {
                    name = name.Contains('/', StringComparison.Ordinal) ? name[..name.LastIndexOf('/')] : "";
                }

                if (name.Length > 0 && name != from)
                {
                    yield return (from, name, file);
                }
            }
        }
    }

    private static bool IsDrawn(string from, string to) =>
        Rooms.ForAll.Contains(to) || Rooms.All.Any(room => Covers(room.Room, from) && (room.Uses.Any(used => Covers(used, to)) || (room.Room.EndsWith("/*", StringComparison.Ordinal) && Covers(room.Room, to))));

    /// <summary><c>Core/Linux/*</c> covers <c>Core/Linux</c> and every folder in it.</summary>
    private static bool Covers(string pattern, string room) =>
        pattern.EndsWith("/*", StringComparison.Ordinal) ? room == pattern[..^2] || room.StartsWith(pattern[..^1], StringComparison.Ordinal) : room == pattern;

    private static string RoomOf(string folder) => Path.GetRelativePath(Path.Combine(Sources.Root, "src"), folder).Replace("Probe.", "", StringComparison.Ordinal);

    [GeneratedRegex(@"^using (static )?(\w+ = )?(?<name>Probe(\.\w+)+);|(?<=[\s(<])(global::)?(?<name>Probe\.(Core|Cli|Report|Lab)(\.\w+)+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex NamesAnotherRoom();
}
