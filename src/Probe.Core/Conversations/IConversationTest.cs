namespace Probe.Core.Conversations;

/// <summary>Something that is found out over conversations: a plain state machine without task, thread or wait.</summary>
internal interface IConversationTest
{
    /// <summary>Does what is due.</summary>
    /// <param name="nowNs">The clock of the <see cref="ITcpStack"/>.</param>
    /// <param name="stopped">The user stopped the run: what was seen until now is the result.</param>
    /// <returns>When to step again at the latest; null once it is over.</returns>
    long? Step(long nowNs, bool stopped);
}
