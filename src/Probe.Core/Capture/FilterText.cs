using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Probe.Core.Linux;
using Probe.Core.Linux.Sockets;
using SharpPcap;
using SharpPcap.LibPcap;
using static Probe.Core.Linux.FilterConstants;

namespace Probe.Core.Capture;

/// <summary>
/// A filter in tcpdump's language (pcap-filter(7)), compiled by libpcap for packets that begin with the IP header, as a packet socket of
/// SOCK_DGRAM shows them to its filter. Lengths are those of the IP packet. Addresses and numbers only: nothing is looked up.
/// </summary>
public sealed class FilterText
{
    // PCAP_NETMASK_UNKNOWN: with a made-up one, "ip broadcast" would take other packets than it says.
    private const uint UnknownNetmask = uint.MaxValue;

    // Beside our own addresses; the kernel takes 4,096 instructions in all (BPF_MAXINSNS).
    private const int MostInstructions = 2048;

    private readonly sock_filter[] _program;

    private FilterText(string text, sock_filter[] program) => (Text, _program) = (text, program);

    /// <summary>As the user wrote it.</summary>
    public string Text { get; }

    /// <summary>Instructions of its program.</summary>
    internal int Count => _program.Length;

    /// <summary>Compiles it. libpcap has to be there: see <see cref="LibPcap.IsInstalled"/>.</summary>
    /// <param name="text">The filter.</param>
    /// <param name="filter">It, compiled.</param>
    /// <param name="why">What is wrong and where, one line.</param>
    public static bool TryCompile(string text, [NotNullWhen(true)] out FilterText? filter, [NotNullWhen(false)] out string? why)
    {
        ArgumentNullException.ThrowIfNull(text);
        filter = null;
        if (!FilterWords.TryCut(text, out var words, out why))
        {
            return false;
        }

        if (words.Count == 0)
        {
            why = "it is empty: say which packets, such as 'icmp or icmp6'";
            return false;
        }

        if (Compile(text, out var error) is not { } program)
        {
            why = $"{error}{Place(text, words)}";
            return false;
        }

        if (program.Any(instruction => instruction.code == (BPF_JMP | BPF_JA) && instruction.k >= program.Length))
        {
            why = "'protochain' needs a loop, which filters of the kernel do not have: compare the next header with 'ip6 proto'";
            return false;
        }

        if (program.Length > MostInstructions)
        {
            why = $"it is too long for the kernel: {program.Length} instructions, at most {MostInstructions} fit";
            return false;
        }

        (filter, why) = (new FilterText(text, program), null);
        return true;
    }

    /// <summary>The program that takes what both take.</summary>
    internal SocketFilter And(SocketFilter other) => other.Then(_program);

    /// <summary>The first word behind the longest beginning that compiles: libpcap itself does not say where it stumbled.</summary>
    private static string Place(string text, List<FilterWord> words)
    {
        var good = words.Count - 1;
        while (good > 0 && Compile(text[..words[good - 1].End], out _) is null)
        {
            good--;
        }

        var bad = $", at '{words[good].Text}'";
        return good == 0 ? bad : $"{bad} after '{text[..words[good - 1].End].Trim()}'";
    }

    // Apart, so that the package is loaded only when it is needed.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe sock_filter[]? Compile(string text, out string error)
    {
        error = "";
        try
        {
            // PacketDotNet's enum has the number of the file format, which the compiler refuses.
            using var compiled = BpfProgram.Create((PacketDotNet.LinkLayers)PcapFile.RawIp, text, optimize: 1, UnknownNetmask);
            ref readonly var program = ref *(Program*)compiled.DangerousGetHandle();
            return new ReadOnlySpan<sock_filter>(program.Instructions, (int)program.Count).ToArray();
        }
        catch (PcapException e)
        {
            const string Prefix = "can't parse filter expression: ";
            error = e.Message.StartsWith(Prefix, StringComparison.Ordinal) ? e.Message[Prefix.Length..] : e.Message;
            return null;
        }
    }

    /// <summary>struct bpf_program (pcap/bpf.h), whose struct bpf_insn is the kernel's struct sock_filter.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly unsafe struct Program
    {
        public readonly uint Count;
        public readonly sock_filter* Instructions;
    }
}
