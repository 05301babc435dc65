using Microsoft.AspNetCore.Http;

namespace DataRegistry.Http;

/// <summary>Errors that any operation may answer with.</summary>
static class CommonErrors
{
    public static DetailError NotFound { get; } = new(
        StatusCodes.Status404NotFound, "Not found.", "Not found, or not visible to the caller.");

    public static DetailError BadRequest { get; } = new(
        StatusCodes.Status400BadRequest, "Bad request.", "The server cannot read the request.");

    public static DetailError MethodNotAllowed { get; } = new(
        StatusCodes.Status405MethodNotAllowed, "Method \"{method}\" not allowed.",
        "The path exists, but not with this method. `Allow` lists the methods.");

    public static DetailError MediaTypeNotSupported { get; } = new(
        StatusCodes.Status415UnsupportedMediaType, "Unsupported media type in request. Send application/json.",
        "The body has a type that the operation does not read.");

    public static DetailError PayloadTooLarge { get; } = new(
        StatusCodes.Status413PayloadTooLarge, "The request body is too large. Send it in several requests.",
        "The server refuses the body because of its size.");

    public static DetailError BodyTooLarge { get; } = new(
        StatusCodes.Status413PayloadTooLarge, "The request body is over {max} bytes. Send the list in several requests.",
        "The body has more bytes than the operation reads.");

    public static DetailError ListTooLong { get; } = new(
        StatusCodes.Status413PayloadTooLarge, "The list has over {max} entries. Send it in several requests.",
        "The list has more entries than the operation takes at once.");

    public static DetailError AddressTooLong { get; } = new(
        StatusCodes.Status414UriTooLong, "The address is over {max} bytes. Shorten its query.", "Path and query together are too long.");

    public static DetailError HeadersTooLarge { get; } = new(
        StatusCodes.Status431RequestHeaderFieldsTooLarge,
        "The headers are over {count}, or over {bytes} bytes. Send fewer or shorter ones.",
        "The request has too many headers, or they are too long together.");

    public static DetailError ServerError { get; } = new(
        StatusCodes.Status500InternalServerError, "A server error occurred. The request can be repeated.",
        "A fault of the service. Its log has the cause under the request id.");

    public static DetailError StorageUnavailable { get; } = new(
        StatusCodes.Status503ServiceUnavailable, "A server error occurred. The request can be repeated.",
        "The storage account does not answer, or throttles. Repeat the request later.");

    public static DetailError JsonBroken { get; } = new(
        StatusCodes.Status400BadRequest, "JSON parse error: {where}.", "The body is not JSON, or not a JSON object.");

    public static DetailError FormUnreadable { get; } = new(
        StatusCodes.Status400BadRequest, "The form cannot be read.", "The body is not a form.");

    public static DetailError TypeNotTaken { get; } = new(
        StatusCodes.Status415UnsupportedMediaType, "Unsupported media type \"{type}\" in request. Send {expected}.",
        "The body has a type that the operation does not read.");

    public static FieldError UnknownField { get; } = new(
        "unknown_field", "There is no field '{name}'{place}: did you mean '{meant}'?",
        "The name of a field is nearly that of a known one. Other unknown fields are ignored.");

    public static FieldError FileNotText { get; } = new(
        "invalid", "A text is expected, not a file.", "A part of the form is a file.");

    public static FieldError KeyUsed { get; } = new(
        "invalid", "This Idempotency-Key was used before, with another request. Use a new key.",
        "The idempotency key belongs to another request.");

    public static FieldError NotAKey { get; } = new(
        "invalid", "One Idempotency-Key of 1 to {max} characters is expected.", "The idempotency key is empty, too long, or given twice.");

    public static FieldError Required { get; } = new(
        "required", "This field is required.", "The field or parameter is missing or empty.");

    public static FieldError WrongType { get; } = new(
        "invalid", "A value of another type is expected (line {line}, byte {byte}).", "The value has another JSON type than the field.");

    public static FieldError TooLong { get; } = new(
        "max_length", "At most {max} characters are expected.", "The text has too many characters.");

    public static FieldError TooShort { get; } = new(
        "min_length", "At least {min} characters are expected.", "The text has too few characters.");

    public static FieldError ControlCharacters { get; } = new(
        "invalid", "Control characters are not expected.", "The text holds a control character.");

    public static FieldError NotUnicode { get; } = new(
        "invalid", "Unicode text is expected.", "The text holds half of a surrogate pair.");

    public static FieldError NotAChoice { get; } = new(
        "invalid_choice", "One of {choices} is expected.", "The value is none of those that the field takes.");

    public static FieldError NotAnId { get; } = new("invalid", "A UUID is expected.", "The value is not a UUID.");

    public static FieldError NotAFlag { get; } = new(
        "invalid", "true or false is expected.", "The value is neither `true` nor `false`.");

    public static FieldError NotAString { get; } = new(
        "invalid", "A string is expected.", "The value is not a string.");

    public static FieldError NotStrings { get; } = new(
        "invalid", "A list of strings is expected.", "The value is not a list of strings.");

    public static FieldError NotAnObject { get; } = new(
        "invalid", "An object is expected.", "The value is not an object.");

    public static FieldError NotATime { get; } = new(
        "invalid", "A time in ISO 8601 is expected, such as 2026-03-01T12:00:00Z.", "The value is not a time, or a time before 1970.");

    public static FieldError TooSmallANumber { get; } = new(
        "invalid", "A number from {min} is expected.", "The value is not a number, or too small.");

    public static FieldError NotInRange { get; } = new(
        "invalid", "A number from {min} to {max} is expected.", "The value is not a number, or out of its range.");

    public static FieldError TooManyItems { get; } = new(
        "max_length", "At most {max} items are expected.", "The list has too many items.");

    public static FieldError GivenTwice { get; } = new(
        "invalid", "Given more than once.", "The field or parameter is there more than once.");

    public static FieldError NotAFilter { get; } = new(
        "invalid", "'{text}' {reason}.", "The filter is malformed. The message says how.");

    public static FieldError NotACursor { get; } = new(
        "invalid", "Not a cursor of this list. Start again without it.", "The cursor belongs to another list, or is malformed.");
}
