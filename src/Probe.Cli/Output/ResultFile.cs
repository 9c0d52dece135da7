using System.Text;

namespace Probe.Cli.Output;

/// <summary>
/// A file that the user named for a result. It is opened before the run, so that a wrong name costs no packet, and what stood in it
/// is replaced only once there is something to write; a file made for nothing is removed again.
/// </summary>
internal sealed class ResultFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream _stream;
    private readonly bool _isNew;
    private bool _written;

    private ResultFile(string path, FileStream stream, bool isNew) => (_path, _stream, _isNew) = (path, stream, isNew);

    /// <summary>Opens it for writing; null for no file.</summary>
    /// <exception cref="UserError">It cannot be written.</exception>
    public static ResultFile? Open(string? path)
    {
        if (path is null)
        {
            return null;
        }

        try
        {
            var isNew = !File.Exists(path);
            return new ResultFile(path, new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite), isNew);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(path, e);
        }
    }

    /// <summary>Replaces what it holds.</summary>
    /// <exception cref="UserError">It cannot be written.</exception>
    public void Write(string text)
    {
        try
        {
            _written = true;
            if (_stream.CanSeek)
            {
                _stream.SetLength(0);
            }

            _stream.Write(Encoding.UTF8.GetBytes(text));
            _stream.Flush();
        }
        catch (IOException e)
        {
            throw CannotWrite(_path, e);
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        if (_isNew && !_written)
        {
            File.Delete(_path);
        }
    }

    private static UserError CannotWrite(string path, Exception why) =>
        UserError.CannotRun($"cannot write {path}: {(why is UnauthorizedAccessException ? "permission denied" : why.Message)}");
}
