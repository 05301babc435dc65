using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using DataRegistry.Http;
using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>A datum's id.</summary>
/// <remarks>
/// Its 16 partition bits are the project's slot (12) and the key's shard (4). Its tail is a hash of job, key and
/// version: a job that adopts the same object twice makes the same id.
/// </remarks>
[JsonConverter(typeof(DatumIdJsonConverter))]
public readonly record struct DatumId(TimedId Value) : IUuid
{
    public const string Requirement = "A datum id is a UUID.";

    public static DatumId Mint(JobId job, int slot, string key, string? versionId)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(job.Value.ToGuid().ToByteArray(bigEndian: true));
        hash.AppendData(Encoding.UTF8.GetBytes(key));
        // The zero byte separates ("ab", "c") from ("a", "bc").
        hash.AppendData([0]);
        hash.AppendData(Encoding.UTF8.GetBytes(versionId ?? ""));
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(digest);
        return new(TimedId.Create(job.Value.Time, (ushort)(slot << 4 | Shards.Of(key)), BinaryPrimitives.ReadUInt64BigEndian(digest)));
    }

    /// <summary>Accepts any spelling of the UUID, with or without <c>datum://</c> before it.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out DatumId id)
    {
        const string scheme = "datum://";
        var parsed = TimedId.TryParse(
            text?.StartsWith(scheme, StringComparison.Ordinal) == true ? text[scheme.Length..] : text, out var value);
        id = new(value);
        return parsed;
    }

    public override string ToString() => Value.ToString();
}

/// <summary>
/// The id of an adoption job, or of a single adoption. Its partition bits are the project's slot (12) and 4 random
/// ones.
/// </summary>
public readonly record struct JobId(TimedId Value)
{
    public static JobId Create(DateTimeOffset time, int slot)
    {
        Span<byte> random = stackalloc byte[10];
        RandomNumberGenerator.Fill(random);
        return new(TimedId.Create(time, (ushort)(slot << 4 | random[0] & 15), BinaryPrimitives.ReadUInt64BigEndian(random[2..])));
    }

    public int Slot => Value.Partition >> 4;

    public static bool TryParse([NotNullWhen(true)] string? text, out JobId id)
    {
        var parsed = TimedId.TryParse(text, out var value);
        id = new(value);
        return parsed;
    }

    public override string ToString() => Value.ToString();
}

sealed class DatumIdJsonConverter : JsonConverter<DatumId>
{
    public override DatumId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        DatumId.TryParse(reader.GetString(), out var id) ? id : throw new JsonException(DatumId.Requirement);

    public override void Write(Utf8JsonWriter writer, DatumId value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Value.ToGuid());

    public override void WriteAsPropertyName(Utf8JsonWriter writer, DatumId value, JsonSerializerOptions options) =>
        writer.WritePropertyName(value.ToString());
}
