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
        #include <netdb.h>
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

    // Where these headers say more than the C library's, the two cannot stand in one program.
    private const string KernelIncludes = """
        #include <stddef.h>
        #include <stdio.h>
        #include <linux/in.h>
        #include <linux/tcp.h>
        """;

    // The constants and the struct that only the kernel's own headers have whole.
    private static readonly Type[] s_kernelOnly = [typeof(TcpConstants), typeof(tcp_info)];

    // Of a struct that grows with each kernel only the front is ours.
    private static readonly Type[] s_fronts = [typeof(tcp_info)];

    [NeedsFact(Need.CCompiler)]
    public void Every_constant_struct_size_and_offset_is_the_headers()
    {
        var compared = Compare(Includes, Constants().Where(one => !s_kernelOnly.Contains(one.DeclaringType)), Structs().Except(s_kernelOnly), []);
        Assert.True(compared > 700, $"only {compared} compared");
    }

    [NeedsFact(Need.CCompiler)]
    public void What_only_the_kernel_s_own_headers_have_is_theirs() =>
        Assert.True(Compare(KernelIncludes, Constants().Where(one => s_kernelOnly.Contains(one.DeclaringType)), [], s_fronts) >= 80);

    [Fact]
    public void What_the_kernel_is_handed_has_a_C_name_and_so_is_compared()
    {
        // By pointer into a call of the C library, or laid out by hand.
        var handed = LinuxTypes().SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(method => method.IsDefined(typeof(DllImportAttribute), inherit: false) || method.Attributes.HasFlag(MethodAttributes.PinvokeImpl))
            .SelectMany(method => method.GetParameters()).Select(parameter => parameter.ParameterType)
            .Where(type => type.HasElementType).Select(type => type.GetElementType()!)
            .Concat(LinuxTypes().Where(type => type is { IsValueType: true, IsExplicitLayout: true }))
            .Where(type => type is { IsValueType: true, IsPrimitive: false } && type != typeof(void)).Distinct().ToList();
        Assert.Contains(typeof(msghdr), handed);
        Assert.All(handed, type => Assert.True(HasCName(type) || IsUnion(type), $"{type} has no C name: no header says whether it is right"));
    }

    [Fact]
    public void No_other_room_has_constants_of_the_kernel_s() => Assert.Empty(
        typeof(Errno).Assembly.GetTypes().Except(LinuxTypes()).SelectMany(Literals).Select(constant => $"{constant.DeclaringType}.{constant.Name}"));

    private static IEnumerable<Type> LinuxTypes() =>
        typeof(Errno).Assembly.GetTypes().Where(type => type.Namespace is { } room && $"{room}.".StartsWith("Probe.Core.Linux.", StringComparison.Ordinal));

    /// <summary>Constants with C names, wherever they stand: the names of C# have small letters.</summary>
    private static IEnumerable<FieldInfo> Constants() => LinuxTypes().SelectMany(Literals);

    private static IEnumerable<FieldInfo> Literals(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(field => field.IsLiteral && !type.IsEnum && field.Name.Length > 1 && !field.Name.Any(char.IsAsciiLetterLower));

    private static IEnumerable<Type> Structs() => LinuxTypes().Where(type => type.IsValueType && HasCName(type));

    private static bool HasCName(Type type) => !type.Name.Any(char.IsAsciiLetterUpper) && !type.Name.Contains('<', StringComparison.Ordinal);

    /// <summary>Several structs of C in one place: as right as they are.</summary>
    private static bool IsUnion(Type type) => type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)
        .All(field => Marshal.OffsetOf(type, field.Name) == 0 && (field.FieldType.IsPrimitive || HasCName(field.FieldType)));

    // Of a front the offsets count, not the size.
    private static int Compare(string includes, IEnumerable<FieldInfo> constants, IEnumerable<Type> structs, Type[] fronts)
    {
        var ours = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var program = new StringBuilder(includes).Append("\nint main(void) {\n");
        void Expect(string name, string expression, long value)
        {
            if (!ours.TryAdd(name, value))
            {
                Assert.Equal(ours[name], value);
                return;
            }

            program.Append(CultureInfo.InvariantCulture, $"printf(\"{name} %lld\\n\", (long long)({expression}));\n");
        }

        foreach (var constant in constants)
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
