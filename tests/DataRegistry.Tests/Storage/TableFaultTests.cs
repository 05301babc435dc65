using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Text;
using Azure;
using Azure.Core.Pipeline;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Storage;

/// <summary>Faults that a healthy server does not show: lost answers, throttling, broken bodies.</summary>
[Collection(AzuriteTests.Name)]
public sealed class TableFaultTests(AzuriteFixture azurite) : IAsyncLifetime
{
    readonly string name = AzuriteFixture.NewTableName();

    public Task InitializeAsync() => azurite.Account.Tables.GetTableClient(name).CreateIfNotExistsAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    static Note Row(string key, string? text = null) => new() { PartitionKey = "p", RowKey = key, Text = text };

    TableClient Faulty(FaultyHandler handler, int maxRetries = 5)
    {
        var options = StorageAccount.TableOptions();
        options.Transport = new HttpClientTransport(new HttpClient(handler));
        options.Retry.MaxRetries = maxRetries;
        options.Retry.Delay = TimeSpan.FromMilliseconds(1);
        options.Retry.MaxDelay = TimeSpan.FromMilliseconds(2);
        return new TableServiceClient(azurite.ConnectionString, options).GetTableClient(name);
    }

    static HttpResponseMessage Status(int status) => new((HttpStatusCode)status) { Content = new StringContent("") };

    internal static HttpResponseMessage Answer(string body)
    {
        var content = new StringContent(body);
        content.Headers.Remove("Content-Type");
        content.Headers.TryAddWithoutValidation("Content-Type", "multipart/mixed; boundary=batchresponse_1");
        return new(HttpStatusCode.Accepted) { Content = content };
    }

    internal static HttpResponseMessage Inside(int status, string code, string index = "0:") => Answer(
            $"--batchresponse_1\r\nContent-Type: multipart/mixed; "
                + $"boundary=changesetresponse_1\r\n\r\n--changesetresponse_1\r\nContent-Type: "
                + $"application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nHTTP/1.1 {status} Busy\r\nContent-Type: "
                + "application/json\r\n\r\n" +
            "{\"odata.error\":{\"code\":\"" + code + "\",\"message\":{\"lang\":\"en-US\",\"value\":\"" + index + "Later.\\nTime:now\"}}}" +
            "\r\n--changesetresponse_1--\r\n--batchresponse_1--\r\n");

    [Fact]
    public async Task An_insert_whose_answer_was_lost_finds_its_own_row()
    {
        using var handler = new FaultyHandler { LoseAnswers = 1 };
        var table = Faulty(handler);
        Assert.Equal(TableOutcome.AlreadyExists, (await table.TryAddAsync(Row("r", "ours"))).Outcome);
        Assert.Equal("ours", (await table.FindAsync<Note>("p", "r"))!.Text);
        Assert.Equal(3, handler.Requests);
    }

    [Fact]
    public async Task A_transaction_whose_answer_was_lost_finds_its_own_rows()
    {
        using var handler = new FaultyHandler { LoseAnswers = 1 };
        var table = Faulty(handler);
        var result = await table.TrySubmitAsync([Change.Add(Row("1", "ours")), Change.Add(Row("2", "ours"))]);
        Assert.Equal((TableOutcome.AlreadyExists, 0), (result.Outcome, result.FailedIndex));
        Assert.All((await table.QueryPageAsync<Note>(new TableRange("p"))).Values, row => Assert.Equal("ours", row.Text));
    }

    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task What_passes_by_itself_is_tried_again(int status)
    {
        using var handler = new FaultyHandler { Answers = { () => Status(status), () => Status(status) } };
        Assert.True((await Faulty(handler).TryAddAsync(Row("r"))).IsDone);
        Assert.Equal(3, handler.Requests);
    }

    [Fact]
    public async Task A_page_that_breaks_off_and_a_throttled_one_are_read_again()
    {
        using var handler = new FaultyHandler();
        var table = Faulty(handler);
        await table.TrySubmitAsync([.. Enumerable.Range(0, 100).Select(i => Change.Add(Row($"{i:D3}", new string('x', 500))))]);
        var half = Encoding.UTF8.GetBytes(
            $"{{\"value\":[{string.Join(
                ',',
                Enumerable.Range(0, 50).Select(
                    i => $"{{\"PartitionKey\":\"p\",\"RowKey\":\"{i:D3}\",\"Text\":\"{new string('x', 500)}\"}}"))},");
        handler.Answers.Add(() => new(HttpStatusCode.OK) { Content = new StreamContent(new BrokenStream(half)) });
        handler.Answers.Add(() => Status(503));
        var before = handler.Requests;
        Assert.Equal(100, (await table.QueryPageAsync<Note>(new TableRange("p"))).Values.Count);
        Assert.Equal(before + 3, handler.Requests);
    }

    [Fact]
    public async Task Throttling_without_end_is_an_error_after_the_retries()
    {
        using var handler = new FaultyHandler { Answers = { () => Status(503), () => Status(503), () => Status(503) } };
        var error = await Assert.ThrowsAnyAsync<RequestFailedException>(() => Faulty(handler, maxRetries: 2).TryAddAsync(Row("r")));
        Assert.Equal((503, 3), (error.Status, handler.Requests));
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_an_error_after_the_retries()
    {
        using var handler = new FaultyHandler { LoseAnswers = 9 };
        await Assert.ThrowsAnyAsync<RequestFailedException>(() => Faulty(handler, maxRetries: 2).TryAddAsync(Row("r")));
        Assert.Equal(3, handler.Requests);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    public async Task Throttling_inside_an_accepted_transaction_is_tried_again(int status)
    {
        using var handler = new FaultyHandler { Answers = { () => Inside(status, "ServerBusy") } };
        Assert.True((await Faulty(handler).TrySubmitAsync([Change.Add(Row("r")), Change.Add(Row("s"))])).IsDone);
        Assert.Equal(2, handler.Requests);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Throttling_inside_a_transaction_without_end_is_an_error(int maxRetries)
    {
        using var handler = new FaultyHandler();
        handler.Answers.AddRange(Enumerable.Repeat(() => Inside(503, "ServerBusy"), 9));
        var error = await Assert.ThrowsAnyAsync<RequestFailedException>(
            () => Faulty(handler, maxRetries).TrySubmitAsync([Change.Add(Row("r")), Change.Add(Row("s"))]));
        Assert.Equal((503, maxRetries + 1), (error.Status, handler.Requests));
    }

    [Theory]
    [InlineData(403, "AuthorizationFailure")]
    [InlineData(409, "TableBeingDeleted")]
    [InlineData(404, "TableNotFound")]
    public async Task Other_refusals_inside_a_transaction_are_errors_and_not_tried_again(int status, string code)
    {
        using var handler = new FaultyHandler { Answers = { () => Inside(status, code) } };
        var error = await Assert.ThrowsAnyAsync<RequestFailedException>(
            () => Faulty(handler).TrySubmitAsync([Change.Add(Row("r")), Change.Add(Row("s"))]));
        Assert.Equal((status, code, 1), (error.Status, error.ErrorCode, handler.Requests));
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n")]
    [InlineData("HTTP/1.1 oops\r\n\r\n")]
    public async Task An_answer_that_lacks_parts_is_never_success(string body)
    {
        using var handler = new FaultyHandler();
        handler.Answers.AddRange(Enumerable.Repeat(() => Answer(body), 9));
        await Assert.ThrowsAnyAsync<RequestFailedException>(
            () => Faulty(handler, maxRetries: 1).TrySubmitAsync([Change.Add(Row("1")), Change.Add(Row("2"))]));
    }

    [Fact]
    public async Task A_transaction_whose_answer_breaks_off_is_sent_again()
    {
        using var handler = new FaultyHandler { Answers = { () => Answer("--batchresponse_1\r\nContent-Type: mult") } };
        Assert.True((await Faulty(handler).TrySubmitAsync([Change.Add(Row("1")), Change.Add(Row("2"))])).IsDone);
        Assert.Equal(2, handler.Requests);
    }

    [Fact]
    public async Task A_refusal_that_names_no_action_is_of_the_first()
    {
        using var handler = new FaultyHandler { Answers = { () => Inside(409, "EntityAlreadyExists", index: "") } };
        var result = await Faulty(handler).TrySubmitAsync([Change.Add(Row("1")), Change.Add(Row("2"))]);
        Assert.Equal((TableOutcome.AlreadyExists, 0), (result.Outcome, result.FailedIndex));
    }

    [Fact]
    public async Task Expected_refusals_make_no_span_of_the_package()
    {
        var spans = new List<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name.StartsWith("Azure.Data.Tables", StringComparison.Ordinal),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => { lock (spans) spans.Add(activity.OperationName); },
        };
        ActivitySource.AddActivityListener(listener);
        using var handler = new FaultyHandler();
        var table = Faulty(handler);
        await table.TryAddAsync(Row("r"));
        Assert.Equal(TableOutcome.AlreadyExists, (await table.TryAddAsync(Row("r"))).Outcome);
        Assert.Empty(spans);
    }

    [Fact]
    public async Task Expected_refusals_are_sent_once()
    {
        using var handler = new FaultyHandler();
        var table = Faulty(handler);
        await table.TryAddAsync(Row("r"));
        Assert.Equal(TableOutcome.AlreadyExists, (await table.TryAddAsync(Row("r"))).Outcome);
        Assert.Equal(
            TableOutcome.Changed,
            (await table.TryUpdateAsync(Row("r"), new ETag("W/\"datetime'2000-01-01T00%3A00%3A00.0000000Z'\""))).Outcome);
        Assert.Null(await table.FindAsync<Note>("p", "none"));
        Assert.Equal(4, handler.Requests);
    }

    [Fact]
    public async Task A_page_may_be_empty_and_yet_have_a_continuation()
    {
        static HttpResponseMessage Empty()
        {
            var response = new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent("""{"odata.metadata":"x","value":[]}"""),
            };
            response.Headers.Add("x-ms-continuation-NextPartitionKey", "p");
            response.Headers.Add("x-ms-continuation-NextRowKey", "1!8!a+b=&c");
            return response;
        }

        using var handler = new FaultyHandler
        {
            Answers = { Empty, Empty, () => Status(200, """{"value":[{"PartitionKey":"p","RowKey":"r"}]}""") },
        };
        Assert.Equal("r", (await Faulty(handler).ReadAsync<Note>(new TableRange("p")).SingleAsync()).RowKey);
        Assert.EndsWith("&NextPartitionKey=p&NextRowKey=1%218%21a%2Bb%3D%26c", handler.LastAddress, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_out_of_order_are_noticed()
    {
        using var handler = new FaultyHandler
        {
            Answers = { () => Status(200, """{"value":[{"PartitionKey":"p","RowKey":"b"},{"PartitionKey":"p","RowKey":"a"}]}""") },
        };
        await Assert.ThrowsAsync<InvalidOperationException>(() => Faulty(handler).QueryPageAsync<Note>(new TableRange("p")));
    }

    [Fact]
    public async Task Every_request_is_counted_once_retries_too()
    {
        var counted = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
                { if (instrument.Name is "dataregistry.table.requests") { self.EnableMeasurementEvents(instrument); } },
        };
        listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
        {
            var named = tags.ToArray().ToDictionary(tag => tag.Key, tag => $"{tag.Value}", StringComparer.Ordinal);
            if (string.Equals(named["table"], name, StringComparison.Ordinal))
            {
                lock (counted)
                {
                    counted.Add($"{named["operation"]} {named["status"]} {count}");
                }
            }
        });
        listener.Start();
        using var handler = new FaultyHandler { Answers = { () => Status(503) } };
        var table = Faulty(handler);
        var write = await table.TryAddAsync(Row("r"));
        await table.TryAddAsync(Row("r"));
        write = await table.TryUpdateAsync(Row("r"), write.ETag);
        write = await table.TryUpdateAsync(Row("r"), write.ETag, TableUpdateMode.Merge);
        await table.FindAsync<Note>("p", "r");
        await table.QueryPageAsync<Note>(new TableRange("p"));
        await table.TryDeleteAsync("p", "r", write.ETag);
        handler.LoseAnswers = 1;
        await table.TrySubmitAsync([Change.Add(Row("t")), Change.Add(Row("u"))]);
        Assert.Equal(
            ["insert 503 "
                + "1", "insert 204 1", "insert 409 1", "update 204 1", "merge 204 1", "get 200 1", "query 200 1", "delete 204 1",
                "transaction 0 1", "transaction 202 1"],
            counted, StringComparer.Ordinal);
    }

    static HttpResponseMessage Status(int status, string body) => new((HttpStatusCode)status) { Content = new StringContent(body) };

    /// <summary>A connection that is cut after some bytes.</summary>
    sealed class BrokenStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override int Read(byte[] buffer, int offset, int count) =>
            base.Read(buffer, offset, count) is > 0 and var read ? read : throw new IOException("Cut.");

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            Task.Run(() => Read(buffer, offset, count), cancellationToken);
    }
}
