using Azure.Bicep.Types.Az;
using Azure.Bicep.Types.Concrete;
using Azure.Bicep.Types.Index;

namespace DataRegistry.Tests.Infra;

/// <summary>Compares resources with Azure's own descriptions of them, as the Bicep compiler does: names, required and read-only properties, and literal values.</summary>
sealed class ResourceSchema
{
    /// <summary>What Bicep itself adds to every resource.</summary>
    static readonly string[] OfBicep = ["parent", "scope", "dependsOn"];

    readonly AzTypeLoader loader = new();
    readonly TypeIndex index;

    public ResourceSchema() => index = loader.LoadTypeIndex();

    /// <param name="type">Such as <c>Microsoft.Web/sites@2024-04-01</c>.</param>
    /// <param name="existing">Whether it is only referred to.</param>
    public IEnumerable<string> Faults(string type, BicepNode body, bool existing)
    {
        if (!index.Resources.TryGetValue(type, out var reference))
            return [$"there is no {type}"];
        return existing ? [] : loader.LoadResourceType(reference).Body.Type switch
        {
            ObjectType schema => Of(body, schema.Properties, additional: null, OfBicep, type),
            DiscriminatedObjectType schema => OfKind(body, schema, OfBicep, type),
            _ => [$"{type} is no object"],
        };
    }

    IEnumerable<string> Check(BicepNode value, TypeBase type, string path) => (value.Type, type) switch
    {
        ("ternary_expression", _) => value.Children.Skip(1).SelectMany(branch => Check(branch, type, path)),
        ("parenthesized_expression", _) => Check(value.Children[0], type, path),
        ("object", ObjectType schema) => Of(value, schema.Properties, schema.AdditionalProperties?.Type, [], path),
        ("object", DiscriminatedObjectType schema) => OfKind(value, schema, [], path),
        ("object", StringType or IntegerType or BooleanType or ArrayType) => [$"{path} is no object"],
        ("array", ArrayType schema) => value.Children.SelectMany((item, i) => item.Type == "for_statement" ? [] : Check(item, schema.ItemType.Type, $"{path}[{i}]")),
        ("array", StringType or IntegerType or BooleanType or ObjectType) => [$"{path} is no array"],
        ("string", UnionType choices) => OfChoice(value, choices, path),
        ("string", StringLiteralType only) when value.IsPlain && value.Literal != only.Value => [$"{path} is '{only.Value}', not '{value.Literal}'"],
        ("string", IntegerType or BooleanType or ObjectType or ArrayType) => [$"{path} is no string"],
        ("boolean", StringType or IntegerType or ObjectType or ArrayType) => [$"{path} is not true or false"],
        ("number", StringType or BooleanType or ObjectType or ArrayType) => [$"{path} is no number"],
        _ => [],
    };

    static IEnumerable<string> OfChoice(BicepNode value, UnionType choices, string path)
    {
        var types = choices.Elements.Select(e => e.Type).ToList();
        return !value.IsPlain || types.Exists(t => t is not StringLiteralType) || types.Exists(t => t is StringLiteralType literal && literal.Value == value.Literal)
            ? []
            : [$"{path} cannot be '{value.Literal}'"];
    }

    IEnumerable<string> OfKind(BicepNode value, DiscriminatedObjectType schema, string[] allowed, string path)
    {
        if (value.Property(schema.Discriminator) is not { IsPlain: true } kind)
            return [];
        return schema.Elements.TryGetValue(kind.Literal, out var element) && element.Type is ObjectType own
            ? Of(value, schema.BaseProperties.Concat(own.Properties), own.AdditionalProperties?.Type, allowed, path)
            : [$"{path}.{schema.Discriminator} cannot be '{kind.Literal}'"];
    }

    IEnumerable<string> Of(BicepNode value, IEnumerable<KeyValuePair<string, ObjectTypeProperty>> properties, TypeBase? additional, string[] allowed, string path)
    {
        var known = properties.DistinctBy(p => p.Key).ToDictionary(StringComparer.Ordinal);
        foreach (var (name, property) in value.Properties)
        {
            if (known.TryGetValue(name, out var schema))
            {
                if (schema.Flags.HasFlag(ObjectTypePropertyFlags.ReadOnly))
                    yield return $"{path}.{name} is read-only";
                foreach (var fault in Check(property, schema.Type.Type, $"{path}.{name}"))
                    yield return fault;
            }
            else if (additional is null && !allowed.Contains(name, StringComparer.Ordinal))
            {
                yield return $"{path} has no {name}";
            }
        }

        // A type says of itself which it is, and that is no property that anybody writes.
        foreach (var missing in known.Where(p => !p.Value.Flags.HasFlag(ObjectTypePropertyFlags.ReadOnly) && p.Value.Flags.HasFlag(ObjectTypePropertyFlags.Required) && value.Property(p.Key) is null))
            yield return $"{path} lacks {missing.Key}";
    }
}
