using Probe.Cli.Frame;
using Probe.Cli.Parsing;

namespace Probe.Cli.Trace;

/// <summary>Traces to every host of a list, shown as they are finished.</summary>
internal sealed class BulkMeasurement : IMeasurement
{
    private readonly TraceRequest _request;
    private readonly IReadOnlyList<TargetName> _hosts;
    private readonly BulkView _view;

    /// <param name="request">What every trace is to be.</param>
    /// <param name="hosts">The list.</param>
    /// <param name="view">Shows traces to people.</param>
    /// <exception cref="UserError">A host contradicts the request.</exception>
    public BulkMeasurement(TraceRequest request, IReadOnlyList<TargetName> hosts, BulkView view)
    {
        CheckFamilies(request, hosts);
        (_request, _hosts, _view) = (request, hosts, view);
    }

    /// <inheritdoc/>
    public Measured Measure(RunFrame frame)
    {
        using var run = new BulkSweep(_request, _hosts, frame, _view);
        var measured = run.Run();
        _view.Summary = [.. run.Summary()];
        return measured;
    }

    private static void CheckFamilies(TraceRequest request, IReadOnlyList<TargetName> hosts)
    {
        foreach (var host in hosts.Where(host => !host.IsName))
        {
            _ = request.Probing.FamilyFor(host);
            if (host.Zone is not null && request.Probing.Interface is null)
            {
                throw UserError.Usage($"{host.Text} needs its interface for the whole run: write --interface {host.Zone}");
            }
        }

        if (request.Size is { } size)
        {
            TraceRequest.CheckSize(size, request.Protocol, v6: hosts.Any(host => host.Address.IsV6), request.Probing.Via.Overhead);
        }
    }
}
