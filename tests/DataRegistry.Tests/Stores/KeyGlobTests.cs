using System.Text;
using DataRegistry.Stores;
using DataRegistry.Tests.Host;
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
        // Few and short, so that a good part of the pairs match.
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
            // "**" next to '/' may stand for nothing together with it, never for less: what is made here matches in any case but that.
            var pattern = string.Concat(list.Select(p => p.Item1));
            return pattern.Contains("**/", StringComparison.Ordinal)
                || (KeyGlob.TryParse(pattern, out var glob) && glob.IsMatch(string.Concat(list.Select(p => p.Item2))));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }

    [Fact]
    public async Task A_pattern_that_would_track_back_for_ever_does_not()
    {
        Assert.True(KeyGlob.TryParse(string.Concat(Enumerable.Repeat("**a", KeyGlob.MaxWildcards)) + "b", out var glob));
        var key = new string('a', 1024);
        Assert.False(await Task.Run(() => glob.IsMatch(key)).WithinDeadlineAsync());
    }

    static Gen<string> Some(int max, params string[] atoms) =>
        Gen.Choose(0, max).SelectMany(length => Gen.ArrayOf(Gen.Elements(atoms), length)).Select(string.Concat);

    /// <summary>The definition, word by word; exponential.</summary>
    static bool Matches(Rune[] pattern, int p, Rune[] key, int k)
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
                    return Matches(pattern, after + 1, key, k)
                        || Enumerable.Range(k, key.Length - k).Any(
                            end => key[end].Value == '/' && Matches(pattern, after + 1, key, end + 1));
                return Enumerable.Range(k, key.Length - k + 1).Any(end => Matches(pattern, after, key, end));
            case '*':
                for (var end = k; ; end++)
                {
                    if (Matches(pattern, p + 1, key, end))
                        return true;
                    if (end == key.Length || key[end].Value == '/')
                        return false;
                }

            case '?':
                return k < key.Length && key[k].Value != '/' && Matches(pattern, p + 1, key, k + 1);
            case '\\':
                return k < key.Length && key[k] == pattern[p + 1] && Matches(pattern, p + 2, key, k + 1);
            default:
                return k < key.Length && key[k] == pattern[p] && Matches(pattern, p + 1, key, k + 1);
        }
    }
}
