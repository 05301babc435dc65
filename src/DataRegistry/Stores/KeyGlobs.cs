using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DataRegistry.Stores;

/// <summary>An ordered list of patterns; a key matches the list if it matches any of them.</summary>
public sealed class KeyGlobs(IReadOnlyList<KeyGlob> patterns)
{
    /// <summary>Bytes of all patterns of a request, a store or a job together. It bounds the time that one key takes.</summary>
    public const int MaxBytes = 8 * 1024;

    public const string TooLong = "All patterns together have at most 8 KB of UTF-8, where a control character counts as six bytes.";

    public static readonly KeyGlobs None = new([]);

    // Escape as little as JSON allows, because a row's text has at most 32,768 characters.
    static readonly PatternsJson Json = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public IReadOnlyList<KeyGlob> Patterns { get; } = patterns;

    /// <summary>
    /// The bytes of a pattern, to compare with <see cref="MaxBytes"/>. JSON escapes a control character with six
    /// characters.
    /// </summary>
    public static int BytesOf(string pattern) => Encoding.UTF8.GetByteCount(pattern) + (5 * pattern.Count(char.IsControl));

    /// <summary>The first pattern that the key matches; null if none does.</summary>
    public KeyGlob? FirstMatch(string key, CancellationToken cancellationToken)
    {
        // One key takes up to a third of a millisecond, so check before each key.
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var pattern in Patterns)
        {
            if (pattern.IsMatch(key, cancellationToken))
                return pattern;
        }

        return null;
    }

    /// <summary>The patterns as a row keeps them; null if there are none.</summary>
    public string? Write() => Patterns.Count == 0 ? null : JsonSerializer.Serialize([.. Patterns.Select(p => p.Pattern)], Json.StringArray);

    /// <summary>Reads the patterns of a row. Older rows may have more than <see cref="MaxBytes"/>.</summary>
    public static KeyGlobs Read(string? row) => row is null ? None : Of(JsonSerializer.Deserialize(row, Json.StringArray)!);

    /// <exception cref="FormatException">One of them is no pattern.</exception>
    public static KeyGlobs Of(IEnumerable<string> patterns) => new([.. patterns.Select(KeyGlob.Parse)]);
}

[JsonSerializable(typeof(string[]))]
sealed partial class PatternsJson : JsonSerializerContext;
