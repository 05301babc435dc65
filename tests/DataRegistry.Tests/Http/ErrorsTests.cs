using Azure;
using DataRegistry.Http;
using DataRegistry.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Http;

/// <summary>Distinguishes faults of the storage, which a client may retry, from this service's own.</summary>
public sealed class ErrorsTests
{
    [Theory]
    [InlineData(0, 503)]
    [InlineData(408, 503)]
    [InlineData(429, 503)]
    [InlineData(500, 503)]
    [InlineData(502, 503)]
    [InlineData(503, 503)]
    [InlineData(504, 503)]
    [InlineData(400, 500)]
    [InlineData(403, 500)]
    public async Task What_passes_by_itself_is_503_also_after_several_tries(int status, int expected)
    {
        var last = new RequestFailedException(status, "Not now.");
        Assert.Equal(expected, await StatusAsync(() => throw last));
        Assert.Equal(expected, await StatusAsync(() => throw new AggregateException(new InvalidOperationException(), last)));
    }

    [Fact]
    public async Task An_account_that_cannot_be_reached_is_503_whichever_of_its_services_it_is()
    {
        const string nobody = "http://127.0.0.1:1/account";
        var storage = StorageAccount.FromConnectionString(
            $"DefaultEndpointsProtocol=http;AccountName=account;AccountKey=AAAA;BlobEndpoint={nobody};"
            + $"QueueEndpoint={nobody};TableEndpoint={nobody}",
            retryDelay: TimeSpan.FromMilliseconds(1));
        Assert.Equal(503, await StatusAsync(() => storage.Blobs.GetBlobContainerClient("adoption").GetPropertiesAsync()));
        Assert.Equal(503, await StatusAsync(() => storage.Queues.GetQueueClient("adopt").GetPropertiesAsync()));
        Assert.Equal(503, await StatusAsync(() => storage.Tables.GetTableClient("jobs").CreateIfNotExistsAsync(default)));
    }

    [Fact]
    public async Task What_nobody_expected_is_500()
    {
        Assert.Equal(500, await StatusAsync(() => throw new InvalidOperationException()));
        Assert.Equal(
            500,
            await StatusAsync(
                () => throw new AggregateException(new RequestFailedException(0, "First."), new InvalidOperationException())));
        Assert.Equal(500, await StatusAsync(() => throw new AggregateException()));
    }

    static async Task<int> StatusAsync(Func<Task> answer)
    {
        await using var services = new ServiceCollection().AddLogging().BuildServiceProvider();
        var app = new ApplicationBuilder(services);
        app.UseApiErrors().Run(_ => answer());
        var context = new DefaultHttpContext { RequestServices = services };
        await app.Build()(context);
        return context.Response.StatusCode;
    }
}
