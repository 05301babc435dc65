using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Http;

/// <summary>
/// Turns a form into the JSON object that it stands for. The same rules check both.
/// <code>
/// name=a                                       {"name":"a"}
/// has_agent=true (on, 1)                       {"has_agent":true}      where the field is no text
/// projects=a&amp;projects=b, projects[]=a          {"projects":["a","b"]}
/// configuration.bucket=a, configuration[bucket]=a, configuration={"bucket":"a"}
///                                              {"configuration":{"bucket":"a"}}
/// </code>
/// A value that does not fit its field stays a text, and the field refuses it.
/// </summary>
static class FormFields
{
    public static byte[] ToJson(IFormCollection form, JsonTypeInfo type)
    {
        var json = new JsonObject();
        foreach (var (key, values) in form)
            Put(json, type, PathOf(key), values, key);
        if (form.Files.FirstOrDefault(f => TypeOf(type, f.Name) is not null) is { } file)
            throw CommonErrors.FileNotText.On(file.Name);
        return Encoding.UTF8.GetBytes(json.ToJsonString());
    }

    static void Put(JsonObject json, JsonTypeInfo type, string[] path, IReadOnlyList<string?> values, string key)
    {
        var (name, of) = (path[0], TypeOf(type, path[0]));
        switch (of?.Kind, path.Length)
        {
            case (JsonTypeInfoKind.Enumerable, 1):
            case (JsonTypeInfoKind.Enumerable, 2) when path[1].All(char.IsAsciiDigit):
                foreach (var value in values)
                    Inner<JsonArray>(json, name, key).Add(JsonValue.Create(value));
                break;
            case (JsonTypeInfoKind.Object or JsonTypeInfoKind.Dictionary, > 1):
                Put(Inner<JsonObject>(json, name, key), of, path[1..], values, key);
                break;
            case (not null, 1) when values.Count > 1 || json.ContainsKey(name):
                throw Twice(key);
            case (not null, 1):
                json.Add(name, ValueOf(values[0] ?? "", of));
                break;
            default:
                // Keep an unknown field for the message about it.
                json[key] = JsonValue.Create(values.Count > 0 ? values[0] : null);
                break;
        }
    }

    /// <summary>The type of a field; null if there is no such field.</summary>
    static JsonTypeInfo? TypeOf(JsonTypeInfo type, string name)
    {
        var field = type.Kind switch
        {
            JsonTypeInfoKind.Object => type.Properties.FirstOrDefault(p => p.Name == name)?.PropertyType,
            JsonTypeInfoKind.Dictionary => typeof(string),
            _ => null,
        };
        return field is null ? null : type.Options.GetTypeInfo(Nullable.GetUnderlyingType(field) ?? field);
    }

    static T Inner<T>(JsonObject json, string name, string key) where T : JsonNode
    {
        if (!json.ContainsKey(name))
            json.Add(name, typeof(T) == typeof(JsonArray) ? new JsonArray() : new JsonObject());
        return json[name] as T ?? throw Twice(key);
    }

    static JsonNode? ValueOf(string text, JsonTypeInfo type) =>
        type.Kind is JsonTypeInfoKind.Object or JsonTypeInfoKind.Dictionary || type.Type == typeof(JsonElement)
            ? ObjectOf(text) ?? (JsonNode?)JsonValue.Create(text)
        : type.Type == typeof(bool) && FlagOf(text) is { } flag ? JsonValue.Create(flag)
        : JsonValue.Create(text);

    static bool? FlagOf(string text) => text.ToUpperInvariant() switch
    {
        "TRUE" or "ON" or "1" => true,
        "FALSE" or "OFF" or "0" => false,
        _ => null,
    };

    static JsonObject? ObjectOf(string text)
    {
        try
        {
            return text.StartsWith('{')
                ? JsonNode.Parse(text, documentOptions: new() { AllowDuplicateProperties = false }) as JsonObject : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary><c>a.b</c> and <c>a[b]</c> are the field <c>b</c> of <c>a</c>; <c>a[]</c> is <c>a</c>.</summary>
    static string[] PathOf(string key) =>
        key.Replace("[]", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal).Split('.', '[');

    static ApiException Twice(string key) => CommonErrors.GivenTwice.On(key);
}
