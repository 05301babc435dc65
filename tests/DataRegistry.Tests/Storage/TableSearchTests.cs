using System.Globalization;
using Azure.Core.Pipeline;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Storage;

/// <summary>
/// Finds many rows of a partition by their keys: exactly those that exist, with no more requests than there are keys.
/// </summary>
public sealed class TableSearchTests(TableSearchTests.FilledTable filled) : IClassFixture<TableSearchTests.FilledTable>
{
    const int Rows = 2000;

    readonly CountingHandler sent = filled.Sent;
    readonly TableClient table = filled.Table;

    /// <summary>The rows of all tests, which only read them.</summary>
    public sealed class FilledTable : IAsyncLifetime
    {
        internal CountingHandler Sent { get; } = new();

        internal TableClient Table { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            var storage = StorageAccount.FromConnectionString(
                await AzuriteFixture.NewAccountAsync(), new HttpClientTransport(new HttpClient(Sent)));
            Table = storage.Tables.GetTableClient(AzuriteFixture.NewTableName());
            await Table.CreateIfNotExistsAsync();
            foreach (var chunk in Enumerable.Range(0, Rows).Chunk(Tables.MaxTransactionActions))
                Assert.True((await Table.TrySubmitAsync(
                    [.. chunk.Select(n => Change.Add(new Note { PartitionKey = "p", RowKey = Key(n) }))])).IsDone);
            // A row of another kind, beyond the end.
            Assert.True((await Table.TryAddAsync(new Note { PartitionKey = "p", RowKey = "x" })).IsDone);
        }

        public Task DisposeAsync()
        {
            Sent.Dispose();
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task Rows_that_lie_close_together_are_read_a_thousand_at_a_time()
    {
        Assert.Equal(2, await RequestsAsync([.. Enumerable.Range(0, Rows).Select(Key)]));
        Assert.Equal(1, await RequestsAsync([.. Enumerable.Range(0, 20).Select(n => Key(500 + n))]));
    }

    [Fact]
    public async Task Rows_that_lie_far_apart_are_read_one_by_one_and_nothing_else_with_them()
    {
        var points = sent.Points;
        Assert.Equal(1, await RequestsAsync([Key(7)]));
        Assert.Equal(points + 1, sent.Points);
        // A page of forty rows for the first two of them, one of eight for the third; eight by themselves; a page once
        // more; and the remaining eight.
        Assert.Equal(19, await RequestsAsync([.. Enumerable.Range(0, 20).Select(n => Key(20 * n))]));
        Assert.Equal(points + 1 + 16, sent.Points);
    }

    [Fact]
    public async Task After_those_that_lie_far_apart_others_are_read_by_the_page_again()
    {
        var apart = Enumerable.Range(0, 20).Select(n => 50 * n);
        var close = Enumerable.Range(1000, 20);
        // As above, up to the eighth of the close ones; and two pages, the second of which is larger.
        Assert.Equal(29, await RequestsAsync([.. apart.Concat(close).Select(Key)]));
    }

    [Fact]
    public async Task Keys_that_no_row_has_are_left_out()
    {
        Assert.Equal(1, await RequestsAsync([.. Enumerable.Range(0, 50).Select(n => $"{Key(100)}-{n:D2}")]));
        Assert.Equal(3, await RequestsAsync(["1", "2", "3"]));
        Assert.Equal(1, await RequestsAsync(["y1", "y2"], before: null));
        Assert.Equal(1, await RequestsAsync(["nothing"]));
    }

    [Fact]
    public async Task Whatever_is_wanted_is_found_for_a_request_each_at_most()
    {
        var random = new Random(5);
        for (var turn = 0; turn < 30; turn += 3)
        {
            // Dense and sparse stretches, and stretches of missing keys.
            var wanted = new SortedSet<string>(StringComparer.Ordinal);
            for (var n = random.Next(20); n < Rows; n += random.Next(8) == 0 ? random.Next(200) : random.Next(1, 1 + turn))
                wanted.Add(random.Next(5) == 0 ? $"{Key(n)}-" : Key(n));
            Assert.InRange(await RequestsAsync([.. wanted]), 1, wanted.Count);
        }
    }

    /// <summary>The number of requests.</summary>
    async Task<int> RequestsAsync(string[] wanted, string? before = "x")
    {
        var requests = sent.Requests;
        var found = await table.FindManyAsync<Note>("p", wanted, before: before);
        Assert.Equal(wanted.Where(key => key.Length == 4), found.Keys.Order(StringComparer.Ordinal));
        Assert.All(found, row => Assert.Equal(row.Key, row.Value.RowKey));
        return sent.Requests - requests;
    }

    static string Key(int n) => n.ToString("D4", CultureInfo.InvariantCulture);

    internal sealed class CountingHandler() : DelegatingHandler(new SocketsHttpHandler())
    {
        public int Requests { get; private set; }

        /// <summary>Requests for one row by its key.</summary>
        public int Points { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests++;
            if (request.Method == HttpMethod.Get && request.RequestUri!.AbsolutePath.Contains("RowKey=", StringComparison.Ordinal))
                Points++;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
