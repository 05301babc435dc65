using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace DataRegistry.Datasets;

/// <summary>
/// Paths of files in a version. A client that downloads a version makes files of them, so none leads out of the folder that it chose.
/// </summary>
static class DatasetPath
{
    /// <summary>As much as a key has at most.</summary>
    public const int MaxBytes = 1024;

    public const string Requirement = "A path is 1 to 1024 bytes of UTF-8 without control characters. It does not begin with a slash or a "
        + "drive, and none of its parts is '.' or '..'.";

    /// <summary>Windows takes both for the end of a part.</summary>
    static readonly char[] Slashes = ['/', '\\'];

    static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    public static bool IsValid([NotNullWhen(true)] string? text) =>
        text is { Length: > 0 and <= MaxBytes } && !Slashes.Contains(text[0]) && text is not [_, ':', ..] && !text.Any(char.IsControl)
        && Fits(text) && !text.Split(Slashes).Any(part => part is "." or "..");

    /// <summary>
    /// The path of an object that nobody gave one: its key below the folder of its store's prefix, and below the dataset's root where it
    /// is there. A key that is nothing else stays whole. It need not be valid.
    /// </summary>
    /// <param name="prefix">The store's; empty for none.</param>
    /// <param name="root">The dataset's, with a slash at its end; null for none.</param>
    public static string Of(string key, string prefix, string? root) => Below(Below(key, prefix[..(prefix.LastIndexOf('/') + 1)]), root);

    /// <summary>Reads a root: a path, which gets a slash at its end.</summary>
    public static bool TryParseRoot(string text, [NotNullWhen(true)] out string? root)
    {
        var path = text.EndsWith('/') ? text[..^1] : text;
        root = IsValid(path) && !path.EndsWith('/') ? path + '/' : null;
        return root is not null;
    }

    static string Below(string path, string? folder) =>
        folder is { Length: > 0 } && path.Length > folder.Length && path.StartsWith(folder, StringComparison.Ordinal)
            ? path[folder.Length..]
            : path;

    // A lone surrogate, which JSON can carry, is no text.
    static bool Fits(string text)
    {
        try
        {
            return StrictUtf8.GetByteCount(text) <= MaxBytes;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }
}
