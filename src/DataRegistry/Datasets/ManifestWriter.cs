using DataRegistry.Datums;

namespace DataRegistry.Datasets;

/// <summary>The outcome of writing a manifest.</summary>
abstract record ManifestOutcome
{
    /// <summary>It is there, and counts once a version's row names it.</summary>
    public sealed record Written(Manifest Manifest) : ManifestOutcome;

    /// <summary>Two entries have one path, so nothing was written.</summary>
    public sealed record PathTwice(string Path, DatumId First, DatumId Second) : ManifestOutcome;
}

/// <summary>Writes manifests, in constant memory however many entries they have.</summary>
sealed class ManifestWriter(ManifestBlobs blobs)
{
    /// <summary>Writes the entries of a version.</summary>
    /// <param name="entries">In <see cref="ManifestEntry.PathOrder"/>.</param>
    /// <exception cref="InvalidOperationException">The entries are not sorted; the message names two datums.</exception>
    public async Task<ManifestOutcome> WriteAsync(
        DatasetVersionId version, IAsyncEnumerable<ManifestEntry> entries, CancellationToken cancellationToken)
    {
        using var file = new ManifestFile(blobs.Of(ManifestBlobs.NameOf(version, Guid.NewGuid())));
        await foreach (var entry in entries.WithCancellation(cancellationToken))
        {
            if (await file.AddAsync(entry, cancellationToken) is { } twice)
                return twice;
        }

        return new ManifestOutcome.Written(await file.CompleteAsync(cancellationToken));
    }
}
