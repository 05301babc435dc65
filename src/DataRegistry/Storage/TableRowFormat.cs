using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Azure;

namespace DataRegistry.Storage;

/// <summary>The answer to a query: <c>{"value":[row, …]}</c>.</summary>
sealed class TableRows<T>
{
    public List<T> Value { get; set; } = [];
}

/// <summary>
/// How rows become Table Storage's JSON and back. A room's source-generated metadata is kept; what the service needs on
/// top is added once per type: the <c>@odata.type</c> of what JSON cannot tell apart, and the ETag from <c>odata.etag</c>.
/// </summary>
sealed class TableRowFormat : IJsonTypeInfoResolver
{
    const string ETagName = "odata.etag";

    readonly IJsonTypeInfoResolver rows;
    readonly ConcurrentDictionary<Type, Func<JsonSerializerOptions, JsonTypeInfo>> pages = new();
    readonly ConcurrentDictionary<Type, Action<JsonTypeInfo>> etags = new();
    readonly ConcurrentDictionary<Type, JsonTypeInfo> known = new();

    public TableRowFormat(IJsonTypeInfoResolver rows)
    {
        this.rows = rows.WithAddedModifier(Adapt);
        Options = new JsonSerializerOptions
        {
            TypeInfoResolver = this,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            Converters = { new UtcDateTimeConverter(), new JsonStringEnumConverter(namingPolicy: null, allowIntegerValues: false) },
        };
    }

    public JsonSerializerOptions Options { get; }

    /// <exception cref="NotSupportedException">The room's context does not know the row, or the service not one of its types.</exception>
    public JsonTypeInfo<T> Row<T>() where T : class, ITableEntity
    {
        if (known.TryGetValue(typeof(T), out var type))
        {
            return (JsonTypeInfo<T>)type;
        }

        etags.TryAdd(typeof(T), AddETag<T>);
        return (JsonTypeInfo<T>)known.GetOrAdd(typeof(T), Options.GetTypeInfo(typeof(T)));
    }

    /// <summary>The metadata of a page, made by hand so that a page is read in one pass without a document in between.</summary>
    public JsonTypeInfo<TableRows<T>> Page<T>() where T : class, ITableEntity
    {
        if (known.TryGetValue(typeof(TableRows<T>), out var type))
        {
            return (JsonTypeInfo<TableRows<T>>)type;
        }

        Row<T>();
        pages.TryAdd(typeof(List<T>), static options => JsonMetadataServices.CreateListInfo<List<T>, T>(
            options, new JsonCollectionInfoValues<List<T>> { ObjectCreator = static () => [] }));
        pages.TryAdd(typeof(TableRows<T>), CreatePageInfo<T>);
        return (JsonTypeInfo<TableRows<T>>)known.GetOrAdd(typeof(TableRows<T>), Options.GetTypeInfo(typeof(TableRows<T>)));
    }

    public JsonTypeInfo? GetTypeInfo(Type type, JsonSerializerOptions options) =>
        type == typeof(ETag) ? JsonMetadataServices.CreateValueInfo<ETag>(options, new ETagConverter())
        : pages.TryGetValue(type, out var create) ? create(options)
        : rows.GetTypeInfo(type, options);

    static JsonTypeInfo<TableRows<T>> CreatePageInfo<T>(JsonSerializerOptions options)
    {
        var page = JsonMetadataServices.CreateObjectInfo(options, new JsonObjectInfoValues<TableRows<T>>
        {
            ObjectCreator = static () => new TableRows<T>(),
            PropertyMetadataInitializer = static _ => [],
        });
        var value = page.CreateJsonPropertyInfo(typeof(List<T>), "value");
        value.Set = static (page, rows) => ((TableRows<T>)page).Value = (List<T>?)rows ?? [];
        page.Properties.Add(value);
        return page;
    }

    /// <summary>
    /// The source generator cannot make metadata for Azure's ETag, so rows ignore theirs and it is added here, by a
    /// delegate of its setter (init too). A row type without a setter does without its ETag.
    /// </summary>
    static void AddETag<T>(JsonTypeInfo info)
    {
        var set = typeof(T).GetProperty(nameof(ITableEntity.ETag), typeof(ETag))?.SetMethod?.CreateDelegate<Action<T, ETag>>();
        if (set is not null)
        {
            info.Properties.Add(JsonMetadataServices.CreatePropertyInfo(info.Options, new JsonPropertyInfoValues<ETag>
            {
                IsProperty = true,
                IsPublic = true,
                DeclaringType = typeof(T),
                PropertyName = ETagName,
                JsonPropertyName = ETagName,
                Converter = new ETagConverter(),
                Setter = (row, etag) => set((T)row, etag),
            }));
        }
    }

    void Adapt(JsonTypeInfo info)
    {
        if (info.Kind != JsonTypeInfoKind.Object || !info.Type.IsAssignableTo(typeof(ITableEntity)))
        {
            return;
        }

        for (var i = info.Properties.Count - 1; i >= 0; i--)
        {
            var property = info.Properties[i];
            var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (property.Get is null && property.Set is null)
            {
                continue; // ignored by its own type
            }

            if (property.Name == nameof(ITableEntity.PartitionKey))
            {
                property.CustomConverter = new PartitionKeyConverter();
            }
            else if (string.Equals(property.Name, "Timestamp", StringComparison.Ordinal))
            {
                property.Get = null;
            }
            else if (EdmTypeOf(type, info.Type, property) is { } edmType)
            {
                info.Properties.Insert(i, Annotation(info, property, edmType));
            }
        }

        if (etags.TryGetValue(info.Type, out var addETag))
        {
            addETag(info);
        }
    }

    static string? EdmTypeOf(Type type, Type row, JsonPropertyInfo property)
    {
        if (type == typeof(long))
        {
            property.NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.WriteAsString;
            return "Edm.Int64";
        }

        if (type == typeof(double))
        {
            // Annotated, since 5.0 is written as 5, which the service would keep as an Int32.
            property.NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals;
            return "Edm.Double";
        }

        return type switch
        {
            _ when type == typeof(DateTimeOffset) => "Edm.DateTime",
            _ when type == typeof(Guid) => "Edm.Guid",
            _ when type == typeof(byte[]) => "Edm.Binary",
            _ when type == typeof(string) || type == typeof(bool) || type == typeof(int) || type.IsEnum => null,
            _ => throw new NotSupportedException($"Property {property.Name} of row {row.Name} is a {type.Name}, which Table Storage cannot keep."),
        };
    }

    static JsonPropertyInfo Annotation(JsonTypeInfo info, JsonPropertyInfo property, string edmType)
    {
        var annotation = info.CreateJsonPropertyInfo(typeof(string), property.Name + "@odata.type");
        var get = property.Get;
        annotation.Get = property.PropertyType.IsValueType && Nullable.GetUnderlyingType(property.PropertyType) is null
            ? _ => edmType
            : row => get?.Invoke(row) is null ? null : edmType;
        return annotation;
    }

    /// <summary>Times are kept in UTC with 100 ns, which is all that both .NET and the service know.</summary>
    sealed class UtcDateTimeConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetDateTimeOffset().ToUniversalTime();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
        {
            Span<byte> text = stackalloc byte[33];
            Utf8Formatter.TryFormat(value.UtcDateTime, text, out var length, 'O');
            writer.WriteStringValue(text[..length]);
        }
    }

    /// <summary>The rows of a page are of one partition: its key is one string, not one for each.</summary>
    sealed class PartitionKeyConverter : JsonConverter<string>
    {
        string last = "";

        public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            last is var known && reader.ValueTextEquals(known) ? known : last = reader.GetString() ?? "";

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
    }

    sealed class ETagConverter : JsonConverter<ETag>
    {
        public override ETag Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetString() is { } text ? new ETag(text) : default;

        public override void Write(Utf8JsonWriter writer, ETag value, JsonSerializerOptions options) => writer.WriteNullValue();
    }
}
