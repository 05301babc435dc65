using System.Buffers;
using System.Text;
using System.Text.Json;

namespace DataRegistry.Datasets;

/// <summary>
/// Entries of a manifest as entries of sorted runs: <c>{path, ended by 0}{the entry as JSON}</c>. Runs are sorted by their bytes. A path
/// has no control characters, so the entries are in <see cref="ManifestEntry.PathOrder"/>.
/// </summary>
static class RunEntry
{
    const byte End = 0;

    /// <summary>Replaces what the buffer holds.</summary>
    public static void Write(ManifestEntry entry, ArrayBufferWriter<byte> buffer)
    {
        buffer.ResetWrittenCount();
        Encoding.UTF8.GetBytes(entry.Path, buffer);
        buffer.Write([End]);
        using var json = new Utf8JsonWriter(buffer, new() { Encoder = ManifestLines.Entry.Options.Encoder });
        JsonSerializer.Serialize(json, entry, ManifestLines.Entry);
    }

    public static ManifestEntry Read(ReadOnlySpan<byte> bytes) =>
        JsonSerializer.Deserialize(bytes[(bytes.IndexOf(End) + 1)..], ManifestLines.Entry)!;
}
