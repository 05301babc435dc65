using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace DataRegistry.Http;

/// <summary>
/// Refuses a field with nearly the name of a known one. Otherwise a misspelt field would be ignored, together with the caller's wish.
/// Other unknown fields are ignored, because clients send back fields of answers.
/// </summary>
static class NearMiss
{
    /// <summary>A longer name is not a misspelling of a known one.</summary>
    const int MaxLength = 100;

    /// <summary>Names from this length on may differ by two characters, shorter ones by one.</summary>
    const int LongName = 6;

    /// <summary>Shorter names are not compared: too many words differ from them by one character.</summary>
    const int ShortestName = 3;

    /// <summary>The known name that is nearly the unknown one; null for none.</summary>
    public static string? Of(string name, IEnumerable<string> known)
    {
        if (name.Length > MaxLength)
            return null;
        var plain = Plain(name);
        return known.Select(k => (Name: k, Distance: DistanceOf(plain, Plain(k)))).Where(k => k.Distance is not null)
            .OrderBy(k => k.Distance).Select(k => k.Name).FirstOrDefault();
    }

    /// <summary>
    /// Ends the request with 400 if an object, or an object inside it, has such a field. Broken JSON is left to its reader.
    /// </summary>
    public static void Refuse(ReadOnlySpan<byte> json, JsonTypeInfo type)
    {
        var reader = new Utf8JsonReader(json);
        try
        {
            if (reader.Read())
                Walk(ref reader, type, []);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // This is no JSON, or a name has half of a surrogate pair. The deserializer reports it.
        }
    }

    /// <param name="path">The fields that lead to the object, outermost first. The first one gets the error.</param>
    public static ApiException Error(string name, string meant, IReadOnlyList<string> path) => CommonErrors.UnknownField.On(
        path.Count == 0 ? name : path[0], name, path.Count == 0 ? "" : $" in '{string.Join('.', path)}'", meant);

    static void Walk(ref Utf8JsonReader reader, JsonTypeInfo type, IReadOnlyList<string> path)
    {
        if (reader.TokenType == JsonTokenType.StartObject && type.Kind == JsonTypeInfoKind.Object)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                var property = type.Properties.FirstOrDefault(p => p.Name == name);
                if (property is null && Of(name, type.Properties.Select(p => p.Name)) is { } meant)
                    throw Error(name, meant, path);
                reader.Read();
                if (property is null)
                    reader.Skip();
                else
                    Walk(ref reader, type.Options.GetTypeInfo(property.PropertyType), [.. path, name]);
            }
        }
        else if (reader.TokenType == JsonTokenType.StartArray && type is { Kind: JsonTypeInfoKind.Enumerable, ElementType: { } element })
        {
            var of = type.Options.GetTypeInfo(element);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                Walk(ref reader, of, path);
        }
        else
        {
            reader.Skip();
        }
    }

    static string Plain(string name) =>
        name.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();

    /// <summary>
    /// The number of missing, added, replaced or swapped characters; null if they are too many for a misspelling.
    /// </summary>
    static int? DistanceOf(string a, string b)
    {
        var shorter = Math.Min(a.Length, b.Length);
        var most = shorter >= LongName ? 2 : shorter >= ShortestName ? 1 : 0;
        if (Math.Abs(a.Length - b.Length) > most)
            return null;
        var (last, before) = (new int[b.Length + 1], new int[b.Length + 1]);
        for (var j = 0; j <= b.Length; j++)
            last[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            var row = new int[b.Length + 1];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                row[j] = Math.Min(Math.Min(row[j - 1], last[j]) + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
            }

            (before, last) = (last, row);
        }

        return last[^1] <= most ? last[^1] : null;
    }
}
