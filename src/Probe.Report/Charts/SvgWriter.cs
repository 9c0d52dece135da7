using System.Globalization;
using System.Text;

namespace Probe.Report.Charts;

/// <summary>
/// Writes SVG, one element per line. Whatever is put in as text or value is escaped, so that no caller can forget it;
/// text of strangers must be made harmless before. Coordinates are whole numbers: the same picture is the same bytes on every machine.
/// </summary>
internal sealed class SvgWriter
{
    private readonly StringBuilder _text = new();
    private readonly Stack<string> _open = [];

    /// <summary>Opens an element that holds others.</summary>
    public SvgWriter Open(string name, params ReadOnlySpan<(string Name, SvgValue Value)> attributes)
    {
        Begin(name, attributes).Append(">\n");
        _open.Push(name);
        return this;
    }

    /// <summary>Closes the element opened last.</summary>
    public SvgWriter Close()
    {
        var name = _open.Pop();
        Indent().Append("</").Append(name).Append(">\n");
        return this;
    }

    /// <summary>An element with nothing in it.</summary>
    public SvgWriter Leaf(string name, params ReadOnlySpan<(string Name, SvgValue Value)> attributes)
    {
        Begin(name, attributes).Append("/>\n");
        return this;
    }

    /// <summary>An element that holds text.</summary>
    public SvgWriter Text(string name, string text, params ReadOnlySpan<(string Name, SvgValue Value)> attributes)
    {
        Escape(Begin(name, attributes).Append('>'), text).Append("</").Append(name).Append(">\n");
        return this;
    }

    /// <summary>The document; every element is closed.</summary>
    public override string ToString() =>
        _open.Count == 0 ? _text.ToString() : throw new InvalidOperationException($"<{_open.Peek()}> is open.");

    private StringBuilder Begin(string name, ReadOnlySpan<(string Name, SvgValue Value)> attributes)
    {
        Indent().Append('<').Append(name);
        foreach (var (key, value) in attributes)
        {
            Escape(_text.Append(' ').Append(key).Append("=\""), value.Text).Append('"');
        }

        return _text;
    }

    private StringBuilder Indent() => _text.Append(' ', 2 * _open.Count);

    private static StringBuilder Escape(StringBuilder to, string text)
    {
        foreach (var c in text)
        {
            _ = c switch
            {
                '&' => to.Append("&amp;"),
                '<' => to.Append("&lt;"),
                '>' => to.Append("&gt;"),
                '"' => to.Append("&quot;"),
                '\'' => to.Append("&#39;"),
                _ => to.Append(c),
            };
        }

        return to;
    }
}

/// <summary>The value of an attribute.</summary>
/// <param name="Text">As it is meant, unescaped.</param>
internal readonly record struct SvgValue(string Text)
{
    public static implicit operator SvgValue(string text) => new(text);

    public static implicit operator SvgValue(int number) => new(number.ToString(CultureInfo.InvariantCulture));
}
