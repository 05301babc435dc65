using System.Text.Json;
using DataRegistry.Http;

namespace DataRegistry.Datums;

/// <summary>A datum's properties as a request gives them, checked: a JSON object, of whose keys two are the service's.</summary>
/// <param name="Json">The object, without white space, in UTF-8.</param>
/// <param name="Tags"><c>valohai.tags</c>, none twice; empty where it is not given.</param>
/// <param name="Alias"><c>valohai.alias</c>; null where it is not given.</param>
sealed record MetadataInput(byte[] Json, IReadOnlyList<string> Tags, AliasName? Alias)
{
    /// <summary>Table Storage's limit for a binary property.</summary>
    public const int MaxBytes = 64 * 1024;

    public const int MaxTags = 100;
    public const int MaxTagLength = 200;

    const string TagsKey = "valohai.tags";
    const string AliasKey = "valohai.alias";

    /// <summary>Ends the request with 400 or 413 where it is none.</summary>
    /// <param name="of">Whose properties; for the messages.</param>
    public static MetadataInput Parse(JsonElement properties, string of)
    {
        if (properties.ValueKind != JsonValueKind.Object)
            throw DatumErrors.PropertiesNotAnObject.With(of);
        byte[] json;
        try
        {
            json = JsonSerializer.SerializeToUtf8Bytes(properties, DatumEndpoints.Json.JsonElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw DatumErrors.PropertyNotText.With(of);
        }

        if (json.Length > MaxBytes)
            throw DatumErrors.PropertiesTooLarge.With(of, json.Length, MaxBytes);
        return new(
            json, properties.TryGetProperty(TagsKey, out var tags) ? TagsOf(tags) : [],
            properties.TryGetProperty(AliasKey, out var alias) ? AliasOf(alias) : null);
    }

    static List<string> TagsOf(JsonElement tags)
    {
        if (tags.ValueKind != JsonValueKind.Array || tags.EnumerateArray().Any(t => t.ValueKind != JsonValueKind.String))
            throw CommonErrors.NotStrings.On(TagsKey);
        var texts = tags.EnumerateArray().Select(t => t.GetString()!).Distinct(StringComparer.Ordinal).ToList();
        if (texts.Count > MaxTags)
            throw DatumErrors.TooManyTags.On(TagsKey, MaxTags);
        foreach (var text in texts)
            Fields.Name(TagsKey, text, MaxTagLength);
        return texts;
    }

    static AliasName AliasOf(JsonElement alias) => AliasEndpoints.Name(
        alias.ValueKind == JsonValueKind.String
            ? alias.GetString()
            : throw CommonErrors.NotAString.On(AliasKey), AliasKey);
}
