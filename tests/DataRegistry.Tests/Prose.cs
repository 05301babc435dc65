using System.Text.RegularExpressions;

namespace DataRegistry.Tests;

/// <summary>Finds habits that make prose hard to read, in the comments, strings and documents of this repository.</summary>
static partial class Prose
{
    /// <summary>The most words of a sentence.</summary>
    const int LongestSentence = 40;

    /// <summary>The fewest words of a string that is prose.</summary>
    const int FewestWords = 3;

    const RegexOptions Named = RegexOptions.ExplicitCapture;

    static readonly (Regex Habit, string Remedy)[] Habits =
    [
        (Beginning(), "begin with the thing itself, such as \"the worker\", or with \"if\""),
        (Riddle(), "name the person or program: \"a caller who\", \"the user\""),
        (Idiom(), "use the standard term: staged, postponed, repaired, retried, in progress, valid, continue"),
        (Passive(), "say who does what to whom: \"the answer shows it\", \"the caller asks for it\""),
    ];

    /// <summary>The faults of paragraphs: the line, counted from 1, and the remedy.</summary>
    public static IEnumerable<(int Line, string Fault)> FaultsOf(IEnumerable<(int Line, string Text)> paragraphs) =>
        from paragraph in paragraphs
        from sentence in SentencesOf(paragraph.Text)
        from fault in FaultsOf(sentence)
        select (paragraph.Line, fault);

    static IEnumerable<string> FaultsOf(string sentence)
    {
        var shown = sentence.Length <= 80 ? sentence : $"{sentence[..80]}…";
        foreach (var (habit, remedy) in Habits)
        {
            if (habit.Match(sentence) is { Success: true } match)
                yield return $"\"{match.Value.Trim()}\" in \"{shown}\": {remedy}.";
        }

        if (sentence.Split(' ').Length is > LongestSentence and var words)
            yield return $"{words} words in \"{shown}\": split it, one idea a sentence.";
    }

    static string[] SentencesOf(string paragraph) =>
        End().Split(Space().Replace(Markup().Replace(Code().Replace(paragraph, "x"), " "), " ").Trim());

    /// <summary>The comments of a file, neighbouring lines joined, without drawings.</summary>
    /// <param name="mark">The beginning of a comment.</param>
    public static IEnumerable<(int Line, string Text)> CommentsOf(string[] lines, string mark)
    {
        var (first, text, isDrawing) = (1, "", false);
        foreach (var (index, line) in lines.Index())
        {
            var comment = CommentIn(line, mark);
            isDrawing = comment is not null && (isDrawing || comment.Contains("<code>", StringComparison.Ordinal));
            if (string.IsNullOrEmpty(comment) || isDrawing || Tag().IsMatch(comment))
            {
                yield return (first, text);
                text = "";
            }

            if (!string.IsNullOrEmpty(comment) && !isDrawing)
                (first, text) = text.Length == 0 ? (index + 1, comment) : (first, $"{text} {comment}");
            isDrawing &= comment?.Contains("</code>", StringComparison.Ordinal) != true;
        }

        yield return (first, text);
    }

    /// <summary>The comment of a line; null if it has none.</summary>
    static string? CommentIn(string line, string mark)
    {
        var text = line.Trim();
        if (mark == "//" && (text.StartsWith("/*", StringComparison.Ordinal) || text.StartsWith("* ", StringComparison.Ordinal)))
            return text.Trim('/', '*', ' ');
        return text.StartsWith(mark, StringComparison.Ordinal) && !text.StartsWith("#!", StringComparison.Ordinal)
            ? text.TrimStart('/', '#').Trim() : null;
    }

    /// <summary>The strings of a line of C# that are prose: messages, log lines and descriptions.</summary>
    public static IEnumerable<(int Line, string Text)> StringsOf(string[] lines) =>
        from line in lines.Index()
        where CommentIn(line.Item, "//") is null
        from match in Literal().Matches(line.Item)
        where match.Value.Split(' ').Length >= FewestWords
        select (line.Index + 1, match.Groups["text"].Value);

    /// <summary>The paragraphs, list items and table cells of Markdown, without headings and code.</summary>
    public static IEnumerable<(int Line, string Text)> ParagraphsOf(string[] lines)
    {
        var (first, text, isCode) = (1, "", false);
        foreach (var (index, line) in lines.Index())
        {
            var trimmed = line.Trim();
            var isFence = trimmed.StartsWith("```", StringComparison.Ordinal);
            isCode ^= isFence;
            var isRow = !isCode && trimmed.StartsWith('|');
            var isProse = !isCode && !isFence && !isRow && !trimmed.StartsWith('#');
            foreach (var cell in isRow ? trimmed.Split('|') : [])
                yield return (index + 1, cell);
            if (!isProse || trimmed.Length == 0 || Item().IsMatch(trimmed))
            {
                yield return (first, text);
                text = "";
            }

            if (isProse && trimmed.Length > 0)
                (first, text) = text.Length == 0 ? (index + 1, Item().Replace(trimmed, "")) : (first, $"{text} {trimmed}");
        }

        yield return (first, text);
    }

    [GeneratedRegex("^(What|Whatever|Whoever|Whom|Who|Where|Which) ", Named)]
    private static partial Regex Beginning();

    [GeneratedRegex(@"\b(whoever|whomever|(for|of|to|by|if|than|as) who)\b", Named | RegexOptions.IgnoreCase)]
    private static partial Regex Riddle();

    [GeneratedRegex(
        @"\b(puts? (away|off)|ma(d|k)es? (whole|good)|(tried|begun|begins) anew|as good as|under way|marks? of (a )?folders?"
            + @"|as many as may|go(es)? on with|whose it is)\b", Named | RegexOptions.IgnoreCase)]
    private static partial Regex Idiom();

    [GeneratedRegex(@"\b((is|are|was|were|be) told|what (is|was|were) asked for)\b", Named | RegexOptions.IgnoreCase)]
    private static partial Regex Passive();

    [GeneratedRegex(@"`[^`]*`|https?://\S+", Named)]
    private static partial Regex Code();

    [GeneratedRegex("</?[a-zA-Z][^<>]*>", Named)]
    private static partial Regex Markup();

    /// <summary>A tag of a comment that begins a paragraph.</summary>
    [GeneratedRegex(@"^<(summary|param|typeparam|remarks|returns|exception|inheritdoc)\b", Named)]
    private static partial Regex Tag();

    [GeneratedRegex(@"^([-*]|\d+\.) ", Named)]
    private static partial Regex Item();

    [GeneratedRegex(@"""(?<text>([^""\\]|\\.)*)""", Named)]
    private static partial Regex Literal();

    [GeneratedRegex(@"\s+", Named)]
    private static partial Regex Space();

    [GeneratedRegex(@"(?<=[.!?:;]) (?=\S)", Named)]
    private static partial Regex End();
}
