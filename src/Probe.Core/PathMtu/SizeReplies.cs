using System.Diagnostics;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.PathMtu;

/// <summary>What answers say about sizes.</summary>
internal sealed class SizeReplies(SizeRange range, SearchProgress progress)
{
    /// <summary>Takes what a reply says about the probe it answers.</summary>
    public void Take(in Reply reply, SizeAsk ask)
    {
        if (reply.Redirect || reply.RttNs > range.Options.TimeoutNs)
        {
            return;
        }

        if (reply.Ambiguous)
        {
            if (ask.Ttl == 0)
            {
                TakeAmbiguous(reply, ask.Ledger);
            }

            return;
        }

        if (ask.From.IsNone)
        {
            (ask.From, ask.Kind) = (reply.From, reply.Kind);
        }

        if (ask.Ttl != 0)
        {
            TakeLimited(reply, ask);
        }
        else if (IsAnswer(reply, ask))
        {
            TakeAnswer(reply, ask);
        }
        else if (ReplyKinds.CarriesMtu(reply.Kind))
        {
            ask.Ledger.Signalled(SignalOf(reply, ask));
            Settle(ask, AskState.Refused);
        }
        else if (reply.Kind is not (ReplyKind.SourceQuench or ReplyKind.TimeExceeded))
        {
            ask.Kind = reply.Kind;
            ask.From = reply.From;
            Settle(ask, AskState.Rejected);
        }
    }

    private void TakeAnswer(in Reply reply, SizeAsk ask)
    {
        if (ask.State == AskState.Answered)
        {
            return;
        }

        progress.ProbesAnswered++;
        ask.Ledger.Answered(ask, reply);
        progress.RoundTrips.Add(reply.RttNs);
    }

    /// <summary>
    /// A service's own words do not say which probe they answer: late ones and copies look like answers to a larger size. They show that
    /// the smallest size asked gets there, for what is smaller than an answered size gets there too.
    /// </summary>
    private void TakeAmbiguous(in Reply reply, SizeLedger ledger)
    {
        ledger.IsAmbiguous = true;
        if (ledger.Asks.MinBy(asked => asked.Size) is { State: not AskState.Answered } smallest)
        {
            progress.ProbesAnswered++;
            ledger.Answered(smallest, reply);
        }
    }

    private static void TakeLimited(in Reply reply, SizeAsk ask)
    {
        // The hop's word, or the target's: either shows how far it came.
        if (ask.State != AskState.Answered && !ReplyKinds.CarriesMtu(reply.Kind))
        {
            ask.State = AskState.Answered;
            (ask.From, ask.Kind) = (reply.From, reply.Kind);
        }
        else
        {
            Settle(ask, AskState.Refused);
        }
    }

    private static void Settle(SizeAsk ask, AskState state)
    {
        if (ask.State != AskState.Answered)
        {
            ask.State = state;
        }
    }

    /// <summary>It shows that the target got the probe, whatever its size.</summary>
    private bool IsAnswer(in Reply reply, SizeAsk ask) => reply.Kind switch
    {
        ReplyKind.EchoReply or ReplyKind.UdpReply or ReplyKind.SynAck => true,

        // A load balancer refuses what it does not balance, and passes on errors of its real servers, all from the address asked.
        ReplyKind.Reset => !range.Options.AskedFromOutside || ask.Ledger.Question.Segment != TcpSegmentKind.Syn,
        ReplyKind.PortUnreachable =>
            !range.Options.AskedFromOutside && ask.Ledger.Question.Protocol == ProbeProtocol.Udp && reply.Layer == 0
            && reply.From == range.Options.Target,
        _ when ReplyKinds.IsIcmpError(reply.Kind) => false,
        _ => throw new UnreachableException($"{reply.Kind} is no answer and no error"),
    };

    private SizeSignal SignalOf(in Reply reply, SizeAsk ask)
    {
        var mtu = reply.Mtu ?? 0;
        var firstTtl = range.Options.Via.Layers is [{ Ttl: { } stated }, ..] ? stated : PathMtuSearch.FullTtl;
        var hop = reply.Quoted is { } quoted && reply.Layer == range.Options.Via.Layers.Length && quoted.Ttl <= firstTtl
            ? firstTtl - quoted.Ttl + 1 : (int?)null;
        return new SizeSignal(ask, reply.From, mtu, mtu - OverheadWithin(reply.Layer), reply.Layer, reply.Quoted?.Length, hop,
            reply.Implausible);
    }

    /// <summary>Octets between an IP header of the probe, itself included, and the innermost packet.</summary>
    private int OverheadWithin(int layer)
    {
        var layers = range.Options.Via.Layers;
        var octets = 0;
        for (var i = layers.Length - layer; i < layers.Length; i++)
        {
            octets += layers[i].Overhead;
        }

        return octets;
    }
}
