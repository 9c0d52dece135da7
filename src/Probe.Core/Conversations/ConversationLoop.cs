namespace Probe.Core.Conversations;

/// <summary>Steps a test under the clock of a TCP stack.</summary>
internal static class ConversationLoop
{
    /// <summary>Runs a test to its end, which comes soon after the user stops the run.</summary>
    public static void Run(IConversationTest test, ITcpStack stack, CancellationToken stop)
    {
        using var registration = stop.Register(stack.Wake);
        while (test.Step(stack.NowNs, stop.IsCancellationRequested) is { } nextNs)
        {
            stack.Wait(nextNs);
        }
    }

    /// <summary>Reads what came and throws it away.</summary>
    public static void Discard(this IConversation conversation)
    {
        Span<byte> discarded = stackalloc byte[16 * 1024];
        while (!conversation.IsOver && conversation.Receive(discarded) > 0)
        {
            // The next read tells whether there is more.
        }
    }
}
