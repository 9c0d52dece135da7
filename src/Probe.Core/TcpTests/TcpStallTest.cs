using System.Diagnostics;
using Probe.Core.Conversations;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Core.TcpTests;

/// <summary>
/// The steps of <see cref="TcpStall"/>: open A, B and C; A sends until the path MTU is learned; B sends, and C where B did not stall; D is
/// opened and sends.
/// </summary>
internal sealed class TcpStallTest : IConversationTest, IDisposable
{
    // Four connections of these, beside two transfers, stay within the 256 KiB of a run; a jumbo segment is filled by them too.
    private const int MaxOctets = 17_000;
    private const int OpenedBefore = 3;

    private readonly TcpTestOptions _options;
    private readonly ITcpStack _stack;
    private readonly List<StallConnection> _connections = [];
    private readonly LearnedPathMtu? _known;
    private TooBigErrors? _errors;
    private byte[] _message = [];
    private Phase _phase = Phase.Open;
    private StallConnection? _late;
    private IReadOnlyDictionary<string, long> _moved = new Dictionary<string, long>(StringComparer.Ordinal);
    private (TcpStallVerdict Verdict, string? Reason)? _cutShort;
    private bool _stopped;

    /// <summary>Prepares; nothing is sent yet.</summary>
    /// <exception cref="Linux.LinuxException">There is no route.</exception>
    public TcpStallTest(TcpTestOptions options, ITcpStack stack)
    {
        (_options, _stack) = (options, stack);
        if ((_known = stack.LearnedPathMtu(options.To)) is { } before)
        {
            // A connection opened now negotiates by what is known already, and looks healthy.
            _cutShort = (TcpStallVerdict.CannotTell, $"the path MTU {before.LearnedMtu} is learned already; "
                + $"wait {before.ExpiresSeconds ?? 0} s until it is forgotten, or test another address of the service");
        }
    }

    private enum Phase
    {
        /// <summary>A, B and C are opened, one after the other.</summary>
        Open,

        /// <summary>A teaches the host the path MTU.</summary>
        Learn,

        /// <summary>B sends by the old one.</summary>
        SendBefore,

        /// <summary>C does, where B did not stall.</summary>
        SendAgain,

        /// <summary>D is opened.</summary>
        OpenAfter,

        /// <summary>D sends by the new one.</summary>
        SendAfter,
    }

    /// <summary>What was found out.</summary>
    /// <exception cref="Linux.LinuxException">There is no route any more.</exception>
    public TcpStallEvidence Conclude()
    {
        _errors?.Read();
        var found = _cutShort is var (verdict, reason)
            ? Outcome(verdict, reason) : TcpStallJudge.Judge(Outcome, _late!, _errors!, _moved, _stopped);
        found = found with { Connections = [.. _connections.Select(connection => connection.Evidence)] };
        if (_errors is null)
        {
            return found with { Learned = _known };
        }

        var learned = _stack.LearnedPathMtu(_options.To);
        return found with
        {
            Learned = learned,
            FittingMss = learned is null ? null : learned.LearnedMtu - MssReading.Headers(_options.To.Target.IsV4),
            SelfIcmp = _errors.FromSelf,
            PathIcmp = _errors.FromPath,
            PathIcmpFrom = _errors.FirstOnPath,
        };
    }

    /// <inheritdoc/>
    public long? Step(long nowNs, bool stopped)
    {
        _stopped |= stopped;
        while (_cutShort is null)
        {
            var current = _connections.Find(connection => connection.IsBusy);
            current?.Step(nowNs, stopped);
            if (current is { IsBusy: true })
            {
                return nowNs + StallConnection.StepNs;
            }

            if (!Next(stopped))
            {
                break;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _errors?.Dispose();
        _connections.ForEach(connection => connection.Dispose());
    }

    /// <summary>Goes on once nothing is busy; false at the end.</summary>
    private bool Next(bool stopped)
    {
        switch (_phase)
        {
            case Phase.Open:
                OpenOrLearn();
                return true;
            case Phase.Learn when !_connections[0].LearnedSmaller:
                _cutShort = NotLearned(_connections[0]);
                return false;
            case Phase.Learn:
                Send(Phase.SendBefore, _late = _connections[1]);
                return true;
            case Phase.SendBefore when !_late!.Stalled && !stopped:
                Send(Phase.SendAgain, _connections[2]);
                return true;
            case Phase.SendBefore or Phase.SendAgain:
                _late = _connections[2].Stalled ? _connections[2] : _late;

                // Before D: it neither refuses nor is refused anything.
                _moved = _errors!.Moved;
                return !stopped && OpenAfter();
            case Phase.OpenAfter when _connections[^1].IsConnected:
                Send(Phase.SendAfter, _connections[^1]);
                return true;
            case Phase.OpenAfter or Phase.SendAfter:
                return false;
            default:
                throw new UnreachableException($"nobody said what follows {_phase}");
        }
    }

    private void OpenOrLearn()
    {
        if (_connections is [.., { IsConnected: false } failed])
        {
            var errno = failed.Over.ErrnoName is { } name ? $", {name}" : "";
            _cutShort = (TcpStallVerdict.NotAnswering, $"no connection: {failed.End.Word()}{errno}");
            return;
        }

        if (_connections.Count < OpenedBefore)
        {
            _connections.Add(new StallConnection(((char)('A' + _connections.Count)).ToString(), _stack, _options));
            return;
        }

        _errors = new TooBigErrors(_stack, _options.To);
        _connections.ForEach(connection => _errors.Include(connection.LocalPort));
        var segment = _connections[0].Over.SegmentSize;
        _message = _options.Payload.Make(Math.Min(MaxOctets, segment * 11 / 4));
        if (_message.Length <= segment || _message.Length > MaxOctets)
        {
            _cutShort = (TcpStallVerdict.CannotTell,
                $"{_message.Length} octets of {_options.Payload.Name} do not fill a segment of {segment}, or are more than {MaxOctets}");
            return;
        }

        Send(Phase.Learn, _connections[0], untilLearned: true);
    }

    private bool OpenAfter()
    {
        _phase = Phase.OpenAfter;
        var after = new StallConnection("D", _stack, _options);
        _connections.Add(after);
        _errors!.Include(after.LocalPort);
        return true;
    }

    private void Send(Phase phase, StallConnection connection, bool untilLearned = false)
    {
        _phase = phase;
        connection.Send(_message, _options.TransferTimeoutNs, untilLearned);
    }

    private static (TcpStallVerdict Verdict, string Reason) NotLearned(StallConnection first) => first.IsAcknowledged
        ? (TcpStallVerdict.NotLearned, "full segments were acknowledged, and the path MTU stayed as it was")
        : (TcpStallVerdict.CannotTell,
            $"connection A {first.End.Word()} without an acknowledgment and without a smaller path MTU: a silent black hole looks so");

    private TcpStallEvidence Outcome(TcpStallVerdict verdict, string? reason) => new()
    {
        Port = _options.To.Port,
        Payload = _options.Payload.Name,
        Verdict = verdict,
        Confidence = verdict is TcpStallVerdict.NotLearned or TcpStallVerdict.NoStall or TcpStallVerdict.NotAnswering
            ? Confidence.Likely
            : Confidence.Hint,
        Reason = reason,
    };
}
