using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Http;

/// <summary>Checks values of a request. A wrong value ends the request with the error of its field.</summary>
public static partial class Fields
{
    /// <summary>A name for people: any text on one line.</summary>
    public static string Name(string field, string? text, int maxLength) => string.IsNullOrWhiteSpace(text)
        ? throw CommonErrors.Required.On(field)
        : Line(field, text, maxLength)!;

    /// <summary>Any text on one line, also an empty one.</summary>
    public static string? Line(string field, string? text, int maxLength) => text switch
    {
        null => null,
        _ when text.Length > maxLength =>
            throw CommonErrors.TooLong.On(field, maxLength),
        _ when text.Any(char.IsControl) =>
            throw CommonErrors.ControlCharacters.On(field),
        _ => text,
    };

    /// <summary>One of the values of an enum by its wire name (<c>some_value</c>).</summary>
    public static T Choice<T>(string field, string? text) where T : struct, Enum => string.IsNullOrEmpty(text)
        ? throw CommonErrors.Required.On(field)
        : Enum.GetValues<T>().Where(v => WireName(v) == text).Cast<T?>().FirstOrDefault()
            ?? throw CommonErrors.NotAChoice.On(field, string.Join(", ", Enum.GetValues<T>().Select(WireName)));

    /// <summary>One of these values; null for none.</summary>
    public static string? OneOf(string field, string? text, IReadOnlyList<string> values) =>
        text is null || values.Contains(text, StringComparer.Ordinal)
            ? text
            : throw CommonErrors.NotAChoice.On(field, string.Join(", ", values));

    public static Guid Id(string field, string? text) => string.IsNullOrEmpty(text) ? throw CommonErrors.Required.On(field)
        : Guid.TryParse(text, out var id) ? id
        : throw CommonErrors.NotAnId.On(field);

    /// <summary>A query parameter; null if it is missing or empty. A parameter that is given twice is an error.</summary>
    public static string? Query(HttpRequest request, string name) => request.Query[name] is { Count: > 0 } values
        ? values.Count > 1
            ? throw CommonErrors.GivenTwice.On(name)
            : values[0] is { Length: > 0 } text ? text : null
        : null;

    /// <summary>A time in ISO 8601, to 100 ns: further digits are cut off. One without an offset is in UTC.</summary>
    /// <param name="since">The earliest time that is allowed; null for none. A time that is stored or looked up has to be since
    /// 1970.</param>
    public static DateTimeOffset? Time(string field, string? text, DateTimeOffset? since = null) => text is null ? null
        : TryTime(text, out var time) && !(time < since) ? time
        : throw CommonErrors.NotATime.On(field);

    /// <inheritdoc cref="Time" path="/summary"/>
    public static bool TryTime(string text, out DateTimeOffset time) => DateTimeOffset.TryParseExact(
        FurtherDigits().Replace(text, ""),
        ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK"],
        CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);

    [GeneratedRegex(@"(?<=\.[0-9]{7})[0-9]+", RegexOptions.CultureInvariant)]
    private static partial Regex FurtherDigits();

    /// <summary><c>SomeValue</c> as <c>some_value</c>.</summary>
    public static string WireName<T>(T value) where T : struct, Enum =>
        System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
