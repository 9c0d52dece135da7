using System.Globalization;
using System.Text;

namespace Probe.Core.Linux.Namespaces;

/// <summary>What /proc tells about the processes of this host; a process that ends while it is read counts as absent.</summary>
/// <param name="root">Where proc is mounted; tests supply their own.</param>
internal sealed class ProcessTable(string root = "/proc")
{
    /// <summary>Numbers of all processes, ascending.</summary>
    public IReadOnlyList<int> ProcessIds()
    {
        var ids = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories(root))
        {
            if (int.TryParse(System.IO.Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                ids.Add(id);
            }
        }

        ids.Sort();
        return ids;
    }

    /// <summary>Path of a process's file.</summary>
    public string Path(int id, string file) => $"{root}/{id}/{file}";

    /// <summary>The control groups' paths, all hierarchies, one a line; "" when it cannot be read.</summary>
    public string ControlGroups(int id) => Read(Path(id, "cgroup"));

    /// <summary>The number of a process in its innermost PID namespace; null when it cannot be read.</summary>
    public int? InnermostId(int id)
    {
        foreach (var line in Read(Path(id, "status")).Split('\n'))
        {
            if (line.StartsWith("NSpid:", StringComparison.Ordinal))
            {
                var last = line[(line.LastIndexOf('\t') + 1)..];
                return int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
            }
        }

        return null;
    }

    /// <summary>A variable of the environment a process was started with; null when it has none or it cannot be read.</summary>
    public string? Variable(int id, string name)
    {
        foreach (var setting in Read(Path(id, "environ")).Split('\0'))
        {
            if (setting.StartsWith(name + "=", StringComparison.Ordinal))
            {
                return setting[(name.Length + 1)..];
            }
        }

        return null;
    }

    /// <summary>A small file as the process sees it; "" when it cannot be read.</summary>
    public string FileOf(int id, string path) => Read(Path(id, "root" + path)).Trim();

    /// <summary>
    /// Where a file of the process lies for us. An absolute symbolic link is the process's, and would otherwise lead into our own tree.
    /// </summary>
    public string? LocateFileOf(int id, string path)
    {
        var prefix = Path(id, "root");
        var at = prefix + path;

        // As many links as the kernel itself follows.
        for (var links = 0; links < 40; links++)
        {
            var target = new FileInfo(at).LinkTarget;
            if (target is null)
            {
                return File.Exists(at) ? at : null;
            }

            at = target.StartsWith('/') ? prefix + target : System.IO.Path.Combine(System.IO.Path.GetDirectoryName(at)!, target);
        }

        return null;
    }

    private static string Read(string path)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Ended, another user's, or absent: the same to whoever looks for one process among many.
            return "";
        }
    }
}
