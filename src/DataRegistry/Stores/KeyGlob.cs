using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.RegularExpressions;
using DataRegistry.Stores.S3;

namespace DataRegistry.Stores;

/// <summary>
/// A pattern that whole keys match or do not: <c>*</c> stands for any characters but <c>/</c>, <c>?</c> for one character but <c>/</c>,
/// <c>**</c> for any characters at all. As a whole segment <c>**/</c> also stands for nothing, so that <c>data/**/*.csv</c> matches
/// <c>data/a.csv</c>, as elsewhere. <c>\</c> takes the next character literally; all others, brackets too, are themselves. A character is a
/// Unicode code point; neither case nor forms are folded.
/// </summary>
/// <remarks>Matching takes time linear in the key, whatever the pattern: it never tracks back. Safe for concurrent use.</remarks>
public sealed class KeyGlob
{
    public const int MaxLength = 1024;

    /// <summary>Bounds the automaton that a pattern becomes.</summary>
    public const int MaxWildcards = 32;

    public const string Requirement =
        "A pattern has 1 to 1024 characters, at most 32 of '*', '**' and '?', and does not end with a single '\\'.";

    const string AnyCharacterOfSegment = @"(?:[\ud800-\udbff][\udc00-\udfff]|[^/\ud800-\udfff])";

    readonly Regex regex;

    KeyGlob(string pattern, string literalPrefix, bool hasWildcards, string expression)
    {
        Pattern = pattern;
        LiteralPrefix = literalPrefix;
        HasWildcards = hasWildcards;
        regex = new Regex(
            expression,
            RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline | RegexOptions.ExplicitCapture);
    }

    public string Pattern { get; }

    /// <summary>What every matching key begins with; all of it where there are no wildcards.</summary>
    public string LiteralPrefix { get; }

    /// <summary>False where the pattern matches one key only, which is <see cref="LiteralPrefix"/>.</summary>
    public bool HasWildcards { get; }

    public bool IsMatch(string key) => regex.IsMatch(key);

    /// <summary>A pattern that was parsed before, as a row keeps it.</summary>
    /// <exception cref="FormatException">It is no pattern.</exception>
    public static KeyGlob Parse(string pattern) =>
        TryParse(pattern, out var glob) ? glob : throw new FormatException($"Not a pattern: {pattern}");

    /// <summary>False for what breaks <see cref="Requirement"/>, or holds a lone surrogate, which no key does.</summary>
    public static bool TryParse([NotNullWhen(true)] string? pattern, [NotNullWhen(true)] out KeyGlob? glob)
    {
        glob = null;
        if (pattern is null or "" || pattern.Length > MaxLength || !ObjectKey.CanExist(pattern))
            return false;

        var expression = new StringBuilder(@"\A");
        var literal = new StringBuilder();
        var wildcards = 0;
        for (var i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] is '*' or '?')
            {
                wildcards++;
                i = AppendWildcard(expression, pattern, i);
                continue;
            }

            if (pattern[i] == '\\' && ++i == pattern.Length)
                return false;
            AppendLiteral(expression, pattern[i]);
            if (wildcards == 0)
                literal.Append(pattern[i]);
        }

        if (wildcards > MaxWildcards)
            return false;
        glob = new(pattern, literal.ToString(), wildcards > 0, expression.Append(@"\z").ToString());
        return true;
    }

    /// <summary>Returns where the wildcard's last character stands.</summary>
    static int AppendWildcard(StringBuilder expression, string pattern, int start)
    {
        if (pattern[start] == '?')
        {
            expression.Append(AnyCharacterOfSegment);
            return start;
        }

        // More than two stand for no more than two do.
        var end = start;
        while (end + 1 < pattern.Length && pattern[end + 1] == '*')
            end++;
        if (end == start)
        {
            expression.Append("[^/]*");
            return end;
        }

        // What is escaped before is a literal, and a literal '/' begins a segment all the same.
        var isSegment = (start == 0 || pattern[start - 1] == '/') && end + 1 < pattern.Length && pattern[end + 1] == '/';
        expression.Append(isSegment ? "(?:.*/)?" : ".*");
        return isSegment ? end + 1 : end;
    }

    static void AppendLiteral(StringBuilder expression, char character) =>
        expression.Append(@"\u").Append(((int)character).ToString("x4", System.Globalization.CultureInfo.InvariantCulture));
}
