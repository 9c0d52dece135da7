using Probe.Cli.Parsing;

namespace Probe.Cli.Check;

/// <summary>The targets of <c>probe check</c>, from arguments and from a file or standard input.</summary>
internal static class CheckTargets
{
    /// <summary>What ends a target: load balancers write a weight or a URL path behind it.</summary>
    public const string Ends = " \t/";

    /// <summary>Reads them all before anything is sent.</summary>
    /// <param name="words">The arguments.</param>
    /// <param name="file">The file; <c>-</c> is standard input, null none.</param>
    /// <param name="parser">Reads one.</param>
    /// <param name="source">Another program's list; null for none.</param>
    /// <param name="isUdp">Of that list the UDP services, else the TCP ones.</param>
    /// <param name="warn">Takes a warning.</param>
    /// <param name="skipped">Takes what of <paramref name="source"/> is not checked, and why.</param>
    /// <exception cref="UserError">One of them is none, or the file cannot be read.</exception>
    public static IReadOnlyList<ServiceName> Read(IReadOnlyList<string> words, string? file, ValueParser<ServiceName> parser,
        ServiceSource? source, bool isUdp, Action<string> warn, Action<string> skipped)
    {
        var targets = new List<ServiceName>();
        foreach (var word in words)
        {
            targets.Add(parser(word, out var target, out var why) ? target : throw UserError.Usage($"HOST:PORT '{word}' {why}"));
        }

        if (file is not null)
        {
            targets.AddRange(ListFile.Read(file, Ends, parser, warn));
        }

        if (source is not null)
        {
            targets.AddRange(source.Read(skipped, isUdp));
        }

        return targets.Count > 0 ? targets
            : throw UserError.Usage(source is not null ? "there is no service to check in what --targets-from names"
                : file is null ? "HOST:PORT is missing; see 'probe check --help'" : "there is no target in the file, and none beside it");
    }
}
