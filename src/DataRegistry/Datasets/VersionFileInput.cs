using System.Text.Json;
using System.Text.Json.Serialization;
using DataRegistry.Http;

namespace DataRegistry.Datasets;

/// <summary>A file that a request lists, as it is read.</summary>
sealed record VersionFileInput(string? Datum, string? Path);

/// <summary>
/// Reads the files of a version. It stops to keep them after one more than there may be, because a body of nothing but commas and braces
/// would take many times its size in memory.
/// </summary>
sealed class VersionFilesConverter : JsonConverter<IReadOnlyList<VersionFileInput>>
{
    static readonly string[] Names = ["datum", "path"];

    public override IReadOnlyList<VersionFileInput> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException();
        var files = new List<VersionFileInput>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (files.Count <= VersionFiles.Max)
                files.Add(ReadFile(ref reader));
            else
                reader.Skip();
        }

        return files;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<VersionFileInput> value, JsonSerializerOptions options) =>
        throw new NotSupportedException("Requests are read only.");

    static VersionFileInput ReadFile(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException();
        var values = new string?[Names.Length];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            var known = Array.IndexOf(Names, name);
            reader.Read();
            if (known >= 0)
                values[known] = TextOf(ref reader);
            else if (NearMiss.Of(name, Names) is { } meant)
                throw NearMiss.Error(name, meant, ["files"]);
            else
                reader.Skip();
        }

        return new(values[0], values[1]);
    }

    static string? TextOf(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.String => reader.GetString(),
        _ => throw new JsonException(),
    };
}
