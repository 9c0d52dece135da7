using Probe.Cli.Names;
using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Tracing;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace Probe.Cli.Trace;

/// <summary>
/// What stands beside the probes of a trace: names, AS numbers, the file for a picture. All of it is asked for in the background.
/// </summary>
internal sealed class TraceAids : IDisposable
{
    private readonly AsNumbers? _systems;
    private ReverseNames? _names;

    private TraceAids(ResultFile? picture, AsNumbers? systems, ReverseNames? names)
    {
        Picture = picture;
        _systems = systems;
        _names = names;
    }

    /// <summary>The file for the picture; null for none.</summary>
    public ResultFile? Picture { get; }

    /// <exception cref="UserError">A file cannot be opened.</exception>
    public static TraceAids Open(TraceRequest request)
    {
        var picture = ResultFile.Open(request.PictureFile);
        try
        {
            return new TraceAids(picture, AsNumbers.Open(request.AskSystems, request.SystemsFile),
                request.Probing.Numeric ? null : new ReverseNames());
        }
        catch
        {
            picture?.Dispose();
            throw;
        }
    }

    /// <summary>Asks for names from now on, though the user did not want them at first.</summary>
    public void AskNames() => _names ??= new ReverseNames();

    /// <summary>Asks for the name of an address.</summary>
    public void AskName(IpAddress address) => _names?.Ask(address);

    /// <summary>Asks about the addresses that are new.</summary>
    public void Ask(TraceSweep sweep)
    {
        while ((_names is not null || _systems is not null) && sweep.TryTakeNewAddress(out var address))
        {
            _names?.Ask(address);
            _systems?.AskUnlessKnown(address);
        }
    }

    /// <summary>Asks about addresses of one of many targets; false while answers are missing.</summary>
    public bool AskAll(IEnumerable<IpAddress> addresses)
    {
        var answered = true;
        foreach (var address in addresses)
        {
            _names?.Ask(address);
            _systems?.AskUnlessKnown(address);
            answered &= (_names?.IsAnswered(address) ?? true) && (_systems?.IsSettled(address) ?? true);
        }

        return answered;
    }

    /// <summary>The name of an address, as far as known.</summary>
    public string? NameOf(IpAddress address) => _names?.NameOf(address);

    /// <summary>The trace with the AS numbers known by now.</summary>
    public TraceEvidence Annotate(TraceEvidence trace) => _systems?.Annotate(trace) ?? trace;

    /// <summary>
    /// Gives names and AS numbers the same short time; what could not be had of the latter, which only an option asks for.
    /// </summary>
    public Gap? Wait(TimeSpan longest, CancellationToken cancellation)
    {
        var begun = Stopwatch.GetTimestamp();
        _names?.Wait(longest, cancellation);
        return _systems?.Missing(_systems.Wait(longest - Stopwatch.GetElapsedTime(begun), cancellation));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _names?.Dispose();
        _systems?.Dispose();
        Picture?.Dispose();
    }
}
