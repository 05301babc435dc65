using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DataRegistry.Access;

/// <summary>
/// The stored details of an audit entry. Keys are never dropped. If the text is too long, the longest values are shortened to the same
/// length: a text ends with <c>…</c>, a list with the number of its other items.
/// </summary>
static class AuditDetails
{
    /// <summary>The most characters of JSON.</summary>
    public const int MaxLength = 4000;

    static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Null for none. Only a text with too many keys is longer than <see cref="MaxLength"/>.</summary>
    public static string? TextOf(JsonObject? details)
    {
        if (details is null)
            return null;
        var text = details.ToJsonString(Options);
        if (text.Length <= MaxLength)
            return text;
        // Values of `fits` characters fit, values of `tooLong` characters do not.
        var (fits, tooLong) = (0, text.Length);
        while (tooLong - fits > 1)
        {
            var middle = fits + (tooLong - fits) / 2;
            if (Shortened(details, middle)!.ToJsonString(Options).Length <= MaxLength)
                fits = middle;
            else
                tooLong = middle;
        }

        return Shortened(details, fits)!.ToJsonString(Options);
    }

    static JsonNode? Shortened(JsonNode? node, int max) => node switch
    {
        JsonObject some => new JsonObject(some.Select(p => KeyValuePair.Create(p.Key, Shortened(p.Value, max)))),
        JsonArray list => Shortened(list, max),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => Shortened(value.ToString(), max),
        _ => node?.DeepClone(),
    };

    /// <summary>Keeps as many of the first items as fit. An item with keys is shortened, never left out.</summary>
    static JsonArray Shortened(JsonArray list, int max)
    {
        var kept = new JsonArray();
        var (length, left) = (0, 0);
        foreach (var item in list)
        {
            var shortened = Shortened(item, max);
            length += (shortened?.ToJsonString(Options).Length ?? 4) + 1;
            if (length <= max || item is JsonObject or JsonArray)
                kept.Add(shortened);
            else
                left++;
        }

        if (left > 0)
            kept.Add(JsonValue.Create($"… {left} more"));
        return kept;
    }

    static string Shortened(string text, int max)
    {
        if (text.Length <= max)
            return text;
        // Do not cut a surrogate pair in half.
        return text[..(max > 0 && char.IsHighSurrogate(text[max - 1]) ? max - 1 : max)] + '…';
    }
}
