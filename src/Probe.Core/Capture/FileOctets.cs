namespace Probe.Core.Capture;

/// <summary>A stream read forward through a buffer that never grows beyond what has really come.</summary>
internal sealed class FileOctets : IDisposable
{
    private readonly Stream _stream;
    private byte[] _buffer;
    private int _from;
    private int _to;

    /// <summary>Takes over the stream.</summary>
    public FileOctets(Stream stream, int bufferSize = 65_536)
    {
        _stream = stream;
        _buffer = new byte[bufferSize];
    }

    /// <summary>The next octets, which stay; fewer where the stream ends. Valid until the next call.</summary>
    /// <exception cref="CaptureFileException">The stream cannot be read.</exception>
    public ReadOnlySpan<byte> Peek(int count)
    {
        while (_to - _from < count && Fill())
        {
        }

        return _buffer.AsSpan(_from, Math.Min(count, _to - _from));
    }

    /// <summary>The next octets, which are gone after the next call.</summary>
    /// <exception cref="CaptureFileException">The stream cannot be read, or ends before.</exception>
    public ReadOnlySpan<byte> Take(int count)
    {
        var octets = Peek(count);
        if (octets.Length < count)
        {
            throw Truncated();
        }

        _from += count;
        return octets;
    }

    /// <summary>Passes over octets.</summary>
    /// <exception cref="CaptureFileException">The stream cannot be read, or ends before.</exception>
    public void Skip(long count)
    {
        while (count > 0)
        {
            if (_from == _to && !Fill())
            {
                throw Truncated();
            }

            var now = (int)Math.Min(count, _to - _from);
            _from += now;
            count -= now;
        }
    }

    /// <summary>Moves what comes next, at least one octet unless the stream ends, to a buffer.</summary>
    /// <returns>How many; 0 at the end.</returns>
    /// <exception cref="CaptureFileException">The stream cannot be read.</exception>
    public int TakeSome(Span<byte> buffer)
    {
        if (_from == _to && !Fill())
        {
            return 0;
        }

        var count = Math.Min(buffer.Length, _to - _from);
        _buffer.AsSpan(_from, count).CopyTo(buffer);
        _from += count;
        return count;
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private static CaptureFileException Truncated() =>
        new("the file ends in the middle of a block: it was cut off, or is still being written");

    private bool Fill()
    {
        if (_from > 0)
        {
            _buffer.AsSpan(_from, _to - _from).CopyTo(_buffer);
            (_from, _to) = (0, _to - _from);
        }

        if (_to == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        try
        {
            var read = _stream.Read(_buffer, _to, _buffer.Length - _to);
            _to += read;
            return read > 0;
        }
        catch (InvalidDataException e)
        {
            throw new CaptureFileException("the compressed data is damaged or cut off", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CaptureFileException(e.Message, e);
        }
    }
}
