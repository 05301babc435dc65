using DataRegistry.Datasets;
using DataRegistry.Organization;

namespace DataRegistry.Tests.Datasets;

/// <summary>The rules of input, without a service.</summary>
public sealed class DatasetParserTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("images/0001 ü.png", true)]
    [InlineData("a//b", true)]
    [InlineData("...", true)]
    [InlineData("a/..b/.c", true)]
    [InlineData("a\\b?c#d", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("/a", false)]
    [InlineData(".", false)]
    [InlineData("a/../b", false)]
    [InlineData("a/.", false)]
    [InlineData("a\\..\\b", false)]
    [InlineData("\\a", false)]
    [InlineData("C:/a", false)]
    [InlineData("a\tb", false)]
    [InlineData("a\u0085", false)]
    public void A_path_leads_nowhere_else(string? text, bool isValid) => Assert.Equal(isValid, DatasetPath.IsValid(text));

    [Fact]
    public void Half_of_a_surrogate_pair_is_no_text()
    {
        Assert.False(DatasetPath.IsValid("a\ud800"));
        Assert.False(DatumReference.TryParse("\ud800", out _));
        Assert.False(DatasetUri.TryParse("dataset://a/\ud800", out _));
    }

    [Fact]
    public void A_path_has_as_many_bytes_as_a_key()
    {
        Assert.True(DatasetPath.IsValid(new string('ü', 512)));
        Assert.False(DatasetPath.IsValid(new string('ü', 513)));
    }

    [Theory]
    [InlineData("data/a", "", null, "data/a")]
    [InlineData("data/a", "data/", null, "a")]
    [InlineData("data/a", "data/", "a", "a")]
    [InlineData("data/root/a", "data/", "root/", "a")]
    [InlineData("data/root/a", "", "root/", "data/root/a")]
    [InlineData("data/rooted/a", "data/", "root/", "rooted/a")]
    // A prefix that ends within a name leaves the name whole.
    [InlineData("data/training/a", "data/train", null, "training/a")]
    // A folder's own key stays as it is.
    [InlineData("data/root/", "data/", "root/", "root/")]
    [InlineData("data/", "data/", null, "data/")]
    public void A_key_makes_the_path_below_prefix_and_root(string key, string prefix, string? root, string path) =>
        Assert.Equal(path, DatasetPath.Of(key, prefix, root));

    [Theory]
    [InlineData("a", "a/")]
    [InlineData("a/b/", "a/b/")]
    [InlineData("/", null)]
    [InlineData("/a", null)]
    [InlineData("a//", null)]
    [InlineData("a/../", null)]
    public void A_root_ends_with_a_slash(string text, string? root) =>
        Assert.Equal(root, DatasetPath.TryParseRoot(text, out var parsed) ? parsed : null);

    [Theory]
    [InlineData("dataset://a/b", "a", "b")]
    [InlineData("dataset://street signs/v1.0", "street signs", "v1.0")]
    [InlineData("dataset://a/latest", "a", "latest")]
    [InlineData("dataset://a", null, null)]
    [InlineData("dataset://a/", null, null)]
    [InlineData("dataset:///b", null, null)]
    [InlineData("dataset://a/b/c", null, null)]
    [InlineData("DATASET://a/b", null, null)]
    [InlineData("datum://a/b", null, null)]
    [InlineData("dataset://a%20b/c", null, null)]
    [InlineData(null, null, null)]
    public void A_uri_has_a_dataset_and_a_version(string? text, string? dataset, string? version)
    {
        Assert.Equal(dataset is not null, DatasetUri.TryParse(text, out var uri));
        if (dataset is null)
            return;
        Assert.Equal((dataset, version), (uri.Dataset.Value, uri.Version.Value));
        Assert.Equal(text, uri.ToString());
        Assert.Equal(version == "latest", uri.IsLatest);
    }

    [Theory]
    [InlineData("01a20204-270c-0009-aab0-b2ea25abcaa8", typeof(DatumReference.ById))]
    [InlineData("datum://01A20204270C0009AAB0B2EA25ABCAA8", typeof(DatumReference.ById))]
    [InlineData("alias", typeof(DatumReference.ByAlias))]
    [InlineData("datum://alias", typeof(DatumReference.ByAlias))]
    // Aliases of former releases have such names.
    [InlineData("alias:1", typeof(DatumReference.ByAlias))]
    [InlineData("s3://bucket/a/b?c", typeof(DatumReference.ByUrl))]
    [InlineData("s3://bucket", null)]
    [InlineData("s3:/bucket/a", null)]
    [InlineData("datum://", null)]
    [InlineData("a/b", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_datum_is_named_by_id_alias_or_url(string? text, Type? kind)
    {
        Assert.Equal(kind is not null, DatumReference.TryParse(text, out var reference));
        Assert.Equal(kind, reference?.GetType());
    }

    [Fact]
    public void Ids_of_versions_sort_by_time_within_their_dataset_both_ways()
    {
        var project = new Project(Guid.NewGuid(), "p", Slot: 0xabc, Guid.NewGuid(), Guid.NewGuid());
        var start = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        var dataset = DatasetId.Create(start, project);
        // A tenth of a microsecond, a millisecond and a year apart.
        var ids = new[] { start, start.AddTicks(1), start.AddMilliseconds(1), start.AddYears(1) }
            .Select(time => DatasetVersionId.Create(time, dataset)).ToList();
        Assert.All(ids, id => Assert.Equal(("abc", dataset.Mark), (id.Partition, id.Ascending[..10])));
        Assert.All(ids, id => Assert.True(DatasetVersionId.IsPlace(id.Ascending[11..])));
        Assert.Equal(ids, ids.OrderBy(id => id.Ascending, StringComparer.Ordinal));
        Assert.Equal(Enumerable.Reverse(ids), ids.OrderBy(id => id.Descending, StringComparer.Ordinal));
        Assert.Equal(ids[0], DatasetVersionId.TryParse(ids[0].ToString(), out var parsed) ? parsed : default);
    }
}
