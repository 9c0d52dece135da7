using System.Text;

namespace Probe.Testing;

/// <summary>Random text as an enemy would write it: pieces of Markdown, HTML, escapes and any UTF-16 code unit, lone surrogates included.</summary>
internal static class HostileText
{
    private static readonly string[] Pieces =
    [
        "`", "``", "```", "````", "~~~", "|", "\\|", "\\", "\n", "\r\n", "\n\n", " ", "    ", "\t", "*", "**", "_", "__", "#", "## ", "> ", "- ", "+ ",
        "1. ", "1) ", "---", "===", "***", "| --- |", ":---:", "[a](javascript:alert(1))", "![x](http://e.net/p.png)", "<img src=x onerror=alert(1)>",
        "<script>", "</script>", "<!--", "-->", "<a@b.c>", "<http://e.net>", "http://e.net/", "www.e.net", "mailto:a@b.c", "@someone", "#1", ":100:",
        "&amp;", "&#x41;", "&lt;", "[!WARNING]", "[x]", "[ ] ", "[^1]", "[1]: http://e.net", "{onclick=\"x\"}", "$x$", "~~s~~", "==m==", "\u001b[31m", "\u001b]0;t\u0007",
        "\u009b", "\u0000", "\u202e", "\u2066", "\u200b", "\u00ad", "\ufeff", "\u2028", "\u0085", "\u00a0", "\u3000", "\ue000", "\ud800", "\udc00",
        "é", "中", "e\u0301", "\u0301", "😀", "ok", "router-1.example.net", "=1+1", "@SUM(1)", "-1", "+1", "'", "\"", ",", ";", "%s", "..", "…",
    ];

    public static string Next(Random random)
    {
        var text = new StringBuilder();
        for (var n = random.Next(0, 12); n > 0; n--)
        {
            _ = random.Next(8) == 0 ? text.Append((char)random.Next(0x10000)) : text.Append(Pieces[random.Next(Pieces.Length)]);
        }

        return text.ToString();
    }
}
