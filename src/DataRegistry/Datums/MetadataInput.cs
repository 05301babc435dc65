using System.Buffers;
using System.Text.Json;
using DataRegistry.Http;

namespace DataRegistry.Datums;

/// <summary>A datum's checked properties from a request: a JSON object, two keys of which have a meaning.</summary>
/// <param name="Json">The object, without white space, in UTF-8.</param>
/// <param name="Tags"><c>valohai.tags</c>, without duplicates; empty if it is not given.</param>
/// <param name="Alias"><c>valohai.alias</c>; null if it is not given.</param>
sealed record MetadataInput(byte[] Json, IReadOnlyList<string> Tags, AliasName? Alias)
{
    /// <summary>Table Storage's limit for a binary property.</summary>
    public const int MaxBytes = 64 * 1024;

    const string TagsKey = "valohai.tags";
    public const string AliasKey = "valohai.alias";

    /// <summary>Ends the request with 400 or 413 if the properties are invalid.</summary>
    /// <param name="of">Names the datum in messages.</param>
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

    static IReadOnlyList<string> TagsOf(JsonElement tags)
    {
        if (tags.ValueKind != JsonValueKind.Array || tags.EnumerateArray().Any(t => t.ValueKind != JsonValueKind.String))
            throw CommonErrors.NotStrings.On(TagsKey);
        return DatumTags.Parse(TagsKey, tags.EnumerateArray().Select(t => t.GetString()!));
    }

    /// <summary>
    /// The properties that the metadata row keeps. Tags are in the datum's own row; a null keeps the place of given
    /// ones.
    /// </summary>
    public byte[] Kept => Compose(Json, tags: null);

    /// <summary>Properties with these tags, in their place or at the end.</summary>
    /// <param name="json">A JSON object.</param>
    /// <param name="tags">Null to write the placeholder, if the object has tags.</param>
    public static byte[] Compose(byte[] json, IReadOnlyList<string>? tags)
    {
        using var properties = JsonDocument.Parse(json);
        var hasPlace = properties.RootElement.TryGetProperty(TagsKey, out _);
        if (!hasPlace && tags is not { Count: > 0 })
            return json;
        var composed = new ArrayBufferWriter<byte>(json.Length);
        using (var writer = new Utf8JsonWriter(composed, new() { Encoder = DatumEndpoints.Json.Options.Encoder }))
        {
            writer.WriteStartObject();
            foreach (var property in properties.RootElement.EnumerateObject())
            {
                if (property.NameEquals(TagsKey))
                    WriteTags(writer, tags);
                else
                    property.WriteTo(writer);
            }

            if (!hasPlace)
                WriteTags(writer, tags);
            writer.WriteEndObject();
        }

        return composed.WrittenSpan.ToArray();
    }

    static void WriteTags(Utf8JsonWriter writer, IReadOnlyList<string>? tags)
    {
        writer.WritePropertyName(TagsKey);
        if (tags is null)
        {
            writer.WriteNullValue();
            return;
        }

        writer.WriteStartArray();
        foreach (var tag in tags)
            writer.WriteStringValue(tag);
        writer.WriteEndArray();
    }

    static AliasName AliasOf(JsonElement alias) => AliasEndpoints.Name(
        alias.ValueKind == JsonValueKind.String
            ? alias.GetString()
            : throw CommonErrors.NotAString.On(AliasKey), AliasKey);
}
