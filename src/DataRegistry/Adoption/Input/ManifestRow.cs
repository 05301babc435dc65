using System.Globalization;
using System.Runtime.Serialization;
using DataRegistry.Jobs;
using DataRegistry.Storage;

namespace DataRegistry.Adoption.Input;

/// <summary>
/// The manifest of a job: a file in the store that lists its input, the size of its parts, and the progress. The
/// results depend on the file and its parts alone. So a delivery that repeats a part, even at the same time, writes the
/// same blobs and rows.
/// </summary>
sealed record ManifestRow : TableRow
{
    /// <summary>The file's key.</summary>
    public required string Key { get; init; }

    /// <summary>The file's ETag when the job was accepted. Another file would be another list.</summary>
    public required string ObjectETag { get; init; }

    /// <summary>In bytes.</summary>
    public required long Size { get; init; }

    /// <summary>The size of a part. The lines that begin in a part make a run.</summary>
    public required int RunBytes { get; init; }
    public required int WindowKeys { get; init; }
    public required int WindowsPerRange { get; init; }

    /// <summary>Patterns of keys to leave out, a JSON array; null if none.</summary>
    public string? Exclude { get; init; }

    /// <summary>Runs written so far.</summary>
    public int Runs { get; init; }

    /// <summary>URLs in the runs.</summary>
    public long Urls { get; init; }

    /// <summary>Each run's next position while they are merged, separated by spaces; null before that.</summary>
    public string? Positions { get; init; }

    /// <summary>Windows written so far.</summary>
    public int Windows { get; init; }

    /// <summary>Blobs of refused inputs, and the number of these inputs.</summary>
    public int RefusedBlobs { get; init; }
    public long Failed { get; init; }
    public long Skipped { get; init; }

    /// <summary>The number of runs of the whole file.</summary>
    [IgnoreDataMember] public int AllRuns => (int)((Size + RunBytes - 1) / RunBytes);

    /// <summary>Each run's next position, from <see cref="Positions"/>.</summary>
    public long[] StartOfRuns() => Positions is null
        ? new long[AllRuns]
        : [.. Positions.Split(' ').Select(p => long.Parse(p, NumberStyles.None, CultureInfo.InvariantCulture))];

    public static string PositionsOf(IEnumerable<RunCursor> runs) =>
        string.Join(' ', runs.Select(r => r.Position.ToString(CultureInfo.InvariantCulture)));
}
