using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace DataRegistry.Tests.DataVolumes;

/// <summary>
/// Validates answers against an OpenAPI document, 3.0 or 3.1. Knows the keywords that the contract uses; any other that would narrow a
/// schema is an error of the test, not passed over.
/// </summary>
sealed class OpenApiSchemas(JsonElement document)
{
    static readonly string[] Annotations = ["description", "example", "examples", "default", "title", "summary"];

    public IEnumerable<(string Method, string Path, string Status)> Declared(string prefix) =>
        from path in document.GetProperty("paths").EnumerateObject()
        where path.Name.StartsWith(prefix, StringComparison.Ordinal)
        from operation in path.Value.EnumerateObject()
        where operation.Name is "get" or "post" or "put" or "patch" or "delete"
        from response in operation.Value.GetProperty("responses").EnumerateObject()
        select (operation.Name.ToUpperInvariant(), path.Name, response.Name);

    /// <summary>What is wrong with a body of that answer; also that the status is not declared.</summary>
    public IReadOnlyList<string> Validate(string method, string path, string status, string body)
    {
        if (!document.GetProperty("paths").GetProperty(path).GetProperty(
            method.ToLowerInvariant()).GetProperty("responses").TryGetProperty(status, out var response))
            return [$"{status} is not declared"];
        response = Resolve(response);
        if (!response.TryGetProperty("content", out var content))
            return body.Length == 0 ? [] : [$"a body was not expected: {body}"];
        var errors = new List<string>();
        using var json = JsonDocument.Parse(body);
        Validate(content.GetProperty("application/json").GetProperty("schema"), json.RootElement, "$", errors);
        return errors;
    }

    void Validate(JsonElement schema, JsonElement value, string at, List<string> errors)
    {
        schema = Resolve(schema);
        if (value.ValueKind == JsonValueKind.Null && schema.TryGetProperty("nullable", out var nullable) && nullable.GetBoolean())
            return;
        foreach (var keyword in schema.EnumerateObject())
        {
            if (!Check(keyword, schema, value, at, errors))
                errors.Add($"{at} is no {keyword.Name} {keyword.Value}: {value}");
        }
    }

    bool Check(JsonProperty keyword, JsonElement schema, JsonElement value, string at, List<string> errors)
    {
        var limit = keyword.Value;
        switch (keyword.Name)
        {
            case "type":
                return limit.ValueKind == JsonValueKind.Array
                    ? limit.EnumerateArray().Any(t => Is(t.GetString()!, value))
                    : Is(limit.GetString()!, value);
            case "required":
                return value.ValueKind != JsonValueKind.Object
                    || limit.EnumerateArray().All(p => value.TryGetProperty(p.GetString()!, out _));
            case "properties":
                foreach (var property in limit.EnumerateObject().Where(_ => value.ValueKind == JsonValueKind.Object))
                {
                    if (value.TryGetProperty(property.Name, out var inner))
                        Validate(property.Value, inner, $"{at}.{property.Name}", errors);
                }

                return true;
            case "additionalProperties":
                return limit.ValueKind == JsonValueKind.True || value.ValueKind != JsonValueKind.Object
                    || value.EnumerateObject().All(
                        p => schema.TryGetProperty("properties", out var known) && known.TryGetProperty(p.Name, out _));
            case "items":
                foreach (var (item, i) in (value.ValueKind == JsonValueKind.Array
                    ? value.EnumerateArray()
                    : default).Select((v, i) => (v, i)))
                    Validate(limit, item, string.Create(CultureInfo.InvariantCulture, $"{at}[{i}]"), errors);
                return true;
            case "allOf":
                foreach (var part in limit.EnumerateArray())
                    Validate(part, value, at, errors);
                return true;
            case "enum":
                return limit.EnumerateArray().Any(v => v.ToString() == value.ToString() && v.ValueKind == value.ValueKind);
            case "format":
                return HasFormat(limit.GetString()!, value);
            case "pattern":
                return value.ValueKind != JsonValueKind.String || Regex.IsMatch(value.GetString()!, limit.GetString()!);
            case "minimum":
                return value.ValueKind != JsonValueKind.Number || value.GetDouble() >= limit.GetDouble();
            case "maximum":
                return value.ValueKind != JsonValueKind.Number || value.GetDouble() <= limit.GetDouble();
            case "maxLength":
                // Of anything but a string it says nothing.
                return value.ValueKind != JsonValueKind.String || value.GetString()!.EnumerateRunes().Count() <= limit.GetInt32();
            case "nullable":
                return true;
            default:
                return Annotations.Contains(keyword.Name) || keyword.Name.StartsWith("x-", StringComparison.Ordinal);
        }
    }

    static bool Is(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "number" => value.ValueKind == JsonValueKind.Number,
        "null" => value.ValueKind == JsonValueKind.Null,
        _ => false,
    };

    static bool HasFormat(string format, JsonElement value) => value.ValueKind is JsonValueKind.Null || format switch
    {
        "uuid" => Guid.TryParseExact(value.GetString(), "D", out _),
        "date-time" =>
            DateTimeOffset.TryParseExact(
                value.GetString(), "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
                && value.GetString()!.EndsWith('Z'),
        "int32" => value.TryGetInt32(out _),
        _ => false,
    };

    JsonElement Resolve(JsonElement schema)
    {
        while (schema.TryGetProperty("$ref", out var reference))
        {
            schema = document;
            foreach (var part in reference.GetString()!.Split('/').Skip(1))
                schema = schema.GetProperty(part);
        }

        return schema;
    }
}
