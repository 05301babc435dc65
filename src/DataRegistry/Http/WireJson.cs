using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DataRegistry.Http;

/// <summary>
/// The way bodies are written. <c>'</c> and unicode stay unescaped, because no body is pasted into HTML (and <c>nosniff</c> says so).
/// Times are in UTC, with microseconds.
/// </summary>
public static class WireJson
{
    /// <summary>A context's own options with ours; for <c>new SomeContext(WireJson.Options(SomeContext.Default))</c>.</summary>
    public static JsonSerializerOptions Options(JsonSerializerContext context) =>
        new(context.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, Converters = { new TimeConverter() } };

    /// <summary>A time as bodies show it.</summary>
    public static string Text(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    sealed class TimeConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetDateTimeOffset();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(Text(value));
    }
}
