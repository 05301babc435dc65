using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace DataRegistry.Http;

/// <summary>Adds to the schema of a body what the framework does not read from its type.</summary>
static class BodyTypes
{
    /// <summary>The names of the notes that a schema carries until it becomes a component.</summary>
    public const string Omitted = "omitted", Needed = "needed", NeverNull = "never-null";

    /// <summary>Types that hold free JSON of the caller.</summary>
    static readonly Type[] FreeJson = [typeof(JsonElement), typeof(System.Text.Json.Nodes.JsonNode)];

    /// <summary>The name of the component of a type; null for a type that is written inline.</summary>
    public static string? NameOf(JsonTypeInfo info)
    {
        var type = info.Type;
        if (type.IsArray)
            return NameOf(type.GetElementType()!) + "s";
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Page<>))
            return NameOf(type.GenericTypeArguments[0]) + "Page";
        return FreeJson.Contains(type) || info.Kind != JsonTypeInfoKind.Object || typeof(IUuid).IsAssignableFrom(type) ? null
            : NameOf(type);
    }

    /// <summary>Notes which properties are left out where they are null, and which are required in a request.</summary>
    public static Task DescribeAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        var info = context.JsonTypeInfo;
        if (LeafOf(info.Type) is { } leaf)
        {
            var isNullable = context.JsonPropertyInfo?.IsGetNullable == true ? JsonSchemaType.Null : default;
            (schema.Type, schema.Format, schema.AdditionalProperties) = (leaf.Type | isNullable, leaf.Format, leaf.AdditionalProperties);
        }

        // The framework ignores the values of a dictionary.
        else if (info.Kind == JsonTypeInfoKind.Dictionary && info.ElementType is { } element && LeafOf(element) is { } values)
            schema.AdditionalProperties = values;
        if (context.JsonPropertyInfo?.AttributeProvider?.GetCustomAttributes(
            typeof(WireTypeAttribute), inherit: true) is [WireTypeAttribute wire])
        {
            var isOlder = context.DocumentName == ApiDescription.OlderDocumentName;
            (schema.Type, schema.AdditionalProperties) = (isOlder ? InOlder(wire.Type) : wire.Type, null);
        }

        if (info.Kind == JsonTypeInfoKind.Object && info.Properties.Count > 0)
        {
            schema.Metadata ??= new Dictionary<string, object>(StringComparer.Ordinal);
            schema.Metadata[Omitted] = Names(p => WireTypes.IsOmitted(info.Type, p));
            schema.Metadata[NeverNull] = Names(p => !p.IsGetNullable);
            schema.Metadata[Needed] = Names(p => !p.IsGetNullable
                || p.AttributeProvider?.IsDefined(typeof(RequiredAttribute), inherit: true) == true);
        }

        return Task.CompletedTask;

        HashSet<string> Names(Func<JsonPropertyInfo, bool> which) => info.Properties.Where(which).Select(p => p.Name)
            .ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The schema of a type that JSON represents otherwise than C# does; null for all other types.</summary>
    static OpenApiSchema? LeafOf(Type type)
    {
        var isNullable = Nullable.GetUnderlyingType(type) is null ? default : JsonSchemaType.Null;
        var value = Nullable.GetUnderlyingType(type) ?? type;
        return typeof(IUuid).IsAssignableFrom(value) ? new() { Type = JsonSchemaType.String | isNullable, Format = "uuid" }
            : FreeJson.Contains(value) || typeof(IFreeJson).IsAssignableFrom(value)
                ? new() { Type = JsonSchemaType.Object | isNullable, AdditionalProperties = new OpenApiSchema() }
            : null;
    }

    /// <summary>The type in OpenAPI 3.0, which has neither null alone nor several types.</summary>
    static JsonSchemaType? InOlder(JsonSchemaType type) => type == JsonSchemaType.Null ? JsonSchemaType.Object | JsonSchemaType.Null
        : System.Numerics.BitOperations.PopCount((uint)(type & ~JsonSchemaType.Null)) > 1 ? null
        : type;

    static string NameOf(Type type) => type.Name.EndsWith("Body", StringComparison.Ordinal) ? type.Name[..^"Body".Length] : type.Name;
}

/// <summary>The JSON types of a property, if its own type does not tell them.</summary>
[AttributeUsage(AttributeTargets.Property)]
sealed class WireTypeAttribute(JsonSchemaType type) : Attribute
{
    public JsonSchemaType Type { get; } = type;
}

/// <summary>A value that is a UUID in JSON.</summary>
interface IUuid;

/// <summary>A body that is a free object of the caller.</summary>
interface IFreeJson;
