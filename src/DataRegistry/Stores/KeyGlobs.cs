using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DataRegistry.Stores;

/// <summary>Patterns of which a key may match one, in their order.</summary>
public sealed class KeyGlobs(IReadOnlyList<KeyGlob> patterns)
{
    /// <summary>Bytes of all patterns of a request, a store or a job: the bound on what a key costs.</summary>
    public const int MaxBytes = 8 * 1024;

    public const string TooLong = "All patterns together have at most 8 KB of UTF-8, where a control character counts as six bytes.";

    public static readonly KeyGlobs None = new([]);

    // Escapes as little as JSON allows: a row's text of 32,768 characters then holds as much as MaxBytes allows.
    static readonly PatternsJson Json = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public IReadOnlyList<KeyGlob> Patterns { get; } = patterns;

    /// <summary>
    /// The bytes of a pattern, to be compared with <see cref="MaxBytes"/>. JSON escapes a control character with six characters.
    /// </summary>
    public static int BytesOf(string pattern) => Encoding.UTF8.GetByteCount(pattern) + (5 * pattern.Count(char.IsControl));

    /// <summary>The first pattern that the key matches; null if none.</summary>
    public KeyGlob? FirstMatch(string key, CancellationToken cancellationToken)
    {
        // A key costs up to a third of a millisecond: who matches many of them is ended between two.
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var pattern in Patterns)
        {
            if (pattern.IsMatch(key, cancellationToken))
                return pattern;
        }

        return null;
    }

    /// <summary>The patterns as a row keeps them; null if none.</summary>
    public string? Write() => Patterns.Count == 0 ? null : JsonSerializer.Serialize([.. Patterns.Select(p => p.Pattern)], Json.StringArray);

    /// <summary>The patterns of a row, also of one from before there was <see cref="MaxBytes"/>.</summary>
    public static KeyGlobs Read(string? row) => row is null ? None : Of(JsonSerializer.Deserialize(row, Json.StringArray)!);

    /// <exception cref="FormatException">One of them is no pattern.</exception>
    public static KeyGlobs Of(IEnumerable<string> patterns) => new([.. patterns.Select(KeyGlob.Parse)]);
}

[JsonSerializable(typeof(string[]))]
sealed partial class PatternsJson : JsonSerializerContext;
