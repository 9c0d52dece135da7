using Probe.Cli.Parsing;
using Probe.Core.Packets;
using Probe.Core.PathMtu;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Cli.Mtu;

/// <summary>One search with its sockets. The loop's thread owns it.</summary>
internal sealed class OpenMtuSearch : IDisposable
{
    private readonly MtuRequest _request;
    private readonly MtuTarget _asked;
    private readonly List<Flow> _echoes = [];

    /// <param name="request">What to do.</param>
    /// <param name="question">How to ask.</param>
    /// <param name="asked">Whom.</param>
    /// <param name="target">Its address.</param>
    /// <param name="numbers">Numbers of the whole run.</param>
    /// <param name="maxProbes">Most probes.</param>
    /// <exception cref="UserError">Raw sockets are refused.</exception>
    /// <exception cref="Core.Linux.LinuxException">The sockets cannot be opened.</exception>
    public OpenMtuSearch(MtuRequest request, MtuProbeType question, MtuTarget asked, IpAddress target, ProbeNumbers numbers, int maxProbes)
    {
        (_request, _asked) = (request, asked);
        Question = question;
        Target = target;

        // Echo replies come to all raw sockets; the answers of TCP only to those that listen for them.
        var transport = question.Protocol == ProbeProtocol.Icmp ? ProbeProtocol.Tcp : question.Protocol;
        Sockets = ProbeSockets.Open(new ProbeSocketsOptions(request.Probing)
        {
            Target = target,
            Via = asked.Via,
            Protocol = transport,
            AlsoEcho = question.Protocol == ProbeProtocol.Icmp,
            DestinationPort = question.Port,
            TimeoutNs = request.Probing.Timeout.Ns,
        });
        try
        {
            if (Sockets.Packets is not { } packets)
            {
                throw UserError.CannotRun(
                    "cannot open a raw socket: probe mtu needs CAP_NET_RAW; run with sudo or: setcap cap_net_raw+ep on the program");
            }

            Packets = packets;
            Search = new PathMtuSearch(MakeOptions(maxProbes), numbers);
        }
        catch
        {
            Sockets.Dispose();
            throw;
        }
    }

    /// <summary>How it asks.</summary>
    public MtuProbeType Question { get; }

    /// <summary>The address probed.</summary>
    public IpAddress Target { get; }

    /// <summary>The sockets.</summary>
    public ProbeSockets Sockets { get; }

    /// <summary>The sockets as the wire of whole packets.</summary>
    public PacketWire Packets { get; }

    /// <summary>The search.</summary>
    public PathMtuSearch Search { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Sockets.Dispose();
    }

    private PathMtuOptions MakeOptions(int maxProbes)
    {
        var isEcho = Question.Protocol == ProbeProtocol.Icmp;
        return new PathMtuOptions(_request.Probing.Sweep)
        {
            Target = Target,
            Source = Sockets.Source,
            Protocol = Question.Protocol,
            Segment = Question.Segment,
            FlowAt = isEcho ? EchoFlowAt : Sockets.FlowAt,
            OtherFlows = _request.Flows,
            Via = Sockets.Via,
            AskedFromOutside = _asked.Service is not null,
            FirstHopMtu = Sockets.FirstHopMtu,
            MaxProbes = maxProbes,
            CrossChecks = Sockets.FlowAt(0) is { } flow ? [.. CrossChecks(flow)] : [],
        };
    }

    /// <summary>Who refuses one port may serve another; only a service's answer came from behind a load balancer for certain.</summary>
    private IEnumerable<PathMtuQuestion> CrossChecks(Flow flow)
    {
        var isEcho = Question.Protocol == ProbeProtocol.Icmp;
        if (isEcho && _request.Protocol is not null)
        {
            // The user wants echo alone.
            yield break;
        }

        if (isEcho)
        {
            yield return new PathMtuQuestion(ProbeProtocol.Tcp, flow, TcpSegmentKind.Ack);
            yield return new PathMtuQuestion(ProbeProtocol.Tcp, flow);
        }

        ushort[] others = isEcho || (Question is { Protocol: ProbeProtocol.Tcp, Segment: TcpSegmentKind.Syn } && Sockets.Via.IsEmpty)
            ? [DefaultPorts.SecureWeb, DefaultPorts.Web] : [];
        foreach (var port in others.Where(port => port != flow.DestinationPort))
        {
            yield return new PathMtuQuestion(ProbeProtocol.Tcp, flow with { DestinationPort = port });
        }
    }

    private Flow? EchoFlowAt(int index)
    {
        while (_echoes.Count <= index)
        {
            _echoes.Add(Sockets.EchoFlow(_echoes.Count + 1));
        }

        return _echoes[index];
    }
}

/// <summary>What a search sends: transport, port and segment, without the flow.</summary>
/// <param name="Protocol">Transport.</param>
/// <param name="Port">Destination port, of the other questions where it is ICMP.</param>
/// <param name="Segment">Which segment, for TCP.</param>
internal sealed record MtuProbeType(ProbeProtocol Protocol, ushort Port, TcpSegmentKind Segment = TcpSegmentKind.Syn);
