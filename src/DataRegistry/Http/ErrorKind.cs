using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Http;

/// <summary>
/// An error that the API answers, a property of a room's class <c>{Room}Errors</c>. Handlers throw it, the OpenAPI document names it at
/// its operations, and <c>src/errors.md</c> lists it. <see cref="All"/> is the register of all errors.
/// </summary>
public abstract partial class ErrorKind
{
    readonly string[] pieces;

    private protected ErrorKind(int status, string? code, string message, string description, string name)
    {
        (Status, Code, Message, Description) = (status, code, message, description);
        Id = JsonNamingPolicy.SnakeCaseLower.ConvertName(name);
        pieces = Placeholder().Split(message);
    }

    /// <summary>The name of the error in the document and the docs. It is never sent.</summary>
    public string Id { get; }

    public int Status { get; }

    /// <summary>The <c>code</c> that is sent; null if there is none, or where it varies.</summary>
    public string? Code { get; }

    /// <summary>The text that is sent. <c>{names}</c> stand for values.</summary>
    public string Message { get; }

    /// <summary>The cause, or the remedy, for the docs.</summary>
    public string Description { get; }

    /// <summary>The body that is sent under <c>/api/v0</c>, with sample values.</summary>
    /// <param name="field">The field that a <see cref="FieldError"/> is about.</param>
    public abstract ApiError Example(string field);

    /// <summary>The message with sample values.</summary>
    private protected string Sample => Placeholder().Replace(Message, name => ErrorSamples.Of(name.Value[1..^1]));

    /// <summary>Every error of every room, by status and id.</summary>
    public static IReadOnlyList<ErrorKind> All() =>
    [
        .. typeof(ErrorKind).Assembly.GetTypes().SelectMany(t => t.GetProperties(BindingFlags.Public | BindingFlags.Static))
            .Where(p => p.PropertyType.IsSubclassOf(typeof(ErrorKind))).Select(p => (ErrorKind)p.GetValue(null)!)
            .OrderBy(e => e.Status).ThenBy(e => e.Id, StringComparer.Ordinal),
    ];

    /// <summary>The message with values in place of its names, in their order.</summary>
    private protected string Text(object?[] values)
    {
        if (values.Length != pieces.Length - 1)
            throw new ArgumentException($"The error {Id} takes {pieces.Length - 1} values, not {values.Length}.", nameof(values));
        var text = new StringBuilder(pieces[0]);
        for (var i = 0; i < values.Length; i++)
            text.Append(CultureInfo.InvariantCulture, $"{values[i]}").Append(pieces[i + 1]);
        return text.ToString();
    }

    [GeneratedRegex("{[a-z_]+}")]
    private static partial Regex Placeholder();
}

/// <summary>Sent as <c>{"detail":"…"}</c>.</summary>
public sealed class DetailError(int status, string message, string description, [CallerMemberName] string name = "")
    : ErrorKind(status, code: null, message, description, name)
{
    public ApiException With(params object?[] values) => new(new ApiError.Detail(Status, Text(values)));

    public override ApiError Example(string field) => new ApiError.Detail(Status, Sample);
}

/// <summary>Sent as <c>{"message":"…","code":"…"}</c>.</summary>
public sealed class CodedError(int status, string? code, string message, string description, [CallerMemberName] string name = "")
    : ErrorKind(status, code, message, description, name)
{
    public ApiException With(params object?[] values) => new(new ApiError.Message(Status, Text(values), Code));

    /// <summary>For an error whose code varies.</summary>
    public ApiException WithCode(string? sent, params object?[] values) => new(new ApiError.Message(Status, Text(values), sent));

    public override ApiError Example(string field) => new ApiError.Message(Status, Sample, Code);
}

/// <summary>Sent as <c>{"field":[{"message":"…","code":"…"}]}</c>; always 400.</summary>
public sealed class FieldError(string? code, string message, string description, [CallerMemberName] string name = "")
    : ErrorKind(StatusCodes.Status400BadRequest, code, message, description, name)
{
    const string Varies = "invalid";

    public ApiException On(string field, params object?[] values) => new(new ApiError.Field(field, Text(values), Code ?? Varies));

    /// <summary>For an error whose code varies.</summary>
    public ApiException WithCode(string sent, string field, params object?[] values) => new(new ApiError.Field(field, Text(values), sent));

    public override ApiError Example(string field) => new ApiError.Field(field, Sample, Code ?? Varies);
}
