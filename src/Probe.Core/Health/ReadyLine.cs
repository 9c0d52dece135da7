namespace Probe.Core.Health;

/// <summary>
/// Numbers of those whose turn has come, in a line: any may step out or join anywhere at the cost of one. A ring, made larger when it is
/// full.
/// </summary>
/// <param name="numbers">Numbers are below this.</param>
internal sealed class ReadyLine(int numbers)
{
    private int[] _ring = new int[16];
    private int[] _places = new int[numbers];
    private int _first;

    public int Count { get; private set; }

    /// <summary>Whose turn is next; there must be one.</summary>
    public int First => _ring[_first];

    /// <summary>Takes numbers below this.</summary>
    public void MakeRoom(int numbers) => Array.Resize(ref _places, numbers);

    /// <summary>Joins at the end.</summary>
    public void Add(int number)
    {
        if (Count == _ring.Length)
        {
            Grow();
        }

        Put(number, Count++);
    }

    /// <summary>Changes places with whoever stands at one of the last <paramref name="among"/> places.</summary>
    public void Mingle(int number, int among, Random random)
    {
        var other = Count - 1 - random.Next(among);
        var (mine, place) = (_ring[Slot(other)], OrderOf(number));
        Put(number, other);
        Put(mine, place);
    }

    /// <summary>Steps out; it must stand in the line. The last takes its place.</summary>
    public void Remove(int number)
    {
        var place = OrderOf(number);
        if (place == 0)
        {
            _first = Slot(1);
            Count--;
            return;
        }

        var last = _ring[Slot(Count - 1)];
        Put(last, place);
        Count--;
    }

    private int OrderOf(int number) => (_places[number] - _first) & (_ring.Length - 1);

    private int Slot(int order) => (_first + order) & (_ring.Length - 1);

    private void Put(int number, int order)
    {
        var slot = Slot(order);
        (_ring[slot], _places[number]) = (number, slot);
    }

    private void Grow()
    {
        var old = _ring;
        var first = _first;
        (_ring, _first) = (new int[old.Length * 2], 0);
        for (var order = 0; order < Count; order++)
        {
            Put(old[(first + order) & (old.Length - 1)], order);
        }
    }
}
