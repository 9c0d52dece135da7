using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Probe.Core.Linux.Netlink;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;

namespace Probe.Core.Tests.Linux;

/// <summary>Every constant and struct of the bindings against the system's own headers, through a compiled C program.</summary>
public class KernelHeaderTests
{
    private const string Includes = """
        #define _GNU_SOURCE
        #include <stddef.h>
        #include <stdio.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <poll.h>
        #include <sched.h>
        #include <signal.h>
        #include <termios.h>
        #include <time.h>
        #include <sys/epoll.h>
        #include <sys/eventfd.h>
        #include <sys/ioctl.h>
        #include <sys/mount.h>
        #include <sys/resource.h>
        #include <sys/socket.h>
        #include <sys/uio.h>
        #include <arpa/inet.h>
        #include <net/if.h>
        #include <net/if_arp.h>
        #include <netinet/in.h>
        #include <netinet/tcp.h>
        #include <netinet/icmp6.h>
        #include <linux/bpf_common.h>
        #include <linux/filter.h>
        #include <linux/capability.h>
        #include <linux/errqueue.h>
        #include <linux/icmp.h>
        #include <linux/in6.h>
        #include <linux/ethtool.h>
        #include <linux/if_ether.h>
        #include <linux/if_link.h>
        #include <linux/if_packet.h>
        #include <linux/if_tun.h>
        #include <linux/net_tstamp.h>
        #include <linux/inet_diag.h>
        #include <linux/netlink.h>
        #include <linux/rtnetlink.h>
        #include <linux/sock_diag.h>
        #include <linux/sockios.h>
        #ifndef SCM_TIMESTAMPING
        #define SCM_TIMESTAMPING SO_TIMESTAMPING
        #endif
        #ifndef SOL_PACKET
        #define SOL_PACKET 263
        #endif
        #ifndef IFF_LOWER_UP
        #define IFF_LOWER_UP 0x10000
        #endif
        """;

    private static readonly Type[] ConstantClasses =
        [typeof(SocketConstants), typeof(SystemConstants), typeof(NetlinkConstants), typeof(FilterConstants), typeof(TerminalConstants), typeof(InetDiagConstants), typeof(EthtoolConstants), typeof(Errno)];

    private static readonly Type[] Structs =
    [
        typeof(sockaddr_in), typeof(sockaddr_in6), typeof(sockaddr_ll), typeof(sockaddr_nl), typeof(iovec), typeof(msghdr), typeof(mmsghdr),
        typeof(cmsghdr), typeof(in_pktinfo), typeof(in6_pktinfo), typeof(timespec), typeof(pollfd), typeof(epoll_event), typeof(sock_filter),
        typeof(sock_fprog), typeof(sock_extended_err), typeof(sock_ee_data_rfc4884), typeof(linger), typeof(tpacket_stats), typeof(ifreq), typeof(nlmsghdr), typeof(rtattr), typeof(rtmsg),
        typeof(rta_cacheinfo), typeof(rtnexthop), typeof(ndmsg), typeof(nda_cacheinfo), typeof(ifaddrmsg), typeof(ifinfomsg), typeof(__user_cap_header_struct), typeof(__user_cap_data_struct),
        typeof(termios), typeof(winsize), typeof(rlimit), typeof(inet_diag_sockid), typeof(inet_diag_req_v2), typeof(inet_diag_msg), typeof(ethtool_get_features_block),
    ];

    // Where these headers say more than the C library's, the two cannot stand in one program.
    private const string KernelIncludes = """
        #include <stddef.h>
        #include <stdio.h>
        #include <linux/in.h>
        #include <linux/tcp.h>
        """;

    [NeedsFact(Need.CCompiler)]
    public void Every_constant_struct_size_and_offset_is_the_headers()
    {
        var compared = Compare(Includes, ConstantClasses, Structs, []);
        Assert.True(compared > 450, $"only {compared} compared");
    }

    [NeedsFact(Need.CCompiler)]
    public void What_only_the_kernel_s_own_headers_have_is_theirs() => Assert.True(Compare(KernelIncludes, [typeof(TcpConstants)], [], [typeof(tcp_info)]) >= 80);

    // Of a struct that grows with each kernel only the front is ours: the offsets count, not the size.
    private static int Compare(string includes, Type[] constantClasses, Type[] structs, Type[] fronts)
    {
        var ours = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var program = new StringBuilder(includes).Append("\nint main(void) {\n");
        void Expect(string name, string expression, long value)
        {
            ours.Add(name, value);
            program.Append(CultureInfo.InvariantCulture, $"printf(\"{name} %lld\\n\", (long long)({expression}));\n");
        }

        foreach (var constant in constantClasses.SelectMany(c => c.GetFields(BindingFlags.Public | BindingFlags.Static)))
        {
            Expect(constant.Name, constant.Name, Convert.ToInt64(constant.GetRawConstantValue(), CultureInfo.InvariantCulture));
        }

        foreach (var type in structs.Concat(fronts))
        {
            // Two structs have a typedef beside the tag in some headers; the tag always works.
            if (!fronts.Contains(type))
            {
                Expect($"sizeof({type.Name})", $"sizeof(struct {type.Name})", SizeOf(type));
            }

            foreach (var field in type.GetFields(BindingFlags.Public | BindingFlags.Instance))
            {
                Expect($"offsetof({type.Name},{field.Name})", $"offsetof(struct {type.Name}, {field.Name})", (long)Marshal.OffsetOf(type, field.Name));
                Expect($"sizeof({type.Name}.{field.Name})", $"sizeof(((struct {type.Name} *)0)->{field.Name})", SizeOf(field));
            }
        }

        var theirs = CompileAndRun(program.Append("return 0; }\n").ToString());

        var differences = ours.Where(our => theirs[our.Key] != our.Value).Select(our => $"{our.Key}: {our.Value}, header {theirs[our.Key]}");
        Assert.Empty(differences);
        return ours.Count;
    }

    [Fact]
    public void An_error_number_has_its_C_name()
    {
        Assert.Equal("ENETUNREACH", new LinuxException(101, "send").ErrnoName);
        Assert.Equal("errno 999", Errno.Name(999));
        Assert.Equal(
            "cannot open a raw socket: Operation not permitted (EPERM); needs CAP_NET_RAW",
            new LinuxException(1, "open a raw socket", "needs CAP_NET_RAW").Message);
    }

    [Theory]
    [InlineData("CAP_NET_RAW", "/opt/probe", "needs CAP_NET_RAW; run with sudo or: setcap cap_net_raw+ep /opt/probe")]
    [InlineData("CAP_NET_RAW", "/usr/share/dotnet/dotnet", "needs CAP_NET_RAW; run with sudo")]
    [InlineData("CAP_SYS_ADMIN", "/opt/probe", "needs CAP_SYS_ADMIN; run with sudo")]
    public void Advice_never_hands_a_capability_to_more_than_this_program(string capability, string program, string hint) =>
        Assert.Equal(hint, LinuxException.NeedsCapability(capability, program));

    private static long SizeOf(FieldInfo field) =>
        field.GetCustomAttribute<FixedBufferAttribute>() is { } buffer ? buffer.Length * SizeOf(buffer.ElementType)
        : field.FieldType.IsPointer ? IntPtr.Size
        : SizeOf(field.FieldType);

    private static long SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    private static Dictionary<string, long> CompileAndRun(string source)
    {
        var folder = Directory.CreateTempSubdirectory("probe-headers");
        try
        {
            var file = Path.Combine(folder.FullName, "headers.c");
            var program = Path.Combine(folder.FullName, "headers");
            File.WriteAllText(file, source);
            Shell.Run("gcc", "-w", "-o", program, file);
            return Shell.Run(program).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split(' '))
                .ToDictionary(parts => parts[0], parts => long.Parse(parts[1], CultureInfo.InvariantCulture), StringComparer.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
