namespace DataRegistry.Http;

/// <summary>A field by which a list of <c>/api/v1</c> is filtered and sorted. It has its name on the wire.</summary>
abstract record ListField<T>(string Name)
{
    /// <summary>The order of two items by this field.</summary>
    public abstract int Compare(T a, T b);

    /// <summary>Selects items by a comparison with a value.</summary>
    /// <exception cref="FormatException">The field does not have this comparison, or cannot have this value. The message says
    /// which.</exception>
    public abstract Func<T, bool> Filter(FilterOperator comparison, string value);
}

/// <summary>A text. Comparisons ignore case.</summary>
sealed record TextField<T>(string Name, Func<T, string> TextOf) : ListField<T>(Name)
{
    const StringComparison IgnoreCase = StringComparison.OrdinalIgnoreCase;

    public override int Compare(T a, T b) => string.Compare(TextOf(a), TextOf(b), IgnoreCase);

    public override Func<T, bool> Filter(FilterOperator comparison, string value) => comparison switch
    {
        FilterOperator.Equal => item => TextOf(item).Equals(value, IgnoreCase),
        FilterOperator.NotEqual => item => !TextOf(item).Equals(value, IgnoreCase),
        FilterOperator.LessOrEqual => item => string.Compare(TextOf(item), value, IgnoreCase) <= 0,
        FilterOperator.GreaterOrEqual => item => string.Compare(TextOf(item), value, IgnoreCase) >= 0,
        FilterOperator.Contains => item => TextOf(item).Contains(value, IgnoreCase),
        FilterOperator.DoesNotContain => item => !TextOf(item).Contains(value, IgnoreCase),
        FilterOperator.StartsWith => item => TextOf(item).StartsWith(value, IgnoreCase),
        FilterOperator.EndsWith => item => TextOf(item).EndsWith(value, IgnoreCase),
        _ => throw new InvalidOperationException($"{comparison} is no operator."),
    };
}

/// <summary>A time. Comparisons have the precision of bodies, which is a microsecond.</summary>
sealed record TimeField<T>(string Name, Func<T, DateTimeOffset> TimeOf) : ListField<T>(Name)
{
    public override int Compare(T a, T b) => TimeOf(a).CompareTo(TimeOf(b));

    public override Func<T, bool> Filter(FilterOperator comparison, string value) => comparison switch
    {
        FilterOperator.Equal => Where(value, order => order == 0),
        FilterOperator.NotEqual => Where(value, order => order != 0),
        FilterOperator.LessOrEqual => Where(value, order => order <= 0),
        FilterOperator.GreaterOrEqual => Where(value, order => order >= 0),
        _ => throw new FormatException($"compares a time: {Name} takes the operators == != <= >="),
    };

    Func<T, bool> Where(string value, Func<int, bool> isWanted) => Fields.TryTime(value, out var time)
        ? item => isWanted(Shown(TimeOf(item)).CompareTo(time))
        : throw new FormatException("has no time: ISO 8601 is expected, such as 2026-03-01T12:00:00Z");

    static DateTimeOffset Shown(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));
}
