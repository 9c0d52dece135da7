namespace Probe.Cli.Output;

/// <summary>Text as people sort it: digits by their number, so that 10.0.0.9 stands before 10.0.0.10.</summary>
internal sealed class NaturalOrder : IComparer<string>
{
    private NaturalOrder()
    {
    }

    /// <summary>The one there is.</summary>
    public static NaturalOrder Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(string? x, string? y)
    {
        var a = x.AsSpan();
        var b = y.AsSpan();
        while (!a.IsEmpty && !b.IsEmpty)
        {
            int order;
            if (char.IsAsciiDigit(a[0]) && char.IsAsciiDigit(b[0]))
            {
                var left = Digits(ref a);
                var right = Digits(ref b);
                order = left.Length != right.Length ? left.Length.CompareTo(right.Length) : left.SequenceCompareTo(right);
            }
            else
            {
                order = a[0].CompareTo(b[0]);
                a = a[1..];
                b = b[1..];
            }

            if (order != 0)
            {
                return order;
            }
        }

        return a.Length.CompareTo(b.Length);
    }

    private static ReadOnlySpan<char> Digits(ref ReadOnlySpan<char> text)
    {
        var length = text.IndexOfAnyExceptInRange('0', '9');
        var digits = text[..(length < 0 ? text.Length : length)];
        text = text[digits.Length..];
        return digits.TrimStart('0');
    }
}
