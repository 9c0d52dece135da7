using System.Text;
using Probe.Cli.Names;
using Probe.Core.Packets;

namespace Probe.Cli.Tests.Names;

public sealed class OriginDatabaseTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(6, 24)]
    [InlineData(6, 28)]
    [InlineData(6, 32)]
    [InlineData(4, 24)]
    public void Numbers_and_names_of_both_families_are_found(int version, int recordBits)
    {
        var writer = new DatabaseWriter(version, recordBits)
            .Add("192.0.2.0/24", ("autonomous_system_number", 4200000000u), ("autonomous_system_organization", " Outer net "))
            .Add("192.0.2.64/32", ("autonomous_system_number", (ushort)64501), ("autonomous_system_organization", new string('ö', 400)))
            .Add("198.51.100.0/25", ("network", "198.51.100.0/25"), ("asn", "AS64502"), ("as_name", "Half, Inc."), ("as_domain", "half.example"))
            .Add("198.51.100.128/25", ("asn", "64503"), ("name", "Other half"), ("tags", new[] { "a", "b" }), ("geo", new[] { ("x", (object)1) }))
            .Add("203.0.113.0/25", ("country", "ZZ"))
            .Add("203.0.113.128/25", ("asn", ""), ("as_name", "none"));
        if (version == 6)
        {
            writer.Add("2001:db8::/32", ("autonomous_system_number", 64504UL)).Add("2001:db8:1::/48", ("asn", 64505), ("as_name", ""));
        }

        using var table = Open(writer);
        Assert.Equal("4200000000 Outer net", Text(table, "192.0.2.0"));
        Assert.Equal("4200000000 Outer net", Text(table, "192.0.2.255"));
        Assert.Equal("64501 " + new string('ö', 400), Text(table, "192.0.2.64"));
        Assert.Equal("64502 Half, Inc.", Text(table, "198.51.100.127"));
        Assert.Equal("64503 Other half", Text(table, "198.51.100.128"));
        Assert.Null(Text(table, "203.0.113.1"));
        Assert.Null(Text(table, "203.0.113.200"));
        Assert.Null(Text(table, "192.0.3.0"));
        Assert.Equal(version == 6 ? "64504 " : null, Text(table, "2001:db8::1"));
        Assert.Equal(version == 6 ? "64505 " : null, Text(table, "2001:db8:1::1"));

        // c000:240:: begins with the bits of 192.0.2.64.
        Assert.Null(Text(table, "c000:240::"));
        Assert.Null(table.Fault);
    }

    [Fact]
    public void A_large_database_says_what_the_text_says()
    {
        var random = new Random(Seed.Value);
        var prefixes = Enumerable.Range(1, 2000).Select(number =>
        {
            var length = random.Next(1, 17);
            var start = (uint)random.Next(0x10000) << 16 & uint.MaxValue << (32 - length);
            return (Prefix: $"{IpAddress.FromV4(start)}/{length}", Length: length, Number: (uint)number);
        }).DistinctBy(prefix => prefix.Prefix).OrderBy(prefix => prefix.Length).ToList();
        var writer = new DatabaseWriter();
        var text = new StringBuilder();
        foreach (var (prefix, _, number) in prefixes)
        {
            writer.Add(prefix, ("autonomous_system_number", number), ("autonomous_system_organization", $"net {number}"));
            text.AppendLine($"{prefix} {number} net {number}");
        }

        using var database = Open(writer);
        var table = PrefixTable.Parse(new StringReader(text.ToString()), "table");
        for (var i = 0; i < 5000; i++)
        {
            var address = IpAddress.FromV4((uint)random.NextInt64(0x1_0000_0000));
            Assert.Equal(table.Of(address), database.Of(address));
        }
    }

    [Fact]
    public void Damaged_files_are_refused_or_found_out_and_never_end_the_process()
    {
        var random = new Random(Seed.Value);
        var good = new DatabaseWriter().Add("192.0.2.0/24", ("asn", "AS64500"), ("as_name", "one"))
            .Add("2001:db8::/32", ("autonomous_system_number", 64501u), ("autonomous_system_organization", "two")).Write();
        var (refused, found, faulty) = (0, 0, 0);
        for (var i = 0; i < 3000; i++)
        {
            var damaged = good.ToArray();
            for (var n = random.Next(4); n >= 0; n--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                using var table = Open(damaged.AsSpan(0, random.Next(8) == 0 ? random.Next(damaged.Length) : damaged.Length));
                found += Text(table, "192.0.2.1") == "64500 one" && Text(table, "2001:db8::1") == "64501 two" ? 1 : 0;
                faulty += table.Fault is null ? 0 : 1;
            }
            catch (UserError e)
            {
                Assert.Equal(ExitStatus.Usage, e.Status);
                refused++;
            }
        }

        Assert.True(refused > 100 && found > 100 && faulty > 10, $"{refused} refused, {found} found, {faulty} faulty");
    }

    [Fact]
    public void A_record_that_points_at_itself_is_a_fault_and_not_the_end()
    {
        // Records come one behind the other; the second is a map whose value is the map again, and the third points at itself.
        var first = DatabaseWriter.Map(("asn", "AS64500"));
        var second = DatabaseWriter.Map(("asn", DatabaseWriter.Pointer(first.Length)));
        using var table = Open(new DatabaseWriter().AddRaw("192.0.2.0/24", first).AddRaw("198.51.100.0/24", second)
            .AddRaw("203.0.113.0/24", DatabaseWriter.Pointer(first.Length + second.Length)));

        Assert.Equal("64500 ", Text(table, "192.0.2.1"));
        Assert.Null(Text(table, "198.51.100.1"));
        Assert.NotNull(table.Fault);
        Assert.Null(Text(table, "203.0.113.1"));
    }

    [Fact]
    public void A_wrong_file_is_one_line_before_anything_is_sent()
    {
        string[] files = ["text.mmdb", "empty.mmdb", "cut.MMDB", "city.mmdb", "none.mmdb", "new.mmdb"];
        var good = new DatabaseWriter().Add("192.0.2.0/24", ("asn", "AS64500")).Write();
        var city = new DatabaseWriter(type: "Test-City").Add("192.0.2.0/24", ("city", "Nowhere")).Add("2001:db8::/32", ("city", "Elsewhere"));
        byte[][] contents = ["192.0.2.0/24 64500 Text\n"u8.ToArray(), [], good[..^40], city.Write(), new DatabaseWriter().Write(), NewVersion(good)];
        string[] says =
        [
            "is no MaxMind database", "is no MaxMind database", "is no MaxMind database", "has no AS numbers (it is of the type 'Test-City')",
            "has no AS numbers (it is of the type 'Test-ASN')", "is no MaxMind database",
        ];
        foreach (var ((file, content), said) in files.Zip(contents).Zip(says))
        {
            var path = Path.Combine(_folder.Path, file);
            File.WriteAllBytes(path, content);
            var ended = Child.RunProbe("trace", "no-such.invalid", "--asn-file", path);

            Assert.True(ended.Status == 2, ended.ToString());
            Assert.StartsWith($"probe: {path} {said}", Assert.Single(ended.ErrorLines), StringComparison.Ordinal);
        }

        var missing = Child.RunProbe("trace", "no-such.invalid", "--asn-file", "/no/such.mmdb");
        Assert.Equal((3, "probe: cannot read /no/such.mmdb: no such file"), (missing.Status, Assert.Single(missing.ErrorLines)));
        var directory = Child.RunProbe("trace", "no-such.invalid", "--asn-file", Directory.CreateDirectory(Path.Combine(_folder.Path, "d.mmdb")).FullName);
        Assert.Equal(3, directory.Status);
        Assert.EndsWith("it is a directory, name a file", Assert.Single(directory.ErrorLines), StringComparison.Ordinal);
    }

    [NeedsFact(Need.Root)]
    public void A_trace_shows_the_systems_of_a_database_and_says_when_it_is_damaged()
    {
        var path = Path.Combine(_folder.Path, "as.mmdb");
        var record = DatabaseWriter.Map(("autonomous_system_number", 64500u), ("autonomous_system_organization", "Loop net"));
        File.WriteAllBytes(path, new DatabaseWriter().AddRaw("127.0.0.0/8", record).Write());
        var ended = Child.RunProbe("trace", "127.0.0.1", "-n", "-c", "1", "--json", "--asn-file", path);
        Assert.True(ended.Status == 0, ended.ToString());
        Assert.Contains("\"asn\": 64500", ended.Output, StringComparison.Ordinal);
        Assert.Contains("\"asName\": \"Loop net\"", ended.Output, StringComparison.Ordinal);

        File.WriteAllBytes(path, new DatabaseWriter().AddRaw("10.0.0.0/8", record).AddRaw("127.0.0.0/8", [0, 1]).Write());
        ended = Child.RunProbe("trace", "127.0.0.1", "-n", "-c", "1", "--json", "--asn-file", path);
        Assert.Contains("as.mmdb is damaged", ended.Output, StringComparison.Ordinal);
    }

    // The format's version in the metadata: an unsigned number of two octets, 2.
    private static byte[] NewVersion(byte[] database)
    {
        var changed = database.ToArray();
        var key = "binary_format_major_version"u8;
        changed[changed.AsSpan().LastIndexOf(key) + key.Length + 2] = 3;
        return changed;
    }

    private OriginDatabase Open(DatabaseWriter writer) => Open(writer.Write());

    private OriginDatabase Open(ReadOnlySpan<byte> database)
    {
        var path = Path.Combine(_folder.Path, "table.mmdb");
        File.WriteAllBytes(path, database);
        return OriginDatabase.Open(path);
    }

    private static string? Text(OriginDatabase table, string address) =>
        table.Of(IpAddress.Parse(address)) is { } origin ? $"{origin.Number} {origin.Name}" : null;
}
