using System.Globalization;
using System.Xml.Linq;
using Probe.Core.Evidence;
using Probe.Report.Charts;
using static Probe.Testing.PathSamples;
using Probe.Core.Vocabulary;

namespace Probe.Report.Tests.Charts;

public class PathPictureTests
{
    private const string Evil = "</text><script>alert(1)</script>\"' onload='x' & ]]> \u001b[31m\u202e --> %%{init}";
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void The_picture_of_a_diamond() => Golden.Check("tests/Probe.Report.Tests/Golden/diamond.svg", PathPicture.Render(Diamond()));

    [Fact]
    public void The_picture_of_silent_hops() => Golden.Check("tests/Probe.Report.Tests/Golden/silent.svg", PathPicture.Render(Silent()));

    [Theory]
    [MemberData(nameof(Names))]
    internal void It_is_xml_with_a_text_alternative(string name)
    {
        var trace = Samples[name];
        var root = XDocument.Parse(PathPicture.Render(trace)).Root!;

        Assert.Equal("img", root.Attribute("role")?.Value);
        var title = root.Element(Svg + "title")!;
        Assert.Equal($"{title.Attribute("id")!.Value} path-desc", root.Attribute("aria-labelledby")?.Value);
        Assert.Equal("Path to example.net (203.0.113.9)", title.Value);
        var alternative = root.Element(Svg + "desc")!.Value;
        Assert.All(trace.Hops.SelectMany(hop => hop.Nodes), node => Assert.Contains(node.Address, alternative, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    internal void No_box_lies_over_another_or_outside_the_picture(string name)
    {
        var trace = Samples[name];
        var root = XDocument.Parse(PathPicture.Render(trace)).Root!;
        var (width, height) = (Number(root, "width"), Number(root, "height"));
        var boxes = root.Descendants(Svg + "rect").Where(rect => rect.Attribute("class")?.Value == "box")
            .Select(rect => (X: Number(rect, "x"), Y: Number(rect, "y"), Width: Number(rect, "width"), Height: Number(rect, "height"))).ToList();
        for (var i = 0; i < boxes.Count; i++)
        {
            var one = boxes[i];
            Assert.True(one.X >= 0 && one.Y >= 0 && one.X + one.Width <= width && one.Y + one.Height <= height, $"{name}: {one} is outside");
            Assert.All(boxes.Skip(i + 1), other => Assert.False(
                one.X < other.X + other.Width && other.X < one.X + one.Width && one.Y < other.Y + other.Height && other.Y < one.Y + one.Height,
                $"{name}: {one} lies over {other}"));
        }
    }

    [Fact]
    public void Title_and_subtitle_end_within_the_picture()
    {
        // A short path with much to say; 0.602 em is the advance of DejaVu Sans Mono.
        var trace = Diamond() with { Target = new string('n', 90) + ".example.net", Via = [new string('v', 120)] };
        var root = XDocument.Parse(PathPicture.Render(trace)).Root!;
        var texts = root.Elements(Svg + "text").Where(text => text.Attribute("class")!.Value is "heading" or "faint").ToList();
        Assert.Contains(texts, text => text.Value.Length > 100);
        Assert.All(texts, text => Assert.True(
            Number(text, "x") + text.Value.Length * 0.602 * (text.Attribute("class")!.Value == "heading" ? 15 : 12) <= Number(root, "width"), text.Value));
    }

    [Fact]
    public void Loss_silence_target_and_balancing_can_be_seen_and_read()
    {
        var silent = Classes(Silent());
        Assert.Equal(5, silent.Count(kind => kind == "node silent loss6") + silent.Count(kind => kind == "node silent loss5"));
        Assert.Contains("edge loss5 silent", silent, StringComparer.Ordinal);
        Assert.Contains("no answer, 100.0 % lost", Texts(Silent()), StringComparer.Ordinal);
        Assert.Contains("node target loss0", silent, StringComparer.Ordinal);
        Assert.Contains("edge loss0 unproved", Classes(PerPacket()), StringComparer.Ordinal);
        Assert.Contains("balances per packet", Texts(PerPacket()), StringComparer.Ordinal);
        Assert.Contains("2 flows", Texts(Diamond()), StringComparer.Ordinal);
    }

    [Fact]
    public void Few_lines_cross_where_none_must()
    {
        // Two planes that never meet: drawn apart whatever the order of addresses.
        var picture = PathPicture.Render(Of("10.0.0.1 10.0.2.1 10.0.3.9 203.0.113.9", "10.0.0.9 10.0.2.0 10.0.3.1 203.0.113.9"));
        var x = XDocument.Parse(picture).Descendants(Svg + "g").Where(g => g.Elements(Svg + "text").Any())
            .ToDictionary(g => g.Elements(Svg + "text").First().Value + Number(g.Element(Svg + "rect")!, "y"), g => Number(g.Element(Svg + "rect")!, "x"), StringComparer.Ordinal);
        int At(string address) => x.First(entry => entry.Key.StartsWith(address, StringComparison.Ordinal)).Value;

        Assert.Equal(At("10.0.2.1") < At("10.0.2.0"), At("10.0.3.9") < At("10.0.3.1"));
    }

    [Fact]
    public void A_strangers_name_stays_text()
    {
        var picture = PathPicture.Render(Named(Diamond(), _ => Evil) with { Target = Evil });
        var root = XDocument.Parse(picture).Root!;

        Assert.DoesNotContain(root.Descendants(), element => element.Name.LocalName == "script");
        Assert.DoesNotContain(root.DescendantsAndSelf().Attributes(), attribute => attribute.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
        Assert.All(picture.EnumerateRunes(), rune => Assert.True(rune.Value == '\n' || StrangerText.IsHarmless(rune)));
        Assert.Contains(root.Descendants(Svg + "title"), title => title.Value.Contains(StrangerText.Clean(Evil), StringComparison.Ordinal));
    }

    [Fact]
    public void Every_hostile_document_draws_as_xml()
    {
        var random = new Random(Seed.Value);
        for (var i = 0; i < 200; i++)
        {
            string Text() => HostileText.Next(random);
            var trace = Named(random.Next(2) == 0 ? Silent() : Unequal(), _ => Text());
            var links = trace.Links.Select(link => random.Next(3) == 0 ? link with { From = Text(), Ttl = random.Next(6), Flows = [random.Next(9)] } : link);
            var hops = trace.Hops.Where(_ => random.Next(5) != 0)
                .Select(hop => random.Next(4) != 0 || hop.Nodes.Count == 0 ? hop : hop with { Nodes = [.. hop.Nodes, hop.Nodes[0] with { Address = Text(), AsName = Text(), Asn = 1, Flows = [] }, hop.Nodes[0]] });
            var document = XDocument.Parse(PathPicture.Render(trace with { Target = Text(), Source = Text(), Links = [.. links], Hops = [.. hops] }));
            Assert.Equal("svg", document.Root!.Name.LocalName);
        }
    }

    [Fact]
    public void Culture_changes_no_octet()
    {
        var culture = CultureInfo.CurrentCulture;
        var foreign = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        foreign.NumberFormat.NumberDecimalSeparator = ",";
        foreign.NumberFormat.NegativeSign = "\u061c-";
        var here = PathPicture.Render(Mesh(5));
        try
        {
            CultureInfo.CurrentCulture = foreign;
            Assert.Equal(here, PathPicture.Render(Mesh(5)));
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    public static TheoryData<string> Names() => [.. Samples.Keys];

    private static Dictionary<string, TraceEvidence> Samples { get; } = new(StringComparer.Ordinal)
    {
        ["diamond"] = Diamond(), ["unequal"] = Unequal(), ["silent"] = Silent(), ["per packet"] = PerPacket(), ["mesh"] = Mesh(6), ["wide"] = Wide(64),
        ["line"] = Of("10.0.0.1 10.0.0.5 * * 10.0.0.9 203.0.113.9"), ["end"] = Of("10.0.0.1 * * *"), ["nothing"] = Of("* * *"),
    };

    private static List<string> Classes(TraceEvidence trace) =>
        [.. XDocument.Parse(PathPicture.Render(trace)).Descendants(Svg + "g").Select(g => g.Attribute("class")?.Value ?? "")];

    private static List<string> Texts(TraceEvidence trace) => [.. XDocument.Parse(PathPicture.Render(trace)).Descendants(Svg + "text").Select(text => text.Value)];

    private static int Number(XElement element, string name) => int.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);
}
