using System.Text.Json.Nodes;

namespace DataRegistry.Http;

/// <summary>
/// Examples of bodies for the OpenAPI document: the embedded files <c>{room}/Examples/{name of the body's type}.json</c>.
/// </summary>
static class Examples
{
    /// <summary>The example of a body, or a page with one result. Null if there is no file.</summary>
    public static JsonNode? Of(Type body) =>
        body.IsArray ? Of(body.GetElementType()!) is { } item ? new JsonArray(item) : null
        : !body.IsGenericType || body.GetGenericTypeDefinition() != typeof(Page<>) ? Of(body.Name)
        : Of(body.GenericTypeArguments[0]) is not { } result ? null
        : new JsonObject { ["count"] = 1, ["next"] = null, ["previous"] = null, ["results"] = new JsonArray(result) };

    public static JsonNode? Of(string name)
    {
        using var file = typeof(Examples).Assembly.GetManifestResourceStream($"Examples/{name}.json");
        return file is null ? null : JsonNode.Parse(file);
    }
}
