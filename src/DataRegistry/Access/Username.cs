using System.Diagnostics.CodeAnalysis;

namespace DataRegistry.Access;

/// <summary>A user name as it was written. Names that differ only in case are the same.</summary>
public readonly record struct Username
{
    public const int MaxLength = 150;

    public const string Requirement = "A user name has 1 to 150 ASCII letters, digits and @ . + - _";

    Username(string text) => Text = text;

    public string Text { get; }

    /// <summary>The form that all spellings share.</summary>
    public string Key => Text.ToLowerInvariant();

    public static bool TryParse([NotNullWhen(true)] string? text, out Username username)
    {
        var valid = text is { Length: > 0 and <= MaxLength }
            && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '@' or '.' or '+' or '-' or '_');
        username = valid ? new(text!) : default;
        return valid;
    }

    public override string ToString() => Text;
}
