using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Stores;

namespace DataRegistry.Adoption.Input;

/// <summary>
/// Reads a JSON body, token by token. The names of <see cref="Known"/> may be in any order, and others are skipped. A
/// name that is given twice is refused, because one value would be lost.
/// </summary>
sealed class AdoptionJsonBody(Store store, StagedUrls urls, int maxUrls) : UrlReader(urls, maxUrls)
{
    static readonly string[] Known = ["url", "urls", "prefix", "manifest", "project", "exclude", "dry_run", "adopt_changed", "tags"];

    /// <summary>A longer name is no misspelling of a known one.</summary>
    const int MaxNameBytes = 200;

    readonly byte[] text = new byte[MaxTokenBytes];
    readonly HashSet<string> given = new(StringComparer.Ordinal);
    readonly ExcludeList exclude = new(store);
    readonly List<string> tags = [];
    JsonReaderState state;
    bool begun;
    string? property;
    AdoptionBody body = new();

    /// <summary>Includes a URL that stands alone, outside of a list.</summary>
    protected override long Met => base.Met + (body.Url is null ? 0 : 1);

    public async Task<AdoptionBody> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        await ReadUrlsAsync(stream, cancellationToken);
        return body with { Exclude = exclude.Build(), Tags = DatumTags.ParseAdopted("tags", tags) };
    }

    protected override SequencePosition Take(ReadOnlySequence<byte> piece, bool isLast)
    {
        var reader = new Utf8JsonReader(piece, isLast, state);
        try
        {
            while (!IsFull && reader.Read())
                OnToken(ref reader);
        }
        catch (JsonException e)
        {
            throw Broken($"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
        }

        state = reader.CurrentState;
        return reader.Position;
    }

    void OnToken(ref Utf8JsonReader reader)
    {
        if (!begun)
        {
            begun = true;
            if (reader.TokenType != JsonTokenType.StartObject)
                throw Broken("an object is expected");
        }
        else if (reader is { TokenType: JsonTokenType.PropertyName, CurrentDepth: 1 })
        {
            property = NameOf(ref reader);
            if (property is not null && !given.Add(property))
                throw CommonErrors.GivenTwice.On(property);
        }
        else if (property is not null && reader.CurrentDepth > 0)
        {
            body = WithValue(ref reader, property);
        }
    }

    AdoptionBody WithValue(ref Utf8JsonReader reader, string name) => name switch
    {
        "urls" => WithUrls(ref reader),
        "exclude" => WithExclude(ref reader),
        "tags" => WithTags(ref reader),
        "dry_run" => body with { DryRun = Flag(ref reader, name) },
        "adopt_changed" => body with { AdoptChanged = Flag(ref reader, name) },
        "url" => WithUrl(ref reader),
        "prefix" => body with { Prefix = String(ref reader, name) },
        "manifest" => body with { Manifest = String(ref reader, name) },
        "project" => body with { Project = String(ref reader, name) },
        _ => throw new InvalidOperationException($"'{name}' is known, but not read."),
    };

    static bool Flag(ref Utf8JsonReader reader, string name) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False or JsonTokenType.Null => false,
        _ => throw CommonErrors.NotAFlag.On(name),
    };

    AdoptionBody WithUrl(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return body;
        var url = Url(ref reader, "url", CommonErrors.NotAString);
        if (!body.HasList)
            return body with { HasUrl = true, Url = Encoding.UTF8.GetString(url) };
        Add(url);
        return body with { HasUrl = true };
    }

    AdoptionBody WithUrls(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType, reader.CurrentDepth)
        {
            case (JsonTokenType.Null, 1) or (JsonTokenType.EndArray, 1):
                return body;
            case (JsonTokenType.StartArray, 1):
                if (body.Url is { } first)
                    Add(Encoding.UTF8.GetBytes(first));
                return body with { HasList = true, Url = null };
            case (JsonTokenType.Null, 2):
                // An entry that is no URL is refused as such, and keeps its place among the others.
                Add([]);
                return body;
            case (_, 2):
                Add(Url(ref reader, "urls", CommonErrors.NotStrings));
                return body;
            default:
                throw CommonErrors.NotStrings.On("urls");
        }
    }

    AdoptionBody WithExclude(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType, reader.CurrentDepth)
        {
            case (JsonTokenType.Null or JsonTokenType.StartArray or JsonTokenType.EndArray, 1):
                return body;
            case (JsonTokenType.String, 2):
                exclude.Add(String(ref reader, "exclude"));
                return body;
            default:
                throw CommonErrors.NotStrings.On("exclude");
        }
    }

    AdoptionBody WithTags(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType, reader.CurrentDepth)
        {
            case (JsonTokenType.Null or JsonTokenType.StartArray or JsonTokenType.EndArray, 1):
                return body;
            case (JsonTokenType.String, 2) when tags.Count == DatumTags.MaxTags:
                throw DatumErrors.TooManyTags.On("tags", DatumTags.MaxTags);
            case (JsonTokenType.String, 2):
                tags.Add(String(ref reader, "tags")!);
                return body;
            default:
                throw CommonErrors.NotStrings.On("tags");
        }
    }

    ReadOnlySpan<byte> Url(ref Utf8JsonReader reader, string field, FieldError requirement)
    {
        if (reader.TokenType != JsonTokenType.String)
            throw requirement.On(field);
        var url = Copied(ref reader, field);
        return url.Length <= StagedUrls.MaxUrlBytes ? url : throw TooLong();
    }

    string? String(ref Utf8JsonReader reader, string field) => reader.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.String => Encoding.UTF8.GetString(Copied(ref reader, field)),
        _ => throw CommonErrors.NotAString.On(field),
    };

    /// <summary>The string without its escapes, in the shared buffer.</summary>
    ReadOnlySpan<byte> Copied(ref Utf8JsonReader reader, string field)
    {
        if ((reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length) > text.Length)
            throw TooLong();
        try
        {
            var copied = text.AsSpan(0, reader.CopyString(text));
            if (Utf8.IsValid(copied))
                return copied;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, written as an escape.
        }

        throw AdoptionErrors.NotCharacters.On(field);
    }

    static string? NameOf(ref Utf8JsonReader reader)
    {
        try
        {
            foreach (var name in Known)
            {
                if (reader.ValueTextEquals(name))
                    return name;
            }

            if ((reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length) <= MaxNameBytes
                && reader.GetString() is { } unknown && NearMiss.Of(unknown, Known) is { } meant)
            {
                throw NearMiss.Error(unknown, meant, []);
            }
        }
        catch (InvalidOperationException)
        {
            throw Broken("a name contains an invalid character");
        }

        return null;
    }

    static ApiException Broken(string where) => CommonErrors.JsonBroken.With(where);
}
