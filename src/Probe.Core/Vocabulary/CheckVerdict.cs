namespace Probe.Core.Vocabulary;

/// <summary>What a check says about its target.</summary>
public enum CheckVerdict
{
    /// <summary>The expected answer.</summary>
    Up,

    /// <summary>A RST to our SYN.</summary>
    Refused,

    /// <summary>Nothing came in time.</summary>
    NoAnswer,

    /// <summary>ICMP, with who said it, or no route to this target while others get through.</summary>
    Unreachable,

    /// <summary>A reset after the handshake.</summary>
    Reset,

    /// <summary>Connected, but the answer is not the expected one.</summary>
    Mismatch,

    /// <summary>This host's own fault; says nothing about the target.</summary>
    Local,

    /// <summary>The checker was late; says nothing about the target.</summary>
    Overload,
}

/// <summary>What verdicts mean for a pool.</summary>
public static class CheckVerdicts
{
    /// <summary>The target counts as down; never for a fault of this host or of the checker.</summary>
    public static bool CountsAsDown(this CheckVerdict verdict, ExpectedState expected) => verdict switch
    {
        CheckVerdict.Up or CheckVerdict.Local or CheckVerdict.Overload => false,
        CheckVerdict.Refused => expected != ExpectedState.Refused,
        CheckVerdict.NoAnswer or CheckVerdict.Unreachable or CheckVerdict.Reset or CheckVerdict.Mismatch => true,
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, message: null),
    };

    /// <summary>It says something about the target, one way or the other.</summary>
    public static bool IsAboutTarget(this CheckVerdict verdict) => verdict is not (CheckVerdict.Local or CheckVerdict.Overload);
}
