using Microsoft.AspNetCore.Http;

namespace DataRegistry.Http;

/// <summary>
/// The media type of a body, and the beginning of a body with an ambiguous type.
/// <code>
/// type        begins with {   otherwise
/// JSON        JSON            JSON, with an error in it
/// none        JSON            JSON, with an error in it; an adoption, which also takes text: 415
/// a form      JSON            a form, where the endpoint takes forms, or 415
/// any other   415             415
/// </code>
/// A form may be JSON because <c>curl -d</c> calls every body a form.
/// </summary>
static class BodyType
{
    public const string UrlEncoded = "application/x-www-form-urlencoded";
    const string Multipart = "multipart/form-data";

    /// <summary>The most white space before JSON.</summary>
    const int MaxSpace = 1024;

    /// <summary>The media type without its parameters; null for none.</summary>
    public static string? Of(HttpRequest request) => request.ContentType?.Split(';')[0].Trim() is { Length: > 0 } type ? type : null;

    public static bool IsJson(HttpRequest request) => request.HasJsonContentType();

    public static bool IsForm(HttpRequest request) => Of(request) is { } type
        && (type.Equals(UrlEncoded, StringComparison.OrdinalIgnoreCase) || type.Equals(Multipart, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether the beginning of a body decides what it is.</summary>
    public static bool IsUndecided(HttpRequest request) => IsForm(request) || Of(request) is null;

    /// <summary>Whether the text begins as a JSON object does, after white space and a byte order mark.</summary>
    public static bool IsObject(ReadOnlySpan<byte> text) => WithoutMark(text).TrimStart(Space).StartsWith((byte)'{');

    public static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> text) => text.StartsWith(Mark) ? text[Mark.Length..] : text;

    /// <summary>Reads as much of a body as <see cref="IsObject"/> needs, and returns the whole body.</summary>
    public static async Task<(bool IsObject, Stream Whole)> LookAsync(Stream body, CancellationToken cancellationToken)
    {
        var start = new byte[MaxSpace];
        var length = 0;
        while (length < start.Length && WithoutMark(start.AsSpan(0, length)).TrimStart(Space).IsEmpty)
        {
            if (await body.ReadAsync(start.AsMemory(length), cancellationToken) is not (> 0 and var read))
                break;
            length += read;
        }

        return (IsObject(start.AsSpan(0, length)), new StartedStream(start.AsMemory(0, length), body));
    }

    static ReadOnlySpan<byte> Space => " \t\r\n"u8;

    static ReadOnlySpan<byte> Mark => "\uFEFF"u8;

    /// <param name="expected">The types that the endpoint takes, for the message.</param>
    public static ApiException Unsupported(HttpRequest request, string expected) => CommonErrors.TypeNotTaken.With(Of(request), expected);
}
