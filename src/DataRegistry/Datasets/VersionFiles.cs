using DataRegistry.Datums;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Datasets;

/// <summary>Makes the entries of a version out of the files that a request lists.</summary>
sealed class VersionFiles(DatumTable datums, AliasTable aliases, LocationTable locations, StoreTable stores)
{
    /// <summary>Files that one request may list; a version of a selection has no such limit.</summary>
    public const int Max = 10_000;

    const int DatumsAtOnce = 2000;

    /// <summary>Characters of what a caller gave that an error repeats.</summary>
    const int MaxShown = 200;

    const string Field = "files";

    /// <summary>A file of the list, on its way to an entry.</summary>
    /// <param name="Number">From 1.</param>
    /// <param name="Path">Null if the key makes it.</param>
    sealed record NamedFile(int Number, string Text, DatumReference Reference, string? Path);

    sealed record NumberedEntry(int Number, ManifestEntry Entry);

    /// <param name="Facts">An entry without its own path.</param>
    sealed record KnownDatum(ManifestEntry Facts, bool IsPurged);

    /// <summary>The entries, in the order of their paths. A file that cannot be one ends the request with the error of the list.</summary>
    public async Task<IReadOnlyList<ManifestEntry>> ReadAsync(
        DatasetRow dataset, Project project, IReadOnlyList<VersionFileInput> files, CancellationToken cancellationToken)
    {
        var named = Named(files);
        var ids = await IdsAsync(project, named, cancellationToken);
        var known = await KnownAsync(project, ids.Values, cancellationToken);
        var prefixes = new Dictionary<Guid, string>();
        var entries = new List<NumberedEntry>(named.Count);
        foreach (var file in named)
        {
            if (!ids.TryGetValue(file, out var id) || !known.TryGetValue(id, out var datum))
                throw DatasetErrors.NoDatumOfFile.On(Field, file.Number, Shown(file.Text));
            if (datum.IsPurged)
                throw DatasetErrors.DatumOfFilePurged.On(Field, file.Number, id);
            var facts = datum.Facts;
            if (file.Path is null && !prefixes.ContainsKey(facts.Store))
                prefixes.Add(facts.Store, (await stores.FindWithoutSecretAsync(facts.Store, cancellationToken))?.Prefix ?? "");
            var path = file.Path ?? DatasetPath.Of(facts.Key, prefixes[facts.Store], dataset.Root);
            if (!DatasetPath.IsValid(path))
                throw DatasetErrors.NotAPath.On(Field, file.Number, Shown(path));
            entries.Add(new(file.Number, facts with { Path = path }));
        }

        return Sorted(entries);
    }

    static List<NamedFile> Named(IReadOnlyList<VersionFileInput> files)
    {
        var named = new List<NamedFile>(files.Count);
        foreach (var (number, file) in files.Index().Select(f => (f.Index + 1, f.Item)))
        {
            if (string.IsNullOrEmpty(file.Datum))
                throw DatasetErrors.FileNotNamed.On(Field, number);
            if (!DatumReference.TryParse(file.Datum, out var reference))
                throw DatasetErrors.NotADatumReference.On(Field, number, Shown(file.Datum));
            named.Add(new(number, file.Datum, reference, file.Path));
        }

        return named;
    }

    /// <summary>The project's datums among these. Their rows, with tags and all, are in memory some at a time.</summary>
    async Task<Dictionary<DatumId, KnownDatum>> KnownAsync(
        Project project, IEnumerable<DatumId> ids, CancellationToken cancellationToken)
    {
        var known = new Dictionary<DatumId, KnownDatum>();
        // Another project's partitions are not read. In the order of their ids, so that ranges are short.
        var own = ids.Where(id => id.Value.Partition >> 4 == project.Slot).Distinct().OrderBy(id => id.Value.High);
        foreach (var some in own.Chunk(DatumsAtOnce))
        {
            foreach (var (id, row) in await datums.FindAsync(some, cancellationToken))
            {
                if (row.Project == project.Id)
                    known.Add(id, new(ManifestEntry.From(row.Key, row), row.Purged is not null));
            }
        }

        return known;
    }

    /// <summary>The datums that the files name, if they name any.</summary>
    async Task<Dictionary<NamedFile, DatumId>> IdsAsync(Project project, List<NamedFile> files, CancellationToken cancellationToken)
    {
        var names = files.Select(f => f.Reference).OfType<DatumReference.ByAlias>().Select(r => r.Name).ToList();
        var urls = files.Select(f => f.Reference).OfType<DatumReference.ByUrl>().Select(r => r.Url).ToHashSet();
        var byName = names.Count == 0 ? [] : await aliases.FindAsync(project, names, cancellationToken);
        var byUrl = urls.Count == 0 ? [] : await TrackedAsync(project, urls, cancellationToken);
        var ids = new Dictionary<NamedFile, DatumId>(files.Count, ReferenceEqualityComparer.Instance);
        foreach (var file in files)
        {
            if (file.Reference is DatumReference.ById { Id: var id })
                ids.Add(file, id);
            else if (file.Reference is DatumReference.ByAlias { Name: var name } && byName.TryGetValue(name.Value, out var alias))
                ids.Add(file, alias.DatumId);
            else if (file.Reference is DatumReference.ByUrl { Url: var url } && byUrl.TryGetValue(url, out var tracked))
                ids.Add(file, Only(file, tracked));
        }

        return ids;
    }

    static DatumId Only(NamedFile file, List<DatumId> tracked) => tracked is [var only]
        ? only
        : throw DatasetErrors.SeveralDatumsOfFile.On(Field, file.Number, Shown(file.Text), tracked[0], tracked[1]);

    /// <summary>The project's datums at URLs. Costs a few requests for each store that contains some of them.</summary>
    async Task<Dictionary<S3Url, List<DatumId>>> TrackedAsync(
        Project project, IReadOnlySet<S3Url> urls, CancellationToken cancellationToken)
    {
        var tracked = new Dictionary<S3Url, List<DatumId>>();
        string? after = null;
        do
        {
            var (some, next) = await stores.ListAsync(1000, after, visible: null, cancellationToken);
            foreach (var store in some)
            {
                var held = urls.Where(store.Holds).ToDictionary(u => u.Key, StringComparer.Ordinal);
                if (held.Count == 0)
                    continue;
                var found = await locations.FindAsync(store.Id, held.Keys, Shards.Count, cancellationToken);
                foreach (var row in found.Values.Where(r => r.Project == project.Id && !r.IsFree))
                {
                    if (!tracked.TryGetValue(held[row.Key], out var there))
                        tracked.Add(held[row.Key], there = []);
                    there.Add(new(TimedId.FromGuid(row.Datum)));
                }
            }

            after = next;
        }
        while (after is not null);
        return tracked;
    }

    static List<ManifestEntry> Sorted(List<NumberedEntry> entries)
    {
        // Equal paths stay in the order of the list, so that errors name the first file first.
        var sorted = entries.OrderBy(e => e.Entry.Path, ManifestEntry.PathOrder).ThenBy(e => e.Number).ToList();
        foreach (var (first, second) in sorted.Zip(sorted.Skip(1)))
        {
            if (first.Entry.Path != second.Entry.Path)
                continue;
            var (datum, other, path) = (first.Entry.Datum, second.Entry.Datum, Shown(first.Entry.Path));
            throw datum == other
                ? DatasetErrors.DatumTwice.On(Field, first.Number, second.Number, datum, path)
                : DatasetErrors.PathTwice.On(Field, first.Number, second.Number, path, datum, other);
        }

        return [.. sorted.Select(e => e.Entry)];
    }

    static string Shown(string text) => text.Length <= MaxShown ? text
        : $"{text.AsSpan(0, char.IsHighSurrogate(text[MaxShown - 1]) ? MaxShown - 1 : MaxShown)}…";
}
