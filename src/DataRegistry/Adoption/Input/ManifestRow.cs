using System.Globalization;
using System.Runtime.Serialization;
using DataRegistry.Jobs;
using DataRegistry.Storage;

namespace DataRegistry.Adoption.Input;

/// <summary>
/// A file in the store that lists a job's input, how it is cut up, and how far it has come. What is made of it follows from the file and
/// this cut
/// alone, so whoever does a part of it again, or at the same time, writes the same blobs and rows once more.
/// </summary>
sealed record ManifestRow : TableRow
{
    /// <summary>The file's key.</summary>
    public required string Key { get; init; }

    /// <summary>Of the file when the job was accepted: another one would be another list.</summary>
    public required string ObjectETag { get; init; }

    /// <summary>In bytes.</summary>
    public required long Size { get; init; }

    /// <summary>The lines that begin in so many bytes make a run.</summary>
    public required int RunBytes { get; init; }
    public required int WindowKeys { get; init; }
    public required int WindowsPerRange { get; init; }

    /// <summary>Patterns of keys that are left out, a JSON array; null for none.</summary>
    public string? Exclude { get; init; }

    /// <summary>Runs that are put away.</summary>
    public int Runs { get; init; }

    /// <summary>URLs in them.</summary>
    public long Urls { get; init; }

    /// <summary>Where each run is to be read on while they are merged, with spaces in between; null before that.</summary>
    public string? Positions { get; init; }

    /// <summary>Windows that are made of them.</summary>
    public int Windows { get; init; }

    /// <summary>Blobs of refused inputs, and how many these are.</summary>
    public int RefusedBlobs { get; init; }
    public long Failed { get; init; }
    public long Skipped { get; init; }

    /// <summary>As many as the file has when all are there.</summary>
    [IgnoreDataMember] public int AllRuns => (int)((Size + RunBytes - 1) / RunBytes);

    /// <summary>A run's place in <see cref="Positions"/>.</summary>
    public long[] StartOfRuns() => Positions is null
        ? new long[AllRuns]
        : [.. Positions.Split(' ').Select(p => long.Parse(p, NumberStyles.None, CultureInfo.InvariantCulture))];

    public static string PositionsOf(IEnumerable<RunCursor> runs) =>
        string.Join(' ', runs.Select(r => r.Position.ToString(CultureInfo.InvariantCulture)));
}
