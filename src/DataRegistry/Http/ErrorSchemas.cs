using Microsoft.OpenApi;

namespace DataRegistry.Http;

/// <summary>The schemas of errors under <c>/api/v0</c>. A status has one schema, which covers all of its shapes.</summary>
static class ErrorSchemas
{
    const string FieldErrorName = "FieldMessage";

    /// <summary><c>{"detail":"…"}</c></summary>
    public static IOpenApiSchema Detail(OpenApiDocument document) => Component(document, "ErrorDetail", () => new()
    {
        Type = JsonSchemaType.Object,
        Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal) { ["detail"] = Text() },
        Required = new HashSet<string>(StringComparer.Ordinal) { "detail" },
    });

    /// <summary><c>{"detail":"…"}</c> or <c>{"message":"…","code":"…"}</c></summary>
    public static IOpenApiSchema Refusal(OpenApiDocument document) => Component(document, "Refusal", () => new()
    {
        Type = JsonSchemaType.Object,
        Description = "Either `detail`, or `message` and `code`.",
        Properties = new Dictionary<string, IOpenApiSchema>(
            StringComparer.Ordinal)
        { ["detail"] = Text(), ["message"] = Text(), ["code"] = Code() },
    });

    /// <summary><c>{"detail":"…"}</c>, or the wrong fields by their names.</summary>
    public static IOpenApiSchema BadRequest(OpenApiDocument document) => Component(document, "InvalidRequest", () => new()
    {
        Type = JsonSchemaType.Object,
        Description = "Either `detail`, or the wrong fields by their names.",
        Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal) { ["detail"] = Text() },
        AdditionalProperties = FieldMessages(document),
    });

    /// <summary>Extends a body that tells failures by a schema of errors.</summary>
    public static IOpenApiSchema Mixed(OpenApiDocument document, string name, OpenApiSchema body)
    {
        body.Description = "Either `detail`, or `message` and `code`, or the wrong fields by their names, or the outcome of each URL.";
        body.Required = null;
        body.Properties!["detail"] = Text();
        body.Properties["message"] = Text();
        body.Properties["code"] = Code();
        body.AdditionalProperties = FieldMessages(document);
        return new OpenApiSchemaReference(name, document);
    }

    /// <summary>The errors of a field.</summary>
    public static IOpenApiSchema FieldMessages(OpenApiDocument document) => new OpenApiSchema
    {
        Type = JsonSchemaType.Array,
        Items = Component(document, FieldErrorName, () => new()
        {
            Type = JsonSchemaType.Object,
            Description = "An error of a field.",
            Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal) { ["message"] = Text(), ["code"] = Text() },
            Required = new HashSet<string>(StringComparer.Ordinal) { "message", "code" },
        }),
    };

    static OpenApiSchema Text() => new() { Type = JsonSchemaType.String };

    static OpenApiSchema Code() => new() { Type = JsonSchemaType.String | JsonSchemaType.Null };

    static OpenApiSchemaReference Component(OpenApiDocument document, string name, Func<OpenApiSchema> make)
    {
        if (document.Components?.Schemas?.ContainsKey(name) != true)
            document.AddComponent<IOpenApiSchema>(name, make());
        return new(name, document);
    }
}
