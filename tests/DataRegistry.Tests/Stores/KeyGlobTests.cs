using System.Text;
using DataRegistry.Stores;
using FsCheck;
using FsCheck.Fluent;

namespace DataRegistry.Tests.Stores;

public sealed class KeyGlobTests
{
    [Theory]
    [InlineData("data/*.csv", "data/a.csv", true)]
    [InlineData("data/*.csv", "data/.csv", true)]
    [InlineData("data/*.csv", "data/x/a.csv", false)]
    [InlineData("data/*.csv", "data/a.csv.gz", false)]
    [InlineData("data/*.csv", "DATA/a.csv", false)]
    [InlineData("data/**/*.csv", "data/a.csv", true)]
    [InlineData("data/**/*.csv", "data/x/y/a.csv", true)]
    [InlineData("data/**/*.csv", "data//a.csv", true)]
    [InlineData("data/**/*.csv", "dataa.csv", false)]
    [InlineData("**/*.tmp", "a.tmp", true)]
    [InlineData("**/*.tmp", "x/y/a.tmp", true)]
    [InlineData("**/a", "xa", false)]
    [InlineData("data/**", "data/", true)]
    [InlineData("data/**", "data/x/y", true)]
    [InlineData("data/**", "data", false)]
    [InlineData("data**z", "data/x/z", true)]
    [InlineData("***", "a/b", true)]
    [InlineData("a?c", "a😀c", true)]
    [InlineData("a?c", "a/c", false)]
    [InlineData("a??c", "a😀c", false)]
    [InlineData("[a].{b}+$^(c)|d", "[a].{b}+$^(c)|d", true)]
    [InlineData("[ab]", "a", false)]
    [InlineData(@"a\*b", "a*b", true)]
    [InlineData(@"a\*b", "axb", false)]
    [InlineData(@"a\\b", @"a\b", true)]
    [InlineData("a*b", "a\nb", true)]
    [InlineData("a", "a\n", false)]
    [InlineData("é", "e\u0301", false)]
    public void Whole_keys_match_as_the_wildcards_say(string pattern, string key, bool matches)
    {
        Assert.True(KeyGlob.TryParse(pattern, out var glob));
        Assert.Equal(matches, glob.IsMatch(key));
    }

    [Theory]
    [InlineData("data/2024-*/x", "data/2024-", true)]
    [InlineData("**", "", true)]
    [InlineData(@"a\*b/c", "a*b/c", false)]
    [InlineData(@"a\*b?c", "a*b", true)]
    [InlineData("data/**/x", "data/", true)]
    public void What_every_match_begins_with_is_known(string pattern, string prefix, bool wildcards)
    {
        Assert.True(KeyGlob.TryParse(pattern, out var glob));
        Assert.Equal(prefix, glob.LiteralPrefix);
        Assert.Equal(wildcards, glob.HasWildcards);
    }

    [Fact]
    public void What_is_no_pattern_is_refused()
    {
        Assert.All(
            [null, "", @"a\", "a\ud800", new string(
                'a', KeyGlob.MaxLength + 1), string.Concat(Enumerable.Repeat("*a", KeyGlob.MaxWildcards + 1))],
            pattern => Assert.False(KeyGlob.TryParse(pattern, out _)));
        Assert.True(KeyGlob.TryParse(@"a\\", out _));
        Assert.True(KeyGlob.TryParse(new string('a', KeyGlob.MaxLength), out _));
        Assert.True(KeyGlob.TryParse(string.Concat(Enumerable.Repeat("*a", KeyGlob.MaxWildcards)), out _));
    }

    [Fact]
    public void Every_pattern_matches_what_the_plain_definition_matches()
    {
        // Few and short, so that many of the pairs match.
        var patterns = Some(6, "a", "/", "😀", "*", "**", "?", "**/", "/**/", @"\*", @"\\", "\n");
        var keys = Some(6, "a", "a", "/", "/", "😀", "*", @"\", "\n");
        var matched = 0;
        Prop.ForAll(patterns.Zip(keys).ToArbitrary(), pair =>
        {
            var (pattern, key) = pair;
            if (pattern.Length == 0)
                return !KeyGlob.TryParse(pattern, out _);
            if (!KeyGlob.TryParse(pattern, out var glob))
                return pattern.Split('*', '?').Length > KeyGlob.MaxWildcards;
            var expected = Matches([.. pattern.EnumerateRunes()], 0, [.. key.EnumerateRunes()], 0);
            matched += expected ? 1 : 0;
            return glob.IsMatch(key) == expected && (!expected || key.StartsWith(glob.LiteralPrefix, StringComparison.Ordinal));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
        Assert.True(matched > 100, $"Only {matched} pairs match: the property says little");
    }

    [Fact]
    public void A_key_made_from_a_pattern_matches_it()
    {
        var parts = Gen.OneOf(
            Gen.Elements(("a", "a"), ("/", "/"), (@"\*", "*"), ("😀", "😀")),
            Gen.Elements("", "b", "b😀", "*").Select(s => ("*", s)),
            Gen.Elements("", "b/", "/x/y", "\n").Select(s => ("**", s)),
            Gen.Elements("b", "😀", "*").Select(s => ("?", s))).NonEmptyListOf().Where(l => l.Count <= KeyGlob.MaxWildcards);
        Prop.ForAll(parts.ToArbitrary(), list =>
        {
            // "**" next to '/' may stand for nothing together with it. The key made here matches in every other case.
            var pattern = string.Concat(list.Select(p => p.Item1));
            return pattern.Contains("**/", StringComparison.Ordinal)
                || (KeyGlob.TryParse(pattern, out var glob) && glob.IsMatch(string.Concat(list.Select(p => p.Item2))));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }

    [Fact]
    public void A_pattern_of_any_length_matches_what_the_plain_definition_matches()
    {
        // Runs longer than a word of 64 positions, with few wildcards among them.
        string[] atoms = [new('a', 20), new('a', 63), new('a', 64), "aaa/aaa", "/", "😀😀", "*", "**", "?", "**/", "/**/", "a"];
        var patterns = Some(6, atoms);
        var keys = Some(6, new('a', 20), new('a', 63), new('a', 64), "aaa/aaa", "/", "😀😀", "a", "a/", "");
        // Keys are made from patterns, or they would hardly ever match.
        var made = patterns.SelectMany(pattern => Some(2, new('a', 64), "a/a", "😀").Select(key => (pattern, pattern
            .Replace("**/", "", StringComparison.Ordinal).Replace("**", key, StringComparison.Ordinal)
            .Replace("*", "aa", StringComparison.Ordinal).Replace('?', 'a'))));
        var matched = 0;
        Prop.ForAll(Gen.OneOf(made, patterns.Zip(keys)).ToArbitrary(), pair =>
        {
            var (pattern, key) = pair;
            if (!KeyGlob.TryParse(pattern, out var glob))
                return pattern.Length is 0 or > KeyGlob.MaxLength || pattern.Split('*', '?').Length > KeyGlob.MaxWildcards;
            var expected = Matches([.. pattern.EnumerateRunes()], 0, [.. key.EnumerateRunes()], 0);
            matched += expected ? 1 : 0;
            return glob.IsMatch(key) == expected;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(600));
        Assert.True(matched > 100, $"Only {matched} pairs match: the property says little");
    }

    [Fact]
    public void Half_of_a_surrogate_pair_is_no_character_and_lies_within_any_run()
    {
        Assert.True(KeyGlob.TryParse("a?", out var one));
        Assert.True(KeyGlob.TryParse("a*", out var run));
        Assert.True(KeyGlob.TryParse("**b", out var any));
        Assert.Equal((false, true, true), (one.IsMatch("a\ud83d"), run.IsMatch("a\ud83d"), any.IsMatch("\ude00b")));
    }

    [Fact]
    public void Hostile_patterns_and_keys_cost_no_memory()
    {
        var random = new Random(20);
        var globs = KeyGlobs.Of(Enumerable.Range(0, 100)
            .Select(i => $"**{(char)('a' + (i % 26))}{new string('?', 31)}{(char)('a' + (i / 26))}0"));
        string[] keys =
            [.. Enumerable.Range(0, 40).Select(_ => string.Concat(Enumerable.Range(0, 1000).Select(_ => (char)('a' + random.Next(26)))))];
        Assert.Null(globs.FirstMatch(keys[0], default));
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.All(keys, key => Assert.Null(globs.FirstMatch(key, default)));

        // Assert.All itself needs some memory.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Fact]
    public void A_match_ends_when_it_is_cancelled()
    {
        var globs = KeyGlobs.Of(["**b"]);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();

        Assert.Throws<OperationCanceledException>(() => globs.FirstMatch("a", cancelled.Token));
        // Also within a key, which a server may send at any length.
        Assert.Throws<OperationCanceledException>(() => globs.Patterns[0].IsMatch(new string('a', 5000), cancelled.Token));
    }

    [Fact]
    public void Patterns_of_the_most_bytes_fit_into_a_row()
    {
        foreach (var text in (string[])["a", "\"", "\\\\", "\u0001", "\u007f", "\u0085", "é", "\uFFFE", "😀", "'", "<"])
        {
            var all = new List<string>();
            for (var bytes = 0; ;)
            {
                var pattern = string.Concat(Enumerable.Repeat(text, 300));
                if ((bytes += KeyGlobs.BytesOf(pattern)) > KeyGlobs.MaxBytes)
                    break;
                all.Add(pattern);
            }

            var row = KeyGlobs.Of(all).Write()!;
            // A text of Table Storage has at most 64 KiB of UTF-16.
            Assert.InRange(row.Length, 1, 32_768);
            Assert.Equal(all, KeyGlobs.Read(row).Patterns.Select(p => p.Pattern));
        }
    }

    static Gen<string> Some(int max, params string[] atoms) =>
        Gen.Choose(0, max).SelectMany(length => Gen.ArrayOf(Gen.Elements(atoms), length)).Select(string.Concat);

    /// <summary>The definition itself, without optimization, but with each result cached.</summary>
    static bool Matches(Rune[] pattern, int p, Rune[] key, int k, Dictionary<(int, int), bool>? known = null)
    {
        known ??= [];
        if (!known.TryGetValue((p, k), out var matches))
            known[(p, k)] = matches = Ask(pattern, p, key, k, known);
        return matches;
    }

    static bool Ask(Rune[] pattern, int p, Rune[] key, int k, Dictionary<(int, int), bool> known)
    {
        if (p == pattern.Length)
            return k == key.Length;
        switch (pattern[p].Value)
        {
            case '*' when p + 1 < pattern.Length && pattern[p + 1].Value == '*':
                var after = p;
                while (after < pattern.Length && pattern[after].Value == '*')
                    after++;
                if ((p == 0 || pattern[p - 1].Value == '/') && after < pattern.Length && pattern[after].Value == '/')
                    return Matches(pattern, after + 1, key, k, known)
                        || Enumerable.Range(k, key.Length - k).Any(
                            end => key[end].Value == '/' && Matches(pattern, after + 1, key, end + 1, known));
                return Enumerable.Range(k, key.Length - k + 1).Any(end => Matches(pattern, after, key, end, known));
            case '*':
                for (var end = k; ; end++)
                {
                    if (Matches(pattern, p + 1, key, end, known))
                        return true;
                    if (end == key.Length || key[end].Value == '/')
                        return false;
                }

            case '?':
                return k < key.Length && key[k].Value != '/' && Matches(pattern, p + 1, key, k + 1, known);
            case '\\':
                return k < key.Length && key[k] == pattern[p + 1] && Matches(pattern, p + 2, key, k + 1, known);
            default:
                return k < key.Length && key[k] == pattern[p] && Matches(pattern, p + 1, key, k + 1, known);
        }
    }
}
