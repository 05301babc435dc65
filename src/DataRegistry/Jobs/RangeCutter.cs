using System.Text;
using DataRegistry.Storage;

namespace DataRegistry.Jobs;

/// <summary>A place to cut a range of keys.</summary>
/// <param name="At">The first part's last key, which need not exist; null if no place was found.</param>
/// <param name="Upper">From here on the range has no key; null if that is not known.</param>
/// <param name="Probes">Requests that the search took.</param>
readonly record struct RangeCut(string? At, string? Upper, int Probes);

/// <summary>
/// Finds a place to cut a range of keys into two parts that both have keys, if possible equally many. S3 gives neither
/// the number of a range's keys nor the last one, only the first key after a string. So this is a search by LISTs of
/// one key each. Uneven parts are cut again when other workers are free.
/// </summary>
/// <param name="firstAfter">Returns the first key after a string, with the job's prefix; null if there is none.</param>
sealed class RangeCutter(Func<string, CancellationToken, Task<string?>> firstAfter)
{
    /// <summary>Cuts the range between <paramref name="after"/> and <paramref name="until"/> in two.</summary>
    /// <param name="after">An existing key at the range's beginning. The search begins among its siblings.</param>
    /// <param name="until">The range's last key; null for the prefix's end.</param>
    /// <param name="upper">The upper bound that an earlier search found.</param>
    /// <param name="sample">Keys of the range. The search takes the middle of the characters that they use.</param>
    /// <param name="maxProbes">After this many requests the search ends with its best result.</param>
    public async Task<RangeCut> FindAsync(
        string after, string? until, string? upper, IEnumerable<string> sample, int maxProbes, CancellationToken cancellationToken)
    {
        var search = new Search(firstAfter, after, until, upper, sample, maxProbes);
        // Keys usually go on as before, so half of the known part usually has keys.
        if ((upper ?? until) is not null && search.Middle() is { } middle && await search.HasKeysAfterAsync(middle, cancellationToken))
            return search.Result(middle);
        // Otherwise the longest common prefix of the range's keys shows where they differ.
        var sibling = await search.TightenAsync(cancellationToken);
        while (search.Left > 0 && search.Middle() is { } next)
        {
            if (await search.HasKeysAfterAsync(next, cancellationToken))
                return search.Result(next);
        }

        return search.Result(sibling);
    }

    sealed class Search
    {
        readonly Func<string, CancellationToken, Task<string?>> firstAfter;
        readonly Rune[] lower;
        readonly string? until;
        readonly SortedSet<Rune> alphabet;
        string? upper;
        int probes;
        readonly int maxProbes;

        public Search(
            Func<string, CancellationToken, Task<string?>> firstAfter, string after, string? until, string? upper,
            IEnumerable<string> sample, int maxProbes)
        {
            this.firstAfter = firstAfter;
            lower = [.. after.EnumerateRunes()];
            this.until = until;
            this.upper = upper ?? until;
            this.maxProbes = maxProbes;
            alphabet = [.. sample.SelectMany(k => k.EnumerateRunes()).Concat(lower).Where(IsMarker)];
        }

        public int Left => maxProbes - probes;

        public RangeCut Result(string? at) => new(at, upper, probes);

        /// <summary>Whether the range has a key after this one. If not, the upper bound is lowered.</summary>
        public async Task<bool> HasKeysAfterAsync(string key, CancellationToken cancellationToken)
        {
            if (Left <= 0 || (until is not null && OrderedKey.Compare(key, until) >= 0))
                return false;
            probes++;
            if (await firstAfter(key, cancellationToken) is { } first && (until is null || OrderedKey.Compare(first, until) <= 0))
            {
                alphabet.UnionWith(first.EnumerateRunes().Where(IsMarker));
                return true;
            }

            if (upper is null || OrderedKey.Compare(key, upper) < 0)
                upper = key;
            return false;
        }

        /// <summary>
        /// The middle between the lower key and the upper bound, in numbers whose digits are the alphabet's characters.
        /// It is taken at the first place with a character between the two. Null if there is none.
        /// </summary>
        public string? Middle()
        {
            Rune[] high = upper is null ? [] : [.. upper.EnumerateRunes()];
            var common = 0;
            while (common < lower.Length && common < high.Length && lower[common] == high[common])
                common++;
            for (var place = common; place <= lower.Length; place++)
            {
                // Use characters of one kind, because where digits and letters both occur, only numbers are evenly
                // spread.
                Rune[] digits = place < lower.Length ? [.. alphabet.Where(r => KindOf(r) == KindOf(lower[place]))] : [.. alphabet];
                // Beyond the first difference, any continuation of the lower key is in the range.
                var from = place < lower.Length ? Array.BinarySearch(digits, lower[place]) : -1;
                var to = place == common && place < high.Length ? IndexOf(digits, high[place]) : digits.Length;
                if (to - from >= 2)
                    return Text(place, digits[(from + to) / 2]);
            }

            return null;
        }

        /// <summary>
        /// Lowers the upper bound to the end of the remaining keys' common prefix with the lower key. It bisects the
        /// length of that prefix. Returns a place to cut with at least one key after it; null if there are no more
        /// keys.
        /// </summary>
        public async Task<string?> TightenAsync(CancellationToken cancellationToken)
        {
            string? known = null;
            // Keys follow after the ends of longer prefixes, but not of shorter ones.
            for (int none = 0, some = lower.Length + 1; none + 1 < some && Left > 0;)
            {
                var length = (none + some) / 2;
                var end = EndOf(length);
                if (await HasKeysAfterAsync(end, cancellationToken))
                    (some, known) = (length, end);
                else
                    none = length;
            }

            return known;
        }

        /// <summary>A key after every key (perhaps one excepted) with this many of the lower key's characters.</summary>
        string EndOf(int length) => Text(length - 1, Next(lower[length - 1]));

        string Text(int count, Rune last)
        {
            var text = new StringBuilder();
            foreach (var rune in lower.AsSpan(0, count))
                text.Append(rune);
            return text.Append(last).ToString();
        }

        /// <summary>Whether XML can carry it.</summary>
        static bool IsMarker(Rune rune) => rune.Value >= ' ' && rune.Value is not (0xFFFE or 0xFFFF);

        static int KindOf(Rune rune) => !rune.IsAscii ? 4 : Rune.IsDigit(rune) ? 0 : Rune.IsLower(rune) ? 1 : Rune.IsUpper(rune) ? 2 : 3;

        static Rune Next(Rune rune) => rune.Value switch
        {
            // Skip surrogates and characters that XML cannot carry, because servers send markers in XML.
            < ' ' => new Rune(' '),
            0xD7FF => new Rune(0xE000),
            0xFFFD => new Rune(0x10000),
            0x10FFFF => rune,
            var value => new Rune(value + 1),
        };

        static int IndexOf(Rune[] digits, Rune rune) =>
            Array.BinarySearch(digits, rune) is >= 0 and var index ? index : ~Array.BinarySearch(digits, rune);
    }
}
