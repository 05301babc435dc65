using Microsoft.OpenApi;

namespace DataRegistry.Http;

/// <summary>The schemas of bodies. Each type is one named component.</summary>
sealed class BodySchemas(OpenApiDocument document)
{
    /// <summary>The names of the framework's notes.</summary>
    const string SchemaId = "x-schema-id", NullableProperty = "x-is-nullable-property";

    /// <summary>Makes the schema a component with another name, for the caller to change.</summary>
    public OpenApiSchema Renamed(OpenApiSchema schema, string name)
    {
        schema.Metadata![SchemaId] = name;
        Named(schema, answer: true);
        return (OpenApiSchema)document.Components!.Schemas![name];
    }

    /// <summary>Replaces every named type in the schema by a reference to its component.</summary>
    /// <param name="answer">Whether the schema is that of an answer, which has all properties that are not left out. In a request each
    /// property that may be null may be missing.</param>
    public IOpenApiSchema Named(IOpenApiSchema given, bool answer)
    {
        if (given is not OpenApiSchema schema)
            return given;
        var name = Note<string>(schema, SchemaId) is { Length: > 0 } id ? id : null;
        var isNullable = schema.Metadata?.TryGetValue(NullableProperty, out var flag) == true && flag is true;
        if (name is null || document.Components?.Schemas?.ContainsKey(name) != true)
        {
            Inside(schema, answer);
            if (name is null)
                return schema;
            isNullable |= schema.Type?.HasFlag(JsonSchemaType.Null) == true;
            schema.Type &= ~JsonSchemaType.Null;
            document.AddComponent(name, schema);
        }

        var reference = new OpenApiSchemaReference(name, document);
        return isNullable ? new OpenApiSchema { OneOf = [new OpenApiSchema { Type = JsonSchemaType.Null }, reference] } : reference;
    }

    void Inside(OpenApiSchema schema, bool answer)
    {
        if (schema.Items is { } items)
            schema.Items = Named(items, answer);
        if (schema.AdditionalProperties is { } values)
            schema.AdditionalProperties = Named(values, answer);
        if (schema.Properties is not { } properties)
            return;
        var (omitted, needed) = (Note<HashSet<string>>(schema, BodyTypes.Omitted) ?? [], Note<HashSet<string>>(schema, BodyTypes.Needed)
            ?? []);
        var neverNull = Note<HashSet<string>>(schema, BodyTypes.NeverNull) ?? [];
        foreach (var (name, property) in properties.ToList())
        {
            if (property is OpenApiSchema own && (neverNull.Contains(name) || (answer ? omitted : needed).Contains(name)))
            {
                own.Type &= ~JsonSchemaType.Null;
                own.Metadata?.Remove(NullableProperty);
            }

            properties[name] = Named(property, answer);
        }

        schema.Required = properties.Where(p => answer ? !omitted.Contains(p.Key) : needed.Contains(p.Key)).Select(p => p.Key)
            .ToHashSet(StringComparer.Ordinal);
    }

    static T? Note<T>(OpenApiSchema schema, string name) where T : class =>
        schema.Metadata?.TryGetValue(name, out var value) == true ? value as T : null;
}
