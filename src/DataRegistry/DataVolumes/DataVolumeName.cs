using System.Diagnostics.CodeAnalysis;

namespace DataRegistry.DataVolumes;

/// <summary>
/// A data volume's name, unique in its cluster. Row keys may contain its characters (the contract's) as they are.
/// </summary>
public readonly record struct DataVolumeName
{
    public const int MaxLength = 63;

    public const string Requirement =
        "A name is 1 to 63 characters: a lower case letter, then lower case letters, digits and hyphens (^[a-z][-a-z0-9]{0,62}$).";

    DataVolumeName(string value) => Value = value;

    public string Value { get; }

    public static bool TryParse([NotNullWhen(true)] string? text, out DataVolumeName name)
    {
        var valid = text is { Length: > 0 and <= MaxLength } && char.IsAsciiLetterLower(text[0])
            && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
        name = valid ? new(text!) : default;
        return valid;
    }

    public override string ToString() => Value;
}
