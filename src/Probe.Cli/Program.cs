using Probe.Cli.Frame;
using Probe.Cli.Output;
using Probe.Cli;
using Probe.Core.Linux.Files;
using Probe.Core.Linux;

var messages = new Messages(StandardStream.ForMessages());
using var interruption = new Interruption();
using var results = StandardStream.ForResults();
var context = new CommandContext(args, results, messages, interruption.Token);
var status = ExitStatus.Fine;
try
{
    // Before the command tree is built: scripts ask for it often, and it saves a quarter of the start.
    if (args is ["--version"])
    {
        context.Out.WriteLine($"probe {ProgramVersion.Text}");
    }
    else
    {
        status = CommandTree.Run(args, context);
    }
}
catch (UserError e)
{
    messages.Error(e.Message, e);
    status = e.Status;
}
catch (LinuxException e)
{
    messages.Error(e.Message, e);
    status = ExitStatus.CannotRun;
}
catch (OperationCanceledException) when (interruption.Status != ExitStatus.Fine)
{
    // Interrupted before there was anything to show.
    status = interruption.Status;
}
catch (OutputClosedException)
{
    return (int)interruption.Status;
}
catch (Exception e)
{
    messages.Error(
        $"internal error: {e.GetType().Name}: {e.Message}; "
            + $"{(messages.Debug ? "report what follows" : "run again with --debug and report what it prints")}", e);
    status = ExitStatus.CannotRun;
}

try
{
    // Also after an error: what was gathered before it is the user's.
    context.Out.Flush();
}
catch (OutputClosedException)
{
    return (int)interruption.Status;
}
catch (IOException e)
{
    messages.Error($"cannot write to standard output: {e.Message}; see where it is redirected to", e);
    status = status.And(ExitStatus.CannotRun);
}

return (int)status.And(interruption.Status);
