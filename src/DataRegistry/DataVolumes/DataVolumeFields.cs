using System.Text;
using DataRegistry.Http;

namespace DataRegistry.DataVolumes;

/// <summary>Checks values of the data volumes' bodies; a wrong one ends the request with 400.</summary>
static class DataVolumeFields
{
    /// <summary>Contract: <c>maxLength</c>, which counts characters, not UTF-16 units.</summary>
    public const int MaxDescription = 127;

    /// <summary>The longest name of an object in Kubernetes.</summary>
    public const int MaxObjectName = 253;

    public static DataVolumeName Name(string field, string? text) => text is null ? throw CommonErrors.Required.On(field)
        : DataVolumeName.TryParse(text, out var name) ? name
        : throw DataVolumeErrors.NotAVolumeName.On(field);

    /// <summary>Any text, even on several lines; null if none.</summary>
    public static string? Text(string field, string? text, int maxLength)
    {
        if (text is null)
            return null;
        if (text.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')))
            throw CommonErrors.ControlCharacters.On(field);
        var length = 0;
        for (var i = 0; i < text.Length; length++)
        {
            // JSON can carry half of a surrogate pair, which is no text.
            if (Rune.DecodeFromUtf16(text.AsSpan(i), out _, out var consumed) != System.Buffers.OperationStatus.Done)
                throw CommonErrors.NotUnicode.On(field);
            i += consumed;
        }

        return length <= maxLength
            ? text
            : throw CommonErrors.TooLong.On(field, maxLength);
    }
}
