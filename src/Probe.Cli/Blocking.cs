namespace Probe.Cli;

/// <summary>Runs a call that blocks and cannot be cancelled, such as the resolver's, so that Ctrl-C still ends the wait.</summary>
internal static class Blocking
{
    /// <summary>
    /// The call's result, or its exception. A call that is given up goes on in a background thread, which ends with the process.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled first.</exception>
    public static T Run<T>(Func<T> call, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                done.SetResult(call());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        })
        {
            IsBackground = true,
        };
        thread.Start();
        return done.Task.WaitAsync(cancellation).GetAwaiter().GetResult();
    }
}
