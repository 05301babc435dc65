using System.Globalization;
using System.Text.Json;

namespace DataRegistry.Functions.Handler;

/// <summary>
/// What the Functions host posts for a queue message or a timer tick: <c>{"Data":{"binding":value},"Metadata":{…}}</c>.
/// </summary>
static class Invocation
{
    /// <summary>The binding's name in every queue function's <c>function.json</c>.</summary>
    public const string QueueBinding = "message";

    /// <summary>The binding's name in every timer function's <c>function.json</c>.</summary>
    public const string TimerBinding = "timer";

    /// <summary>In bytes. A queue message is at most 64 KiB, which being encoded as JSON twice and copied into the metadata can multiply.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    /// <exception cref="InvocationException">The envelope is not what the host sends.</exception>
    public static QueueDelivery ParseQueue(JsonElement envelope) =>
        new(Text(Value(envelope, QueueBinding)), DequeueCount(envelope), InsertedOn(envelope));

    /// <exception cref="InvocationException">The envelope is not what the host sends.</exception>
    public static void ParseTimer(JsonElement envelope) => Value(envelope, TimerBinding);

    static JsonElement Value(JsonElement envelope, string binding)
    {
        if (envelope.ValueKind != JsonValueKind.Object)
        {
            throw new InvocationException("The body is not a JSON object.");
        }

        if (!envelope.TryGetProperty("Data", out JsonElement data) || data.ValueKind != JsonValueKind.Object)
        {
            throw new InvocationException("\"Data\" is missing or not an object.");
        }

        return data.TryGetProperty(binding, out JsonElement value)
            ? value
            : throw new InvocationException($"\"Data\" has no \"{binding}\".");
    }

    /// <summary>
    /// The message as it was put. The host encodes a string as JSON, and then the envelope that holds it: so a value that is
    /// itself a JSON string is decoded once more. A value that is not was put into the envelope as it is.
    /// </summary>
    static string Text(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Number:
                return value.GetRawText();
            case JsonValueKind.String:
                string text = value.GetString()!;
                return text.StartsWith('"') ? Decoded(text) ?? text : text;
            default:
                throw new InvocationException($"\"Data\".\"{QueueBinding}\" is not a message.");
        }
    }

    static string? Decoded(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.String ? document.RootElement.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>As the host sends it, with or without quotation marks of its own; null where it says nothing that is a time.</summary>
    static DateTimeOffset? InsertedOn(JsonElement envelope) =>
        envelope.TryGetProperty("Metadata", out JsonElement metadata) && metadata.ValueKind == JsonValueKind.Object
            && metadata.TryGetProperty("InsertionTime", out JsonElement time) && time.ValueKind == JsonValueKind.String
            && DateTimeOffset.TryParse(time.GetString()!.Trim('"'), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset inserted)
                ? inserted
                : null;

    /// <summary>A number, which the host sends as a JSON string; 1 where the host says nothing.</summary>
    static long DequeueCount(JsonElement envelope)
    {
        if (!envelope.TryGetProperty("Metadata", out JsonElement metadata) || metadata.ValueKind != JsonValueKind.Object
            || !metadata.TryGetProperty("DequeueCount", out JsonElement count))
        {
            return 1;
        }

        string digits = count.ValueKind == JsonValueKind.String ? count.GetString()! : count.GetRawText();
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number > 0
            ? number
            : throw new InvocationException("\"Metadata\".\"DequeueCount\" is not a number above 0.");
    }
}

/// <summary>The Functions host sent something else than an invocation; the message says what is wrong with it.</summary>
sealed class InvocationException(string message) : Exception(message);
