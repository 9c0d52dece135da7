using System.Text.Json.Nodes;
using System.Text;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Evidence;

[Collection(Lanes.Simulated)]
public class EvidenceJsonTests
{
    [Fact]
    public void Names_kinds_and_times_are_those_of_the_contract()
    {
        var json = JsonNode.Parse(EvidenceJson.Serialize(Samples.LyingHop("r2.example.net")))!;

        Assert.Equal("probe.bundle/1.0", (string?)json["schema"]);
        Assert.Equal("2026-11-21T04:51:00.120000000Z", (string?)json["started"]);
        Assert.Equal("2026-11-21T04:51:09.332345678Z", (string?)json["ended"]);
        Assert.Equal("done", (string?)json["endReason"]);
        var trace = json["traces"]![0]!;
        Assert.Equal("tcp", (string?)trace["protocol"]);
        Assert.Equal("raw", (string?)trace["mode"]);
        var node = trace["hops"]![1]!["nodes"]![0]!;
        Assert.Equal("r2.example.net", (string?)node["name"]);
        Assert.Equal(301_499, (long?)node["rttNs"]!["min"]);
        Assert.Equal("""{"kind":"fragmentation-needed","type":3,"code":4,"count":10,"mtu":9000,"implausible":true}""", node["replies"]![0]!.ToJsonString());
        Assert.Equal("syn-ack", (string?)trace["hops"]![3]!["nodes"]![0]!["replies"]![0]!["kind"]);
        Assert.Empty(trace["hops"]![2]!["nodes"]!.AsArray());
    }

    [Fact]
    public void Null_is_written_only_where_it_means_something()
    {
        var hop = Samples.SilentHop(1, null, null) with { Nodes = [Samples.Node("10.0.0.1") with { Sent = null, Loss = null, RttNs = null }] };
        var link = new LinkEvidence { Ttl = 1, From = null, To = null, Flows = [1], Sent = 0, Received = 0, Loss = null };
        var trace = Samples.Trace(false, hop) with { Port = null, Links = [link] };
        var json = JsonNode.Parse(EvidenceJson.Serialize(Samples.Document(trace)))!["traces"]![0]!.AsObject();

        Assert.True(json.ContainsKey("reachedTtl") && json["reachedTtl"] is null);
        Assert.False(json.ContainsKey("port"));
        Assert.False(json.ContainsKey("multipath"));
        var hopJson = json["hops"]![0]!.AsObject();
        Assert.True(hopJson.ContainsKey("loss") && hopJson["loss"] is null);
        Assert.True(hopJson.ContainsKey("rateLimited") && hopJson["rateLimited"] is null);
        var nodeJson = hopJson["nodes"]![0]!.AsObject();
        Assert.True(nodeJson.ContainsKey("sent") && nodeJson["sent"] is null);
        Assert.True(nodeJson.ContainsKey("loss") && nodeJson["loss"] is null);
        Assert.False(nodeJson.ContainsKey("rttNs"));
        Assert.False(nodeJson.ContainsKey("name"));
        var linkJson = json["links"]![0]!.AsObject();
        Assert.True(linkJson.ContainsKey("from") && linkJson.ContainsKey("to") && linkJson.ContainsKey("loss"));
    }

    [Fact]
    public void What_was_written_is_read_back_the_same()
    {
        var first = EvidenceJson.Serialize(Samples.LyingHop("\u001b[31m中😀 \u202e`|<b>\ud800".Replace("\ud800", "", StringComparison.Ordinal)));
        Assert.True(EvidenceJson.TryRead(Encoding.UTF8.GetBytes(first), out var bundle, out var error), error);
        Assert.Equal(first, EvidenceJson.Serialize(bundle));
        Assert.Equal("\u001b[31m中😀 \u202e`|<b>", bundle.Traces![0].Hops[1].Nodes[0].Name);
    }

    [Fact]
    public void A_quoted_ipv6_header_has_no_identification_and_is_read_back()
    {
        var hop = Samples.Hop(1, Samples.Node("2001:db8::1") with { Quoted = new QuotedEvidence(Ttl: 1, Tos: 0, Length: 80) });
        var json = EvidenceJson.SerializeToUtf8(Samples.Document(Samples.Trace(false, hop)));
        Assert.True(EvidenceJson.TryRead(json, out var bundle, out var error), error);
        Assert.Equal(new QuotedEvidence(1, 0, 80), bundle.Traces![0].Hops[0].Nodes[0].Quoted);
    }

    [Fact]
    public void Every_reply_kind_has_the_name_of_the_contract()
    {
        var names = Enum.GetValues<ReplyKind>().Select(kind =>
            (string)JsonNode.Parse(EvidenceJson.Line(Samples.Trace(false, Samples.Hop(1, Samples.Node("10.0.0.1", kind)))))!["hops"]![0]!["nodes"]![0]!["replies"]![0]!["kind"]!);
        Assert.Equal(
            "time-exceeded echo-reply syn-ack reset port-unreachable fragmentation-needed host-unreachable network-unreachable "
                + "admin-prohibited protocol-unreachable packet-too-big parameter-problem source-quench udp-reply other-unreachable",
            string.Join(' ', names));
    }

    [Fact]
    public void Json_on_a_terminal_obeys_no_stranger_and_stays_readable()
    {
        var random = new Random(Seed.Value);
        for (var i = 0; i < 5_000; i++)
        {
            var text = HostileText.Next(random);
            var json = EvidenceJson.Serialize(Samples.LyingHop(text));
            foreach (var rune in json.EnumerateRunes())
            {
                Assert.True(rune.Value == '\n' || StrangerText.IsHarmless(rune), $"seed {Seed.Value}, case {i}: U+{rune.Value:X4} in the JSON");
            }

            Assert.True(EvidenceJson.TryRead(Encoding.UTF8.GetBytes(json), out var bundle, out var error), error);
            var wellFormed = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
            Assert.Equal(wellFormed, bundle.Traces![0].Hops[1].Nodes[0].Name);
        }

        Assert.Contains("\"Zürich 東京 <it's> a+b & `c`\"", EvidenceJson.Serialize(Samples.LyingHop("Zürich 東京 <it's> a+b & `c`")), StringComparison.Ordinal);
    }

    [Fact]
    public void Ndjson_has_one_element_a_line_and_the_document_without_them_last()
    {
        var bundle = Samples.LyingHop("two\nlines");
        var lines = (EvidenceJson.Line(bundle.Traces![0]) + EvidenceJson.LastLine(bundle)).Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Equal("", lines[2]);
        Assert.Equal("203.0.113.9", (string?)JsonNode.Parse(lines[0])!["address"]);
        Assert.Equal("probe.bundle/1.0", (string?)JsonNode.Parse(lines[1])!["schema"]);
        Assert.False(JsonNode.Parse(lines[1])!.AsObject().ContainsKey("traces"));
    }

    [Fact]
    public void Fields_of_a_newer_minor_version_are_ignored()
    {
        var json = EvidenceJson.Serialize(Samples.LyingHop())
            .Replace("probe.bundle/1.0", "probe.bundle/1.7", StringComparison.Ordinal)
            .Replace("\"complete\"", "\"weather\": [null, {\"rain\": [1, [2]]}], \"complete\"", StringComparison.Ordinal)
            .Replace("\"ttl\": 1,", "\"ttl\": 1, \"mood\": null,", StringComparison.Ordinal);
        Assert.True(EvidenceJson.TryRead(Encoding.UTF8.GetBytes(json), out var bundle, out var error), error);
        Assert.Equal(4, bundle.Traces![0].Hops.Count);
    }

    [Theory]
    [InlineData("", "line 1")]
    [InlineData("{", "line 1")]
    [InlineData("null", "not a probe document")]
    [InlineData("[]", "not a probe document")]
    [InlineData("{}", "not a probe document")]
    [InlineData("\"probe.bundle/1.0\"", "not a probe document")]
    [InlineData("{\"schema\":17}", "not a probe document")]
    [InlineData("{\"schema\":\"sos/1\"}", "not a probe document")]
    [InlineData("{\"schema\":\"probe.bundle/2.0\"}", "has schema probe.bundle/2.0, this program reads probe.bundle/1.y: use a newer probe")]
    [InlineData("{\"schema\":\"probe.bundle/0.9\"}", "use an older probe")]
    [InlineData("{\"schema\":\"probe.bundle/1\"}", "unknown schema")]
    [InlineData("{\"schema\":\"probe.bundle/one.two\\u001b[31m\"}", @"one.two\u{1b}[31m")]
    [InlineData("{\"schema\":\"probe.bundle/1.0\"}", "missing required properties")]
    [InlineData("{\"schema\":\"probe.bundle/1.0\",\"schema\":\"probe.bundle/1.0\"}", "uplicate")]
    [InlineData("{\"schema\":\"\\ud800\"}", "not valid JSON text")]
    public void A_document_that_cannot_be_read_says_why(string json, string why)
    {
        Assert.False(EvidenceJson.TryRead(Encoding.UTF8.GetBytes(json), out _, out var error));
        Assert.Contains(why, error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    [Theory]
    [InlineData("\"ttl\": 1,", "\"ttl\": \"one\",", "$.traces[0].hops[0].ttl")]
    [InlineData("\"ttl\": 1,", "\"ttl\": 1.5,", "$.traces[0].hops[0].ttl")]
    [InlineData("\"ttl\": 1,", "\"ttl\": 99999999999,", "$.traces[0].hops[0].ttl")]
    [InlineData("\"ttl\": 1,", "\"ttl\": 400,", "/traces/0/hops/0/ttl")]
    [InlineData("\"ttl\": 2,", "\"ttl\": 1,", "/traces/0/hops/1/ttl")]
    [InlineData("\"ttl\": 1,", "\"ttl\": 1, \"ttl\": 1,", "uplicate")]
    [InlineData("\"received\": 0,", "\"received\": -1,", "/traces/0/hops/2/received")]
    [InlineData("\"rateLimited\": 1,", "\"rateLimited\": 7,", "/traces/0/hops/2/rateLimited")]
    [InlineData("\"kind\": \"syn-ack\"", "\"kind\": \"greeting\"", "replies[0].kind: 'greeting' is none of time-exceeded, echo-reply, ")]
    [InlineData("\"kind\": \"syn-ack\"", "\"kind\": \"SynAck\"", "replies[0].kind: 'SynAck' is none of ")]
    [InlineData("\"kind\": \"syn-ack\"", "\"kind\": 2", "replies[0].kind: this is none of time-exceeded, ")]
    [InlineData("\"kind\": \"syn-ack\"", "\"kind\": null", "replies[0].kind: ")]
    [InlineData("\"endReason\": \"done\"", "\"endReason\": \"bored\"", "$.endReason: 'bored' is none of done, max-probes, deadline, interrupted")]
    [InlineData("\"stopReason\": \"target\"", "\"stopReason\": \"\"", "$.traces[0].stopReason: '' is none of target, ")]
    [InlineData("\"balancing\": \"single\"", "\"balancing\": \"\\u001b[31m\"", @".balancing: '\u{1b}[31m' is none of single, ")]
    [InlineData("\"nodes\": []", "\"nodes\": [null]", "null")]
    [InlineData("\"nodes\": []", "\"nodes\": null", "nodes")]
    [InlineData("\"address\": \"10.0.0.1\"", "\"address\": null", "address")]
    [InlineData("\"started\": \"2026", "\"started\": \"20x6", "RFC 3339")]
    [InlineData("\"complete\": true,", "", "complete")]
    public void A_wrong_value_is_named_with_its_place(string right, string wrong, string place)
    {
        var json = EvidenceJson.Serialize(Samples.LyingHop());
        Assert.Contains(right, json, StringComparison.Ordinal);
        var at = json.IndexOf(right, StringComparison.Ordinal);
        var broken = string.Concat(json.AsSpan(0, at), wrong, json.AsSpan(at + right.Length));
        Assert.False(EvidenceJson.TryRead(Encoding.UTF8.GetBytes(broken), out _, out var error));
        Assert.Contains(place, error, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", error, StringComparison.Ordinal);
        Assert.DoesNotContain("Probe.Core", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-route", null)]
    [InlineData("status-503", null)]
    [InlineData("status", "checks[0].reason: a status has its number")]
    [InlineData("status-many", "checks[0].reason: 'status-many' is none of neighbour, ")]
    [InlineData("weather", "checks[0].reason: 'weather' is none of neighbour, ")]
    public void The_reason_of_a_check_is_a_known_word(string word, string? refused)
    {
        var json = EvidenceJson.Serialize(CheckSamples.Document(CheckSamples.Check("a.example:80", CheckVerdict.Unreachable, CheckReasonKind.Gateway)))
            .Replace("\"reason\": \"gateway\"", $"\"reason\": \"{word}\"", StringComparison.Ordinal);
        Assert.Equal(refused is null, EvidenceJson.TryRead(Encoding.UTF8.GetBytes(json), out var bundle, out var error));
        Assert.Contains(refused ?? "", error ?? "", StringComparison.Ordinal);
        Assert.Equal(refused is null ? word : null, bundle?.Checks![0].Reason.ToString());
    }

    [Fact]
    public void Depth_is_bounded_also_in_unknown_fields()
    {
        var deep = new string('[', 100_000);
        foreach (var json in new[] { $"{{\"x\":{deep}", $"{{\"schema\":\"probe.bundle/1.0\",\"x\":{deep}" })
        {
            Assert.False(EvidenceJson.TryRead(Encoding.UTF8.GetBytes(json), out _, out var error));
            Assert.Contains("line 1", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Size_is_bounded()
    {
        Assert.False(EvidenceJson.TryRead(new EndlessStream(), out _, out var error));
        Assert.Equal("the document is larger than 256 MiB", error);
    }

    [Fact]
    public void Damaged_documents_never_throw()
    {
        var random = new Random(Seed.Value);
        var whole = EvidenceJson.SerializeToUtf8(Samples.LyingHop("name\u001b"));
        var refused = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = whole.ToArray();
            for (var n = random.Next(1, 4); n > 0; n--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            var length = random.Next(4) == 0 ? random.Next(bytes.Length) : bytes.Length;
            if (!EvidenceJson.TryRead(bytes.AsSpan(0, length), out _, out var error))
            {
                refused++;
                Assert.True(error.EnumerateRunes().All(StrangerText.IsHarmless), $"seed {Seed.Value}, case {i}: {error}");
            }
        }

        Assert.InRange(refused, 1_000, 20_000);
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override int Read(Span<byte> buffer)
        {
            buffer.Fill((byte)' ');
            return buffer.Length;
        }
    }
}
