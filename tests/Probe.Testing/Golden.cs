namespace Probe.Testing;

/// <summary>Files of the repository that a test keeps true. PROBE_UPDATE=1 writes them anew; the difference is then read in review.</summary>
internal static class Golden
{
    public static string Root { get; } = FindRoot();

    /// <summary>Compares with the file, and fails with the first line that differs.</summary>
    public static void Check(string path, string actual)
    {
        var full = Path.Combine(Root, path);
        if (string.Equals(Environment.GetEnvironmentVariable("PROBE_UPDATE"), "1", StringComparison.Ordinal))
        {
            File.WriteAllText(full, actual);
        }

        var expected = File.Exists(full) ? File.ReadAllText(full) : "";
        if (!string.Equals(expected, actual, StringComparison.Ordinal))
        {
            var (left, right) = (expected.Split('\n'), actual.Split('\n'));
            var line = left.Zip(right).TakeWhile(pair => string.Equals(pair.First, pair.Second, StringComparison.Ordinal)).Count();
            Assert.Fail($"{path} differs from line {line + 1} on (PROBE_UPDATE=1 writes it anew):\n- {left.ElementAtOrDefault(line)}\n+ {right.ElementAtOrDefault(line)}");
        }
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Toolkit.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("Toolkit.sln stands in no folder above the tests.");
        }

        return folder.FullName;
    }
}
