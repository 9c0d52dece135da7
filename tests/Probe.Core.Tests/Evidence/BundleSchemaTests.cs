using System.Text.Json.Nodes;
using System.Text;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Evidence;

public class BundleSchemaTests
{
    private const string File = "schema/probe.bundle-1.0.schema.json";

    [Fact]
    public void The_schema_file_says_what_the_program_writes() => Golden.Check(File, BundleSchema.Make());

    [Fact]
    public void Every_field_is_described()
    {
        var bare = new List<string>();
        Visit(JsonNode.Parse(BundleSchema.Make())!.AsObject(), "");
        Assert.Empty(bare);

        void Visit(JsonObject schema, string at)
        {
            foreach (var (name, inner) in schema["properties"]?.AsObject() ?? [])
            {
                if (!inner!.AsObject().ContainsKey("description"))
                {
                    bare.Add($"{at}/{name}");
                }

                Visit(inner.AsObject(), $"{at}/{name}");
            }

            if (schema["items"] is JsonObject items)
            {
                Visit(items, $"{at}/-");
            }
        }
    }

    [Fact]
    public void What_is_written_is_valid()
    {
        var silent = Samples.SilentHop(1, null, null) with { Nodes = [Samples.Node("10.0.0.1") with { Sent = null, Loss = null, RttNs = null }] };
        var link = new LinkEvidence { Ttl = 1, From = null, To = "10.0.0.1", Flows = [1], Sent = 0, Received = 0, Loss = null };
        var rich = Samples.Trace(false, silent) with
        {
            Port = null,
            Links = [link],
            Via = ["ipip:10.0.0.7"],
            Multipath = new MultipathEvidence { Mode = MultipathAlgorithm.Mda, Confidence = 95, Scope = ConfidenceScope.Hop, Probes = 12, Complete = true },
            Probes = [new ProbeEvidence { Id = 1, Ttl = 1, Flow = 1, Size = 60, SentNs = 5 }],
        };
        var finding = new Finding
        {
            Rule = "PRB-X-001", Title = "t", Severity = Severity.Risk, Confidence = Confidence.Likely, Where = "w", Summary = "s",
            Evidence = [new EvidenceItem("a", "b", "/traces/0")], Verify = "probe trace x",
        };
        var full = Samples.Document(rich) with { Findings = [finding], NotExamined = [new NotExamined("r", "m")], Captures = [new CaptureFile("f", "00")] };
        foreach (var bundle in new[] { Samples.LyingHop("n"), CheckSamples.Mixed(), MtuSamples.All(), full, full with { Host = null, Traces = null, Gaps = null } })
        {
            Assert.Empty(Checker().Check(JsonNode.Parse(EvidenceJson.Serialize(bundle))));
        }
    }

    [Theory]
    [InlineData("\"complete\": true,", "", "lacks complete")]
    [InlineData("\"kind\": \"syn-ack\"", "\"kind\": \"SynAck\"", "/kind: not one of")]
    [InlineData("probe.bundle/1.0", "probe.bundle/2.0", "/schema: does not match")]
    [InlineData("\"ttl\": 1,", "\"ttl\": \"1\",", "/ttl: not integer")]
    [InlineData("\"nodes\": []", "\"nodes\": null", "/nodes: not array")]
    public void What_is_wrong_is_invalid(string right, string wrong, string error)
    {
        var json = EvidenceJson.Serialize(Samples.LyingHop());
        Assert.Contains(right, json, StringComparison.Ordinal);
        Assert.Contains(Checker().Check(JsonNode.Parse(json.Replace(right, wrong, StringComparison.Ordinal))), e => e.Contains(error, StringComparison.Ordinal));
    }

    private static SchemaChecker Checker() =>
        new(JsonNode.Parse(Encoding.UTF8.GetString(System.IO.File.ReadAllBytes(Path.Combine(Golden.Root, File))))!.AsObject());
}
