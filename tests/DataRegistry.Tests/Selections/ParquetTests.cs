using System.Text.Json;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Selections;
using DataRegistry.Selections.Exports;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Parquet;
using Parquet.Schema;

namespace DataRegistry.Tests.Selections;

public sealed class ParquetTests(PatientService shared) : IClassFixture<PatientService>
{
    static readonly DateTimeOffset Time = new(2026, 11, 2, 3, 4, 5, 678, TimeSpan.FromHours(2));

    readonly TestService service = shared.Service;

    [Fact]
    public async Task Every_datum_comes_back_from_parquet_field_by_field()
    {
        string[] keys = ["p/plain", "p/with \"quotes\", and commas", "p/line\nbreak", "p/ü😀/ ", "p/plain too"];
        foreach (var key in keys)
            await service.AdoptedAsync(key);
        var ids = (await service.GetAllAsync($"/api/v0/data/?project={service.Project.Id}&limit=100"))
            .ToDictionary(d => d.GetProperty("name").GetString()!, d => d.GetProperty("id").GetString()!);
        await service.Http.StatusAsync("POST", $"/api/v0/data/{ids["plain"]}/metadata/", """{"valohai.tags":["a,b","c\"d","ü"]}""");
        await service.Http.StatusAsync("POST", $"/api/v0/data/{ids["plain too"]}/metadata/", """{"valohai.tags":["one"]}""");
        await service.Http.StatusAsync(
            "POST", "/api/v0/datum-aliases/", $$"""{"name":"named","project":"{{service.Project.Id}}","datum":"{{ids["plain"]}}"}""");
        await service.Http.StatusAsync("POST", $"/api/v0/data/{ids["plain too"]}/purge/");
        Assert.Equal(4, await CompareAsync(new { prefix = "p/" }));
        Assert.Equal(1, await CompareAsync(new { prefix = "p/", purged = true }));
    }

    [Fact]
    public async Task Empty_lists_absent_values_and_many_rows_come_back_as_they_were()
    {
        var random = new Random(1);
        var rows = Enumerable.Range(0, 300).Select(i => Row(i) with
        {
            VersionId = i % 2 == 0 ? null : $"v{i}",
            LastModified = i % 3 == 0 ? null : Time.AddMinutes(i),
            Md5 = i % 5 == 0 ? null : $"{i:x32}",
            Tags = [.. Enumerable.Range(0, i % 4).Select(n => $"tag {n} of {i}")],
            Aliases = [.. Enumerable.Range(0, random.Next(3)).Select(n => $"alias-{n}-{i}")],
            Purged = i % 7 == 0 ? Time.AddTicks(10 * i) : null,
        }).ToList();
        // A row that is mostly its key: the rows fill more than one group, and more than one file.
        rows.AddRange(Enumerable.Range(300, 5000).Select(i => Row(i) with { Key = Convert.ToHexString(Bytes(random)) }));
        const int fileBytes = 6_000_000;
        var (streams, files) = await WriteAsync(rows, fileBytes);
        Assert.InRange(files.Count, 2, 4);
        Assert.All(files.Zip(streams), pair => Assert.Equal(pair.First.Bytes, pair.Second.ToArray().Length));
        Assert.All(files, file => Assert.InRange(file.Bytes, 1, fileBytes));
        var read = new List<Dictionary<string, object?>>();
        foreach (var stream in streams)
            read.AddRange(await TestParquet.ReadAsync(stream.ToArray()));
        Assert.Equal(rows.Count, read.Count);
        foreach (var (row, columns) in rows.Zip(read))
            AssertRow(row, columns);
        await using var first = await ParquetReader.CreateAsync(new MemoryStream(streams[0].ToArray()));
        Assert.InRange(first.RowGroupCount, 2, 10);
    }

    [Fact]
    public void Columns_are_the_properties_of_a_line_of_json_and_have_types()
    {
        Assert.Equal(
            ExportRow.Table.Json.Properties.Select(p => p.Name), ExportRow.Table.Columns.Select(c => c.Name));
        var schema = ExportRow.Table.Schema.Fields.ToDictionary(f => f.Name);
        Assert.Equal(typeof(long), ((DataField)schema["size"]).ClrType);
        Assert.Equal(typeof(DateTime), ((DataField)schema["ctime"]).ClrType);
        Assert.Equal(DateTimeTimeUnit.Micros, ((DateTimeDataField)schema["last_modified"]).Unit);
        Assert.IsType<ListField>(schema["tags"]);
        Assert.False(schema["key"].IsNullable);
        Assert.True(schema["md5"].IsNullable);
    }

    /// <summary>Exports a selection, and compares it with the rows of its datums; how many it had.</summary>
    async Task<int> CompareAsync(object filter)
    {
        var selection = await service.SelectAsync(filter);
        var job = await service.ActedAsync(selection, "export", """{"format":"parquet"}""");
        var rows = new List<Dictionary<string, object?>>();
        foreach (var file in job.GetProperty("files").EnumerateArray())
        {
            Assert.EndsWith(".parquet", file.GetProperty("name").GetString(), StringComparison.Ordinal);
            using var stranger = service.NewClient();
            rows.AddRange(await TestParquet.ReadAsync(await stranger.GetByteArrayAsync(new Uri(file.GetProperty("url").GetString()!))));
        }

        var aliases = service.Services.GetRequiredService<AliasTable>();
        foreach (var columns in rows)
        {
            Assert.True(DatumId.TryParse((string)columns["id"]!, out var id));
            var datum = await service.Services.GetRequiredService<DatumTable>().FindAsync(id, default);
            var names = (await aliases.NamesAsync([id], default))[id];
            AssertRow(ExportRow.From(datum!, names, new Dictionary<Guid, DateTimeOffset>()), columns);
        }

        return rows.Count;
    }

    static void AssertRow(ExportRow row, Dictionary<string, object?> columns)
    {
        // By the properties' own names, not by the table's functions.
        foreach (var property in typeof(ExportRow).GetProperties())
        {
            var name = JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name);
            object? expected = property.GetValue(row) switch
            {
                DateTimeOffset time => new DateTime(time.UtcTicks / 10 * 10),
                IReadOnlyList<string> texts => texts.ToArray(),
                var value => value,
            };
            Assert.True(columns.Remove(name, out var actual), $"There is no column {name}");
            Assert.Equal(expected, actual);
        }

        Assert.Empty(columns);
    }

    static async Task<(List<MemoryStream> Streams, IReadOnlyList<ExportedFile> Files)> WriteAsync(
        IEnumerable<ExportRow> rows, long fileBytes)
    {
        var streams = new List<MemoryStream>();
        var range = WorkTable.NewRange(JobId.Create(Time, 1), 0, 0, 1);
        await using var files = new WindowFiles<ExportRow>(range, fileBytes, (number, _) =>
        {
            streams.Add(new MemoryStream());
            return Task.FromResult(ExportFile<ExportRow>.Open($"{number}", streams[^1], ExportFormat.Parquet, ExportRow.Table));
        });
        foreach (var row in rows)
            await files.AddAsync(row, default);
        return (streams, ExportFiles.Read((await files.CompleteAsync(results: null, default))!.Files!));
    }

    static ExportRow Row(int i) => new(
        $"id-{i}", $"name-{i}", $"s3://bucket/{i}", "store", $"{i}", i * 1_000_000_000L, $"etag-{i}", null, Time.AddMilliseconds(i), null,
        "STANDARD", null, null, null, [], [], "none", null, "job", "alice");

    static byte[] Bytes(Random random)
    {
        var bytes = new byte[1000];
        random.NextBytes(bytes);
        return bytes;
    }
}
