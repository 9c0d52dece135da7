namespace Probe.Cli.Tests.Architecture;

/// <summary>
/// The arrows of the architecture: which room of <c>src/</c> may use which. The one source of the README's table and of <see cref="ArrowTests"/>.
/// A room is a folder. It may use itself, the rooms listed, and <see cref="ForAll"/>; a room ending in <c>/*</c> stands for its folders too.
/// </summary>
internal static class Rooms
{
    /// <summary>Rooms that every room may use.</summary>
    public static readonly string[] ForAll = ["Core/Vocabulary", "Core/Packets"];

    /// <summary>Each room, what it holds in one line, and what it may use besides <see cref="ForAll"/>.</summary>
    public static readonly (string Room, string Holds, string[] Uses)[] All =
    [
        ("Core/Vocabulary", "the words that documents, code and help share", []),
        ("Core/Packets", "headers, read and written over spans", []),
        ("Core/Evidence", "the document's records and their JSON; what makes strangers' text harmless", []),
        ("Core/Linux", "system calls, their constants and structs, error numbers and the exception that names them, the clock", []),
        ("Core/Linux/Sockets", "sockets, their options, messages and filters; interfaces", ["Core/Linux", "Core/Linux/Files"]),
        ("Core/Linux/Netlink", "routes, neighbours, links, addresses, sockets as the kernel lists them",
            ["Core/Linux", "Core/Linux/Sockets"]),
        ("Core/Linux/Namespaces", "network namespaces: their names, entering one", ["Core/Linux", "Core/Linux/Files"]),
        ("Core/Linux/Files", "files and standard streams without the runtime's buffering", ["Core/Linux"]),
        ("Core/Linux/Terminal", "the terminal of a full-screen program", ["Core/Linux", "Core/Linux/Files", "Core/Linux/Sockets"]),
        ("Core/Capture", "live captures, capture files, the recorder that names each packet's probe", ["Core/Linux/*"]),
        ("Core/Probing", "probe packet, reply, sweep and wire as ideas; the loop that joins them", []),
        ("Core/Host", "this host's side: counters, routes, sockets, IPVS tables", ["Core/Linux/*", "Core/Evidence"]),
        ("Core/Wire", "how packets get out and back: ports, stamps, matching of replies, tunnels",
            ["Core/Probing", "Core/Linux/*", "Core/Host"]),
        ("Core/Tracing", "the sweeps over TTL and flow", ["Core/Probing", "Core/Evidence"]),
        ("Core/Conversations", "established TCP, step by step",
            ["Core/Probing", "Core/Evidence", "Core/Wire", "Core/Linux/*", "Core/Host"]),
        ("Core/TcpTests", "what established TCP says of a path's sizes: stalls, transfers both ways, the responder",
            ["Core/Evidence", "Core/Conversations"]),
        ("Core/PathMtu", "the sweep over size", ["Core/Probing", "Core/Evidence", "Core/Host"]),
        ("Core/Health", "the sweep over targets and time", ["Core/Probing", "Core/Evidence", "Core/Wire", "Core/Linux/*", "Core/Host"]),
        ("Report", "the report of a document", ["Core/Evidence", "Report/*"]),
        ("Report/Diagnosis", "the rules: what evidence proves, and what would refute it", ["Core/Evidence", "Report/Markdown"]),
        ("Report/Markdown", "Markdown out of a tree", ["Core/Evidence"]),
        ("Report/Paths", "the graph of a trace's paths", ["Core/Evidence", "Report/Diagnosis"]),
        ("Report/Parts", "the parts of a document in a report: one entry per part, its tables and sentences",
            ["Core/Evidence", "Report/Diagnosis", "Report/Markdown", "Report/Charts"]),
        ("Report/Charts", "pictures: SVG and bars of text", ["Core/Evidence", "Report/Paths", "Report/Diagnosis"]),
        ("Cli", "the program, its commands as a tree, help, exit codes", ["Cli/*", "Core/Linux", "Core/Linux/Files"]),
        ("Cli/Output", "printers that several commands share", ["Core/Evidence", "Core/Linux/Files", "Core/Linux/Terminal", "Report/*"]),
        ("Cli/Parsing", "values of options",
            ["Core/Capture", "Core/Probing", "Core/Host", "Core/Linux", "Core/Linux/Namespaces", "Core/Linux/Files", "Cli/Output"]),
        ("Cli/Names", "names of hosts and networks",
            ["Core/Evidence", "Core/Linux/Sockets", "Core/Linux/Files", "Cli/Parsing", "Cli/Output"]),
        ("Cli/Frame", "one run: clock, deadline, signals, namespace, capture, rules, document, exit",
            ["Core/*", "Report/*", "Cli/Output", "Cli/Parsing", "Cli/Names"]),
        ("Cli/Live", "the live view",
            ["Core/Evidence", "Core/Linux/Files", "Core/Linux/Terminal", "Core/Tracing", "Cli/Frame", "Cli/Output", "Report/*"]),
        ("Cli/Trace", "probe trace",
            ["Core/Evidence", "Core/Linux", "Core/Linux/Files", "Core/Linux/Terminal", "Core/Host", "Core/Probing", "Core/Tracing",
                "Core/Wire", "Report/*", "Cli/Frame", "Cli/Live", "Cli/Names", "Cli/Output", "Cli/Parsing"]),
        ("Cli/Check", "probe check",
            ["Core/Evidence", "Core/Linux", "Core/Health", "Core/Host", "Core/Probing", "Report/*", "Cli/Frame", "Cli/Names",
                "Cli/Output", "Cli/Parsing"]),
        ("Cli/Mtu", "probe mtu",
            ["Core/Evidence", "Core/Linux", "Core/Probing", "Core/PathMtu", "Core/TcpTests", "Core/Conversations", "Core/Host", "Core/Wire",
                "Report/*", "Cli/Frame", "Cli/Names", "Cli/Output", "Cli/Parsing"]),
        ("Cli/Report", "probe report", ["Core/Evidence", "Report/*", "Cli/Frame", "Cli/Output", "Cli/Parsing"]),
        ("Cli/Doctor", "probe doctor", ["Core/Evidence", "Core/Host", "Cli/Frame", "Cli/Output", "Cli/Parsing"]),
        ("Lab/*", "networks and instruments of tests, benches and demo: simulated and real", ["Core/*"]),
    ];

    /// <summary>Arrows of today that the design does not draw: this list may only get shorter.</summary>
    public static readonly string[] Wrong = [];
}
