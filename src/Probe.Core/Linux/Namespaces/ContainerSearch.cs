using System.Text.RegularExpressions;

namespace Probe.Core.Linux.Namespaces;

/// <summary>
/// Finds containers and pods by what /proc shows, without any runtime's API. A container's id stands in its processes' control
/// group paths (<c>docker-ID.scope</c>, <c>cri-containerd-ID.scope</c>, <c>crio-ID.scope</c>, <c>libpod-ID.scope</c>, <c>…/ID</c>).
/// A pod's UID stands there too (<c>kubepods-…-podUID.slice</c>, <c>kubepods/…/podUID</c>); which UID a name has is told by the
/// kubelet's log folder <c>/var/log/pods/NAMESPACE_NAME_UID</c>, or else by the pod's own files and environment: the host name
/// (<c>/etc/hostname</c> or <c>HOSTNAME</c>) and the namespace (service account mount, or the first search domain
/// <c>NAMESPACE.svc.…</c> of its resolv.conf).
/// </summary>
internal sealed partial class ContainerSearch(ProcessTable processes, string podLogs = "/var/log/pods")
{
    /// <summary>A process of the one container whose id starts so: its first process where it can be told, or the lowest number.</summary>
    public int Container(string idPrefix) => Choose(Members(idPrefix));

    /// <summary>The process to which the container gives this number.</summary>
    public int ContainerProcess(string idPrefix, int number)
    {
        foreach (var id in Members(idPrefix))
        {
            if (processes.InnermostId(id) == number)
            {
                return id;
            }
        }

        throw new LinuxException(0, $"find process {number} of container {idPrefix}", "the container has no process of that number");
    }

    /// <summary>A process of the pod.</summary>
    public int Pod(string podNamespace, string name)
    {
        var uid = UidFromLogs(podNamespace, name);
        var members = new List<int>();
        foreach (var id in processes.ProcessIds())
        {
            var groups = processes.ControlGroups(id);
            if (PodUid().Match(groups) is { Success: true } match
                && (uid is null ? LooksLike(id, podNamespace, name) : SameUid(match.Groups["uid"].Value, uid)))
            {
                members.Add(id);
            }
        }

        return members.Count > 0
            ? Choose(members)
            : throw new LinuxException(
                0,
                $"find pod {podNamespace}/{name}",
                uid is null
                    ? "no process of this node belongs to it (looked at /var/log/pods and at each pod's host name and namespace in "
                        + "/proc); is it on another node?"
                    : $"its UID is {uid}, but no process of this node belongs to it; has it ended?");
    }

    private List<int> Members(string idPrefix)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var members = new List<int>();
        foreach (var process in processes.ProcessIds())
        {
            var found = false;
            foreach (Match match in ContainerId().Matches(processes.ControlGroups(process)))
            {
                // The monitor (conmon) has a control group of that id as well, and lives in the host's namespaces.
                if (match.Groups["id"].Value.StartsWith(idPrefix, StringComparison.Ordinal)
                    && !match.Groups["runtime"].Value.EndsWith("conmon-", StringComparison.Ordinal))
                {
                    ids.Add(match.Groups["id"].Value);
                    found = true;
                }
            }

            if (found)
            {
                members.Add(process);
            }
        }

        return ids.Count switch
        {
            1 => members,
            0 => throw new LinuxException(0, $"find container {idPrefix}", "no control group in /proc/*/cgroup holds an id that starts so"),
            _ =>
                throw new LinuxException(0, $"find container {idPrefix}",
                $"{ids.Count} containers' ids start so: {string.Join(", ", ids.Order(StringComparer.Ordinal).Select(id => id[..12]))}"),
        };
    }

    private int Choose(List<int> members)
    {
        foreach (var id in members)
        {
            if (processes.InnermostId(id) == 1)
            {
                return id;
            }
        }

        return members[0];
    }

    private string? UidFromLogs(string podNamespace, string name)
    {
        // Neither name can hold an underscore, so the folder's name splits in one way only.
        var prefix = $"{podNamespace}_{name}_";
        if (!Directory.Exists(podLogs))
        {
            return null;
        }

        // A pod made anew under its name (StatefulSet) leaves its predecessor's folder for a while.
        return Directory.EnumerateDirectories(podLogs, prefix + "*")
            .OrderByDescending(Directory.GetLastWriteTimeUtc)
            .Select(folder => Path.GetFileName(folder)[prefix.Length..])
            .FirstOrDefault();
    }

    private bool LooksLike(int id, string podNamespace, string name) =>
        (Same(processes.FileOf(id, "/etc/hostname"), name) || Same(processes.Variable(id, "HOSTNAME"), name))
        && (Same(processes.FileOf(id, "/var/run/secrets/kubernetes.io/serviceaccount/namespace"), podNamespace)
            || Same(SearchDomain().Match(processes.FileOf(id, "/etc/resolv.conf")).Groups["namespace"].Value, podNamespace));

    private static bool Same(string? left, string right) => string.Equals(left, right, StringComparison.Ordinal);

    // The systemd driver writes underscores, for a dash nests slices.
    private static bool SameUid(string left, string right) =>
        Same(left.Replace('_', '-'), right.Replace('_', '-'));

    [GeneratedRegex(@"/(?<runtime>([a-z]+-)*)(?<id>[0-9a-f]{64})(?=\.scope|/|$)", RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex ContainerId();

    [GeneratedRegex(@"kubepods[^\n]*[/-]pod(?<uid>[0-9a-f][0-9a-f_-]{31,35})", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex PodUid();

    [GeneratedRegex(@"^search\s+(?<namespace>[a-z0-9-]+)\.svc\.", RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex SearchDomain();
}
