using System.Buffers;
using System.Text;
using System.Text.Json;

namespace DataRegistry.Datasets;

/// <summary>
/// Entries of a manifest as entries of sorted runs: <c>{path, ended by 0}{the entry as JSON}</c>. Runs are sorted by their bytes, so the
/// entries are in <see cref="ManifestEntry.PathOrder"/>. A path may have any character: 0 becomes 1 1, and 1 becomes 1 2.
/// </summary>
static class RunEntry
{
    const byte End = 0, Escape = 1, EscapedEnd = 1, EscapedEscape = 2;

    /// <summary>Replaces what the buffer holds.</summary>
    public static void Write(ManifestEntry entry, ArrayBufferWriter<byte> buffer)
    {
        buffer.ResetWrittenCount();
        var length = Encoding.UTF8.GetByteCount(entry.Path);
        var target = buffer.GetSpan((2 * length) + 1);
        // Its second half is room for the path as it is.
        var path = target[^length..];
        Encoding.UTF8.GetBytes(entry.Path, path);
        var written = 0;
        foreach (var one in path)
        {
            if (one <= Escape)
                target[written++] = Escape;
            target[written++] = one switch { End => EscapedEnd, Escape => EscapedEscape, _ => one };
        }

        target[written++] = End;
        buffer.Advance(written);
        using var json = new Utf8JsonWriter(buffer, new() { Encoder = ManifestLines.Entry.Options.Encoder });
        JsonSerializer.Serialize(json, entry, ManifestLines.Entry);
    }

    public static ManifestEntry Read(ReadOnlySpan<byte> bytes) =>
        JsonSerializer.Deserialize(bytes[(bytes.IndexOf(End) + 1)..], ManifestLines.Entry)!;
}
