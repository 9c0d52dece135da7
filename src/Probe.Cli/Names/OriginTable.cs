using System.Globalization;
using Probe.Core.Packets;

namespace Probe.Cli.Names;

/// <summary>
/// Origins by prefix from a file of the user: a text (<see cref="PrefixTable"/>) or a database (<see cref="OriginDatabase"/>).
/// </summary>
internal abstract class OriginTable : IDisposable
{
    private const string DatabaseEnding = ".mmdb";

    /// <summary>What was found to be wrong with the file while it was used; null for nothing.</summary>
    public virtual string? Fault => null;

    /// <summary>Reads a file: a database where its name ends so, else a text.</summary>
    /// <exception cref="UserError">It cannot be read, or what it holds is wrong.</exception>
    public static OriginTable Read(string path)
    {
        try
        {
            return path.EndsWith(DatabaseEnding, StringComparison.OrdinalIgnoreCase)
                ? OriginDatabase.Open(path)
                : PrefixTable.ReadText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw UserError.CannotRun($"cannot read {path}: " + (
                e is FileNotFoundException or DirectoryNotFoundException ? "no such file"
                : Directory.Exists(path) ? "it is a directory, name a file"
                : e is UnauthorizedAccessException ? "permission denied" : e.Message));
        }
    }

    /// <summary>The origin of the longest prefix that holds the address; null when none does.</summary>
    public abstract AsOrigin? Of(IpAddress address);

    /// <inheritdoc/>
    public virtual void Dispose() => GC.SuppressFinalize(this);

    /// <summary>Reads an AS number as people write it: <c>64500</c> or <c>AS64500</c>.</summary>
    protected static bool TryNumber(ReadOnlySpan<char> text, out uint number)
    {
        var digits = text.StartsWith("AS", StringComparison.OrdinalIgnoreCase) ? text[2..] : text;
        return uint.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0;
    }
}
