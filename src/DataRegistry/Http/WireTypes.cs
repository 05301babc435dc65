using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace DataRegistry.Http;

/// <summary>
/// The JSON types of bodies for the document. Their names and omitted nulls are those of the room's own context. A body of no context has
/// snake case names.
/// </summary>
sealed class WireTypes : DefaultJsonTypeInfoResolver
{
    /// <summary>The contexts of all rooms. The first document makes them, to keep the start quick.</summary>
    static readonly Lazy<List<JsonSerializerContext>> Contexts = new(() =>
    [
        .. typeof(WireTypes).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(JsonSerializerContext)))
            .Select(t => (JsonSerializerContext)t.GetProperty("Default", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!),
    ]);

    public override JsonTypeInfo GetTypeInfo(Type type, JsonSerializerOptions options)
    {
        var info = base.GetTypeInfo(type, options);
        if (info.Kind != JsonTypeInfoKind.Object || ContextOf(type)?.PropertyNamingPolicy is not { } policy)
            return info;
        foreach (var property in info.Properties)
        {
            if (property.AttributeProvider is MemberInfo member && member.GetCustomAttribute<JsonPropertyNameAttribute>() is null)
                property.Name = policy.ConvertName(member.Name);
        }

        return info;
    }

    /// <summary>Whether a property is left out of an answer where it is null.</summary>
    public static bool IsOmitted(Type type, JsonPropertyInfo property) =>
        property.AttributeProvider?.GetCustomAttributes(typeof(JsonIgnoreAttribute),
            inherit: true) is [JsonIgnoreAttribute { Condition: var condition }, ..]
            ? condition == JsonIgnoreCondition.WhenWritingNull
            : ContextOf(type)?.DefaultIgnoreCondition == JsonIgnoreCondition.WhenWritingNull && property.IsGetNullable;

    static JsonSerializerOptions? ContextOf(Type type) => Contexts.Value.Find(c => c.GetTypeInfo(type) is not null)?.Options;
}
