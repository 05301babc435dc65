using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Azure;
using Azure.Core;

namespace DataRegistry.Storage;

/// <summary>The service's own error: <c>{"odata.error":{"code":"…","message":{"lang":"…","value":"…"}}}</c>.</summary>
readonly record struct TableError(string? Code, string? Message)
{
    public const string TableNotFound = "TableNotFound";
    public const string EntityAlreadyExists = "EntityAlreadyExists";
    public const string TableAlreadyExists = "TableAlreadyExists";

    /// <summary>What a refusal of a row means; null for one that is no row's (the table is missing or being deleted).</summary>
    public TableOutcome? Outcome(int status) => status switch
    {
        404 when !string.Equals(Code, TableNotFound, StringComparison.Ordinal) => TableOutcome.Missing,
        409 when string.Equals(Code, EntityAlreadyExists, StringComparison.Ordinal) => TableOutcome.AlreadyExists,
        412 => TableOutcome.Changed,
        _ => null,
    };

    /// <summary>Empty where the body is something else (a proxy's page, nothing at all).</summary>
    public static TableError Parse(ReadOnlySpan<byte> body)
    {
        string? code = null, message = null;
        try
        {
            var reader = new Utf8JsonReader(body);
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName)
                {
                    continue;
                }

                if (reader.ValueTextEquals("code"u8))
                {
                    reader.Read();
                    code ??= reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                }
                else if (reader.ValueTextEquals("value"u8))
                {
                    reader.Read();
                    message ??= reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                }
            }
        }
        catch (JsonException)
        {
            // The status says enough.
        }

        return new TableError(code, message);
    }
}

sealed class TableErrorParser : RequestFailedDetailsParser
{
    public static TableErrorParser Instance { get; } = new();

    public override bool TryParse(Response response, [NotNullWhen(true)] out ResponseError? error, out IDictionary<string, string>? data)
    {
        var parsed = TableError.Parse(response.Content.ToMemory().Span);
        data = null;
        error = parsed.Code is null ? null : new ResponseError(parsed.Code, parsed.Message);
        return error is not null;
    }
}
