namespace Probe.Cli.Tests.Architecture;

/// <summary>The source files of the repository.</summary>
internal static class Sources
{
    /// <summary>The repository.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Every file of <c>src/</c> that is written by hand.</summary>
    public static IEnumerable<string> All => Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal);

    /// <summary>Its path from the repository on.</summary>
    public static string NameOf(string file) => Path.GetRelativePath(Root, file);

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Toolkit.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the tests do not run inside the repository");
        }

        return folder;
    }
}
