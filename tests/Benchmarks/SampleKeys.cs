using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace DataRegistry.Benchmarks;

/// <summary>Keys like those of measurement campaigns: long common prefixes, numbered files.</summary>
static class SampleKeys
{
    /// <summary>The prefix of all keys, except those for <see cref="WarmUp"/>.</summary>
    public const string Prefix = "campaigns/";

    public const string WarmUpPrefix = "warm-up/";

    static readonly string[] Sensors = ["camera-front", "camera-rear", "lidar", "radar"];

    /// <summary>Always the same keys, in random order.</summary>
    public static string[] Shuffled(int count)
    {
        string[] keys = [.. Enumerable.Range(0, count).Select(n => string.Create(
            CultureInfo.InvariantCulture,
            $"{Prefix}2026-{1 + (n / 5000 % 12):00}/drive-{n / 1000:0000}/{Sensors[n % Sensors.Length]}/frame_{n:0000000}.bin"))];
        new Random(1).Shuffle(keys);
        return keys;
    }

    /// <summary>Further keys, which every arm adopts before it is measured.</summary>
    public static IEnumerable<string> WarmUp(int count) => Shuffled(count).Select(key => WarmUpPrefix + key);

    /// <summary>
    /// The request body that adopts the keys. It is prepared because making it is the client's time, not the service's.
    /// </summary>
    public static byte[] AdoptionBody(IEnumerable<string> keys, string bucket, Guid project)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("project", project);
        json.WriteStartArray("urls");
        foreach (var key in keys)
            json.WriteStringValue($"s3://{bucket}/{key}");
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
