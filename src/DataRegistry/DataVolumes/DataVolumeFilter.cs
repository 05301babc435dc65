using System.Text.RegularExpressions;
using DataRegistry.Http;

namespace DataRegistry.DataVolumes;

/// <summary>What lists filter and sort by (contract). Names as on the wire, but for the first letter.</summary>
enum DataVolumeField
{
    Name,
    ProjectId,
    ClusterId,
    DepartmentId,
    ProjectName,
    CreatedAt,
    CreatedBy,
    Phase,
}

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

/// <summary>One filter of a list, typed. Text is compared without regard to case.</summary>
abstract partial record DataVolumeFilter
{
    const string Fields = "name|projectId|clusterId|departmentId|projectName|createdAt|createdBy|phase";
    const string Operators = @"==|!=|<=|>=|=@|!@|=\^|=\$";

    static readonly string[] OperatorTexts = ["==", "!=", "<=", ">=", "=@", "!@", "=^", "=$"];

    public abstract bool Matches(ListedVolume volume);

    public sealed record Text(DataVolumeField Field, FilterOperator Operator, string Value) : DataVolumeFilter
    {
        public override bool Matches(ListedVolume volume)
        {
            var text = volume.TextOf(Field);
            return Operator switch
            {
                FilterOperator.Equal => text.Equals(Value, StringComparison.OrdinalIgnoreCase),
                FilterOperator.NotEqual => !text.Equals(Value, StringComparison.OrdinalIgnoreCase),
                FilterOperator.LessOrEqual => string.Compare(text, Value, StringComparison.OrdinalIgnoreCase) <= 0,
                FilterOperator.GreaterOrEqual => string.Compare(text, Value, StringComparison.OrdinalIgnoreCase) >= 0,
                FilterOperator.Contains => text.Contains(Value, StringComparison.OrdinalIgnoreCase),
                FilterOperator.DoesNotContain => !text.Contains(Value, StringComparison.OrdinalIgnoreCase),
                FilterOperator.StartsWith => text.StartsWith(Value, StringComparison.OrdinalIgnoreCase),
                FilterOperator.EndsWith => text.EndsWith(Value, StringComparison.OrdinalIgnoreCase),
                _ => throw new InvalidOperationException($"{Operator} compares no text."),
            };
        }
    }

    public sealed record CreatedAt(FilterOperator Operator, DateTimeOffset Value) : DataVolumeFilter
    {
        public override bool Matches(ListedVolume volume) => Operator switch
        {
            FilterOperator.Equal => volume.Row.CreatedAt == Value,
            FilterOperator.NotEqual => volume.Row.CreatedAt != Value,
            FilterOperator.LessOrEqual => volume.Row.CreatedAt <= Value,
            FilterOperator.GreaterOrEqual => volume.Row.CreatedAt >= Value,
            _ => throw new InvalidOperationException($"{Operator} compares no times."),
        };
    }

    /// <summary>
    /// All filters of a parameter's values, each of which may hold several with commas between them; a wrong one ends the request with 400.
    /// </summary>
    public static IReadOnlyList<DataVolumeFilter> ParseAll(IEnumerable<string?> values) =>
        [.. values.Where(v => !string.IsNullOrEmpty(v)).SelectMany(v => Separator().Split(v!)).Select(Parse)];

    static DataVolumeFilter Parse(string text)
    {
        if (Grammar().Match(text) is not { Success: true } match)
        {
            throw Wrong(
                text,
                $"is no filter: a field ({Fields.Replace(
                    "|", ", ",
                    StringComparison.Ordinal)}), an operator ({string.Join(
                        ' ', OperatorTexts)}) and a value are expected, without spaces between them");
        }

        var field = Enum.Parse<DataVolumeField>(match.Groups["field"].ValueSpan, ignoreCase: true);
        var comparison = (FilterOperator)Array.IndexOf(OperatorTexts, match.Groups["operator"].Value);
        var value = match.Groups["value"].Value;
        if (field != DataVolumeField.CreatedAt)
            return new Text(field, comparison, value);
        if (comparison > FilterOperator.GreaterOrEqual)
            throw Wrong(text, "compares a time: createdAt takes the operators == != <= >=");
        try
        {
            return new CreatedAt(comparison, Http.Fields.Time("filterBy", value)!.Value);
        }
        catch (ApiException)
        {
            throw Wrong(text, "has no time: ISO 8601 is expected, such as 2026-03-01T12:00:00Z");
        }
    }

    static ApiException Wrong(string text, string what) =>
        DataVolumeErrors.NotAVolumeFilter.On("filterBy", text.Length > 200 ? $"{text.AsSpan(0, 200)}…" : text, what);

    // The contract's pattern.
    [GeneratedRegex($@"^(?<field>{Fields})(?<operator>{Operators})(?<value>.+)\z", RegexOptions.ExplicitCapture
        | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Grammar();

    // Values may hold commas: only one that is followed by a field and an operator ends a filter.
    [GeneratedRegex($@",(?=({Fields})({Operators}))", RegexOptions.ExplicitCapture
        | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Separator();
}
