namespace Probe.Cli.Live;

/// <summary>A key that means something to the view.</summary>
internal enum Key
{
    /// <summary>A letter or sign; see <see cref="KeyPress.Sign"/>.</summary>
    Sign,

    /// <summary>Arrow up.</summary>
    Up,

    /// <summary>Arrow down.</summary>
    Down,

    /// <summary>Page up.</summary>
    PageUp,

    /// <summary>Page down.</summary>
    PageDown,

    /// <summary>Home.</summary>
    Home,

    /// <summary>End.</summary>
    End,

    /// <summary>Escape by itself.</summary>
    Escape,
}

/// <summary>One key.</summary>
/// <param name="Key">Which.</param>
/// <param name="Sign">The sign of <see cref="Key.Sign"/>.</param>
internal readonly record struct KeyPress(Key Key, char Sign = '\0');

/// <summary>
/// Turns a terminal's octets into keys (ECMA-48 control sequences, xterm's and the Linux console's keys). A sequence may come in pieces;
/// one that means nothing here is taken whole, so that none of its letters acts as a key.
/// </summary>
internal sealed class KeyReader
{
    private const byte Escape = 0x1b;
    private readonly List<byte> _sequence = [];

    /// <summary>A sequence has begun: <see cref="Flush"/> it when nothing more comes.</summary>
    public bool IsOpen => _sequence.Count > 0;

    /// <summary>Takes octets and adds the keys they complete.</summary>
    public void Read(ReadOnlySpan<byte> octets, List<KeyPress> keys)
    {
        foreach (var octet in octets)
        {
            Take(octet, keys);
        }
    }

    /// <summary>Nothing came for a while: what is open was no sequence.</summary>
    public void Flush(List<KeyPress> keys)
    {
        if (_sequence.Count == 1)
        {
            keys.Add(new KeyPress(Key.Escape));
        }

        _sequence.Clear();
    }

    private void Take(byte octet, List<KeyPress> keys)
    {
        if (octet == Escape)
        {
            Flush(keys);
            _sequence.Add(octet);
        }
        else if (_sequence.Count == 0)
        {
            if (octet is >= 0x20 and < 0x7f or 0x0c)
            {
                keys.Add(new KeyPress(Key.Sign, (char)octet));
            }
        }
        else
        {
            _sequence.Add(octet);
            if (IsComplete())
            {
                if (Meaning(_sequence) is { } key)
                {
                    keys.Add(new KeyPress(key));
                }

                _sequence.Clear();
            }
        }
    }

    // ESC x is Alt and a key; ESC [ and ESC O end with a letter or "~".
    private bool IsComplete() => _sequence switch
    {
        [_, (byte)'[' or (byte)'O'] => false,
        [_, _] => true,
        [_, (byte)'O', _] => true,
        _ => _sequence[^1] is >= 0x40 and <= 0x7e,
    };

    private static Key? Meaning(List<byte> sequence) => sequence switch
    {
        [_, (byte)'[' or (byte)'O', (byte)'A'] => Key.Up,
        [_, (byte)'[' or (byte)'O', (byte)'B'] => Key.Down,
        [_, (byte)'[' or (byte)'O', (byte)'H'] or [_, (byte)'[', (byte)'1' or (byte)'7', (byte)'~'] => Key.Home,
        [_, (byte)'[' or (byte)'O', (byte)'F'] or [_, (byte)'[', (byte)'4' or (byte)'8', (byte)'~'] => Key.End,
        [_, (byte)'[', (byte)'5', (byte)'~'] => Key.PageUp,
        [_, (byte)'[', (byte)'6', (byte)'~'] => Key.PageDown,
        _ => null,
    };
}
