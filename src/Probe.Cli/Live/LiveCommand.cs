namespace Probe.Cli.Live;

/// <summary>What the view asks of the run.</summary>
internal enum LiveCommand
{
    /// <summary>End, and show the report.</summary>
    Quit,

    /// <summary>Send nothing, or go on.</summary>
    Pause,

    /// <summary>The process is about to be stopped: send nothing.</summary>
    Suspend,

    /// <summary>It goes on.</summary>
    Continue,

    /// <summary>Forget the statistics.</summary>
    Reset,

    /// <summary>Start anew with ICMP.</summary>
    Icmp,

    /// <summary>Start anew with UDP.</summary>
    Udp,

    /// <summary>Start anew with TCP.</summary>
    Tcp,

    /// <summary>Show the next flow alone; after the last one all together.</summary>
    NextFlow,

    /// <summary>Ask for reverse names from now on.</summary>
    AskNames,
}
