using System.Buffers;
using System.Text;

namespace DataRegistry.Stores;

/// <summary>
/// A pattern's positions as bits: bit <c>n</c> says that the text so far matches the pattern's first <c>n</c>
/// characters. One character of the text moves all bits at once (Navarro and Raffinot, "Flexible Pattern Matching in
/// Strings", chapter 4).
/// </summary>
/// <remarks>
/// The masks are made with the pattern: a row of words for each of its different characters. A match allocates nothing,
/// however long the text is. It takes a few operations for each character of the text and each 64 of the pattern.
/// </remarks>
sealed class GlobStates
{
    /// <summary>
    /// Rows of the masks: a character that the pattern does not name, <c>/</c>, half of a surrogate pair; then the named ones.
    /// </summary>
    const int OtherRow = 0, SlashRow = 1, BrokenRow = 2, FirstNamedRow = 3;

    /// <summary>Characters between two checks of the cancellation: some 20 µs at most.</summary>
    const int LookEvery = 1024;

    /// <summary>The bit that a whole match ends with.</summary>
    readonly int last;

    /// <summary>Words of a row.</summary>
    readonly int words;

    /// <summary>For each row, the bits that its character sets from the bit before.</summary>
    readonly ulong[] reached;

    /// <summary>Bits that stay set on <c>/</c>, and on any other character.</summary>
    readonly ulong[] staysOnSlash, stays;

    /// <summary>Bits that set the next one with themselves: positions before segments that may be empty.</summary>
    readonly ulong[] skips;

    readonly ushort[] rowOfAscii = new ushort[128];
    readonly Dictionary<int, ushort> rowOfOthers = [];

    GlobStates(Builder pattern)
    {
        last = pattern.Steps.Count;
        words = (last / 64) + 1;
        (staysOnSlash, stays, skips) = (new ulong[words], new ulong[words], new ulong[words]);
        foreach (var (at, alsoSlash) in pattern.Repeats)
        {
            Set(stays, at);
            if (alsoSlash)
                Set(staysOnSlash, at);
        }

        rowOfAscii['/'] = SlashRow;
        var rows = FirstNamedRow;
        foreach (var name in pattern.Steps.Where(s => s.Kind == StepKind.Literal).Select(s => s.Character).Distinct().Where(c => c != '/'))
        {
            if (name < 128)
                rowOfAscii[name] = (ushort)rows++;
            else
                rowOfOthers[name] = (ushort)rows++;
        }

        reached = new ulong[rows * words];
        for (var i = 0; i < last; i++)
        {
            var (kind, character) = pattern.Steps[i];
            if (kind == StepKind.Segments)
                Set(skips, i);
            if (kind != StepKind.Any)
                Set(reached.AsSpan(RowOf(character) * words), i + 1);
            for (var row = 0; kind == StepKind.Any && row < rows; row++)
            {
                if (row is not (SlashRow or BrokenRow))
                    Set(reached.AsSpan(row * words), i + 1);
            }
        }
    }

    internal enum StepKind { Literal, Any, Segments }

    /// <summary>Whether the pattern matches the whole text.</summary>
    public bool Accept(ReadOnlySpan<char> text, CancellationToken cancellationToken)
    {
        Span<ulong> at = stackalloc ulong[words];
        at[0] = 1 | ((skips[0] & 1) << 1);
        for (var read = 0; !text.IsEmpty; read++)
        {
            if (read % LookEvery == LookEvery - 1)
                cancellationToken.ThrowIfCancellationRequested();
            var isWhole = Rune.DecodeFromUtf16(text, out var rune, out var length) == OperationStatus.Done;
            text = text[length..];
            if (!Step(at, isWhole ? RowOf(rune.Value) : BrokenRow))
                return false;
        }

        return (at[last / 64] >> last & 1) != 0;
    }

    /// <summary>Moves all bits by one character. False if no bit is left: then no later text can match.</summary>
    bool Step(Span<ulong> at, int row)
    {
        var reach = reached.AsSpan(row * words, at.Length);
        var stay = (row == SlashRow ? staysOnSlash : stays).AsSpan(0, at.Length);
        var skip = skips.AsSpan(0, at.Length);
        ulong moved = 0, skipped = 0, any = 0;
        for (var word = 0; word < at.Length; word++)
        {
            var entered = ((at[word] << 1) | moved) & reach[word];
            var over = entered & skip[word];
            moved = at[word] >> 63;
            any |= at[word] = entered | (over << 1) | skipped | (at[word] & stay[word]);
            skipped = over >> 63;
        }

        return any != 0;
    }

    int RowOf(int character) => character < 128 ? rowOfAscii[character] : rowOfOthers.GetValueOrDefault(character, (ushort)OtherRow);

    static void Set(Span<ulong> row, int bit) => row[bit / 64] |= 1UL << bit;

    /// <summary>Collects a pattern's steps from its first character to its last.</summary>
    public sealed class Builder
    {
        internal List<(StepKind Kind, int Character)> Steps { get; } = [];

        internal List<(int At, bool AlsoSlash)> Repeats { get; } = [];

        public void Add(Rune literal) => Steps.Add((StepKind.Literal, literal.Value));

        /// <summary>Any one character except <c>/</c>.</summary>
        public void AddAny() => Steps.Add((StepKind.Any, 0));

        /// <summary>Any number of characters, including none.</summary>
        public void Repeat(bool alsoSlash) => Repeats.Add((Steps.Count, alsoSlash));

        /// <summary>Nothing, or any characters that end with <c>/</c>. Twice is the same as once.</summary>
        public void AddSegments()
        {
            if (Steps is [.., (StepKind.Segments, _)])
                return;
            Repeat(alsoSlash: true);
            Steps.Add((StepKind.Segments, '/'));
        }

        public GlobStates Build() => new(this);
    }
}
