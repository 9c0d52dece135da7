using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Probe.Core.Linux.Namespaces;

/// <summary>The ways to name a network namespace.</summary>
public enum NetworkNamespaceKind
{
    /// <summary>A named one, as <c>ip netns</c> makes them.</summary>
    Named,

    /// <summary>A namespace's file.</summary>
    Path,

    /// <summary>That of a process, by the number this host gives it.</summary>
    Process,

    /// <summary>That of a container, by a prefix of its id.</summary>
    Container,

    /// <summary>That of a process, by the number its container gives it.</summary>
    ContainerProcess,

    /// <summary>That of a Kubernetes pod on this node.</summary>
    Pod,
}

/// <summary>A network namespace as a user names it: <c>NAME | PATH | pid:N | container:ID | pid:N@ID | pod:NS/NAME</c>.</summary>
public sealed record NetworkNamespaceName
{
    private NetworkNamespaceName(string text, NetworkNamespaceKind kind, string name)
    {
        Text = text;
        Kind = kind;
        Name = name;
    }

    /// <summary>What the user wrote.</summary>
    public string Text { get; }

    /// <summary>Which way of naming it is.</summary>
    public NetworkNamespaceKind Kind { get; }

    /// <summary>The name, path, container id or pod name; "" for a process.</summary>
    public string Name { get; }

    /// <summary>
    /// The process number of <see cref="NetworkNamespaceKind.Process"/> and <see cref="NetworkNamespaceKind.ContainerProcess"/>.
    /// </summary>
    public int ProcessId { get; private init; }

    /// <summary>The Kubernetes namespace of a pod; "" otherwise.</summary>
    public string PodNamespace { get; private init; } = "";

    /// <summary>Reads a name; looks nothing up.</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="name">The name.</param>
    /// <param name="error">What is wrong with it, as it follows the quoted text, when the result is false.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out NetworkNamespaceName? name, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        (name, error) = Parse(text);
        return name is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    private const string NotOne = "is not a network namespace";

    private static (NetworkNamespaceName? Name, string? Error) Parse(string text)
    {
        if (After(text, "pid:") is { } process)
        {
            var at = process.IndexOf('@', StringComparison.Ordinal);
            var number = at < 0 ? process : process[..at];
            if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var id) || id == 0)
            {
                return (null, $"{NotOne}: '{number}' is no process number");
            }

            if (at < 0)
            {
                return (new NetworkNamespaceName(text, NetworkNamespaceKind.Process, "") { ProcessId = id }, null);
            }

            return ContainerIdError(process[(at + 1)..]) is { } wrong
                ? (null, wrong)
                : (new NetworkNamespaceName(text, NetworkNamespaceKind.ContainerProcess, process[(at + 1)..]) { ProcessId = id }, null);
        }

        if (After(text, "container:") is { } container)
        {
            return ContainerIdError(container) is { } wrong
                ? (null, wrong)
                : (new NetworkNamespaceName(text, NetworkNamespaceKind.Container, container), null);
        }

        if (After(text, "pod:") is { } pod)
        {
            var parts = pod.Split('/');
            return parts.Length == 2 && parts.All(part => part.Length > 0 && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.'))
                ? (new NetworkNamespaceName(text, NetworkNamespaceKind.Pod, parts[1]) { PodNamespace = parts[0] }, null)
                : (null, $"{NotOne}: a pod is named pod:NAMESPACE/NAME");
        }

        return text switch
        {
            "" or "." or ".." => (null, NotOne),
            _ when text.Contains('\0', StringComparison.Ordinal) => (null, $"{NotOne}: its name holds a zero octet"),
            _ when text.Contains('/', StringComparison.Ordinal) => (new NetworkNamespaceName(text, NetworkNamespaceKind.Path, text), null),
            _ when text.Contains(':', StringComparison.Ordinal) =>
                (null, $"{NotOne}: use NAME, PATH, pid:N, container:ID, pid:N@ID or pod:NAMESPACE/NAME"),
            _ => (new NetworkNamespaceName(text, NetworkNamespaceKind.Named, text), null),
        };
    }

    private static string? After(string text, string prefix) =>
        text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : null;

    // Shorter prefixes would sooner or later match a container that was not meant.
    private static string? ContainerIdError(string id) =>
        id.Length is >= 4 and <= 64 && id.All(char.IsAsciiHexDigitLower)
            ? null : $"{NotOne}: a container id is 4 to 64 hexadecimal digits (0-9, a-f)";
}
