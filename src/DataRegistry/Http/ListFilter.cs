namespace DataRegistry.Http;

enum FilterOperator
{
    Equal,
    NotEqual,
    LessOrEqual,
    GreaterOrEqual,
    Contains,
    DoesNotContain,
    StartsWith,
    EndsWith,
}

/// <summary>
/// One filter of a list of <c>/api/v1</c>: a field, an operator and a value, without spaces between them (contract of data volumes).
/// </summary>
sealed record ListFilter<T>(string Field, string Operator, string Value, Func<T, bool> Matches)
{
    const int MaxShown = 200;

    static readonly Dictionary<string, FilterOperator> Operators = new(StringComparer.Ordinal)
    {
        ["=="] = FilterOperator.Equal,
        ["!="] = FilterOperator.NotEqual,
        ["<="] = FilterOperator.LessOrEqual,
        [">="] = FilterOperator.GreaterOrEqual,
        ["=@"] = FilterOperator.Contains,
        ["!@"] = FilterOperator.DoesNotContain,
        ["=^"] = FilterOperator.StartsWith,
        ["=$"] = FilterOperator.EndsWith,
    };

    /// <summary>
    /// The filters of the parameter <c>filterBy</c>. It may be given more than once, and may hold several filters, separated by commas.
    /// </summary>
    /// <exception cref="ApiException">400, with the name of the wrong filter.</exception>
    public static IReadOnlyList<ListFilter<T>> ParseAll(IEnumerable<string?> values, IReadOnlyList<ListField<T>> fields) =>
        [.. values.SelectMany(value => Split(value ?? "", fields)).Select(text => Parse(text, fields))];

    /// <summary>A value may hold commas: only a comma that is followed by a field and an operator ends a filter.</summary>
    static IEnumerable<string> Split(string text, IReadOnlyList<ListField<T>> fields)
    {
        var start = 0;
        for (var comma = text.IndexOf(',', StringComparison.Ordinal); comma >= 0; comma = text.IndexOf(',', comma + 1))
        {
            if (!fields.Any(f => OperatorAt(text, comma + 1, f) is not null))
                continue;
            yield return text[start..comma];
            start = comma + 1;
        }

        yield return text[start..];
    }

    static ListFilter<T> Parse(string text, IReadOnlyList<ListField<T>> fields)
    {
        var field = fields.FirstOrDefault(f => OperatorAt(text, 0, f) is not null);
        var symbol = field is null ? null : OperatorAt(text, 0, field);
        var value = symbol is null ? "" : text[(field!.Name.Length + symbol.Length)..];
        if (value.Length == 0 || value.Contains('\n', StringComparison.Ordinal))
        {
            var names = string.Join(", ", fields.Select(f => f.Name));
            var operators = string.Join(' ', Operators.Keys);
            throw Wrong(
                text, $"is no filter: a field ({names}), an operator ({operators}) and a value are expected, without spaces between them");
        }

        try
        {
            return new(field!.Name, symbol!, value, field.Filter(Operators[symbol!], value));
        }
        catch (FormatException e)
        {
            throw Wrong(text, e.Message);
        }
    }

    /// <summary>The longest operator after the field's name; null if another text stands there.</summary>
    static string? OperatorAt(string text, int start, ListField<T> field) =>
        string.CompareOrdinal(text, start, field.Name, 0, field.Name.Length) == 0
            ? Operators.Keys.Where(o => string.CompareOrdinal(text, start + field.Name.Length, o, 0, o.Length) == 0).MaxBy(o => o.Length)
            : null;

    static ApiException Wrong(string text, string reason) =>
        CommonErrors.NotAFilter.On("filterBy", text.Length > MaxShown ? $"{text.AsSpan(0, MaxShown)}…" : text, reason);
}
