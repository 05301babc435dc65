using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Azure;
using Azure.Storage.Queues.Models;
using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Tests.Fixtures;

/// <summary>
/// The whole service on a real port, with an Azurite account, an embedded bucket, a store <c>my-bucket</c> of that bucket and a project.
/// The test pumps the queue, message by message. Tests of a class may share the running service and the account, one after the other (see
/// <see cref="SharedService"/>). Each then has a bucket, a store and a project of its own.
/// </summary>
public sealed class TestService : IAsyncDisposable
{
    public const string Token = "a-token-of-the-tests-only";

    /// <summary>The pause between retries. It does not change their number.</summary>
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// How long the service waits for its bucket, and a test for the service. Tests hold requests back while they do something else, which
    /// takes a busy machine long.
    /// </summary>
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    const string StoreSecret = "the-secret-access-key-of-the-store";

    readonly Running running;

    /// <summary>The one that started the service and ends it; null if this one does.</summary>
    readonly TestService? owner;

    /// <summary>The number of lines of the log before the test.</summary>
    readonly int logged;

    TestService(Running running, TestService? owner, BucketServer server, Store store, Project project)
    {
        this.running = running;
        this.owner = owner;
        logged = owner is null ? 0 : running.Logs.Count;
        Server = server;
        Store = store;
        Project = project;
        Storage = StorageAccount.FromConnectionString(Connection, StorageOnDemand.Transport);
        Secrets.Add(Token);
        Secrets.Add(StoreSecret);
        Secrets.Add(Connection.Split(';').Single(p => p.StartsWith("AccountKey=", StringComparison.Ordinal))["AccountKey=".Length..]);
        Http = NewClient();
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Token", Token);
    }

    // A hash costs 0.1 s of processor time at the product's own number of iterations.
    static TestService() => Password.Iterations = 1000;

    public HttpClient Http { get; }

    /// <summary>Texts that must not be in its log when it ends. Texts that its clients send are added automatically.</summary>
    internal Secrets Secrets { get; } = new();

    public BucketServer Server { get; }

    public EmbeddedBucket Bucket => Server.Buckets[Store.Configuration.Bucket];

    /// <summary>The service's way to its storage. The test's own requests use another one.</summary>
    public FaultyTransport Transport => running.Transport;

    /// <summary>The same account, without the faults.</summary>
    public StorageAccount Storage { get; }

    public Store Store { get; }

    public Project Project { get; }

    public IServiceProvider Services => running.App.Services;

    /// <summary>The service's log since the test began.</summary>
    public string Logs => running.Logs.After(logged);

    public string AdoptPath => $"/api/v0/stores/{Store.Id}/adopt/";

    /// <summary>The storage account. A second service that starts with it is a second instance.</summary>
    public string Connection => running.Connection;

    public static Task<TestService> StartAsync(params (string Setting, string Value)[] settings) => StartAsync(null, null, settings);

    /// <param name="connection">Null for an unused account.</param>
    /// <param name="clock">Null for the real time.</param>
    public static Task<TestService> StartAsync(string? connection, TimeProvider? clock, params (string Setting, string Value)[] settings) =>
        StartAsync(connection, clock, _ => { }, settings);

    /// <param name="replace">Registers replacements of the service's own parts.</param>
    public static async Task<TestService> StartAsync(
        string? connection, TimeProvider? clock, Action<IServiceCollection> replace, params (string Setting, string Value)[] settings)
    {
        connection ??= await AzuriteFixture.NewAccountAsync();
        var transport = new FaultyTransport();

        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var logs = new KeptLogs();
        builder.Logging.ClearProviders().AddProvider(logs).AddFilter("Microsoft", LogLevel.Warning);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Access:AdministratorToken"] = Token,
            ["Stores:AllowPrivateEndpoints"] = "true",
            ["Stores:SecretKey"] = Convert.ToBase64String(new byte[32]),
            // Tests are quicker than people, and count writes.
            ["Limits:RequestsPerMinute"] = "100000000",
        });
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Setting, (string?)s.Value)));
        builder.Services.AddSingleton(clock ?? TimeProvider.System);
        builder.Services.AddSingleton(StorageAccount.FromConnectionString(connection, transport, retryDelay: Pause));
        replace(builder.Services);
        builder.Services.TryAddSingleton(
            s => new Buckets(
                StoresRoom.BucketsOptionsOf(s) with { MaxBackoff = Pause, ConnectTimeout = Patience, RequestTimeout = Patience },
                clock: s.GetRequiredService<TimeProvider>()));
        builder.Services.AddDataRegistry(builder.Configuration);
        var app = builder.Build();
        await app.Services.CreateStorageAsync();
        app.MapDataRegistry();
        await app.StartAsync();

        return await NewAsync(new(app, connection, transport, logs), owner: null);
    }

    /// <summary>The same service for another test, with a bucket, a store and a project that no other test has.</summary>
    public Task<TestService> ForTestAsync() => NewAsync(running, owner: this);

    static async Task<TestService> NewAsync(Running running, TestService? owner)
    {
        var services = running.App.Services;
        var server = await BucketServer.StartAsync();
        server.CreateBucket("bucket");
        var store = await services.GetRequiredService<StoreTable>().EnsureAsync(
            new() { Id = Guid.NewGuid(), Name = "my-bucket", Configuration = new("bucket", null, server.Url, "key", StoreSecret, null) },
            default);
        var project = await services.GetRequiredService<ProjectTable>().EnsureAsync(Guid.NewGuid(), "demo", default);
        return new(running, owner, server, store, project);
    }

    /// <summary>A client without a token. Every answer is checked against the OpenAPI document.</summary>
    public HttpClient NewClient() =>
        new(new ContractHandler(Secrets.Watch())) { BaseAddress = new Uri(running.App.Urls.Single()), Timeout = Patience };

    public string Url(string key) => $"s3://{Store.Configuration.Bucket}/{key}";

    public void Put(params string[] keys)
    {
        foreach (var key in keys)
            Bucket.Put(key, System.Text.Encoding.UTF8.GetBytes(key));
    }

    public Task<HttpResponseMessage> AdoptAsync(object body) => Http.PostAsJsonAsync(AdoptPath, body);

    public Task<HttpResponseMessage> AdoptUrlAsync(string url) => AdoptAsync(new { url, project = Project.Id });

    public Task<HttpResponseMessage> AdoptUrlsAsync(IEnumerable<string> urls) => AdoptAsync(new { urls, project = Project.Id });

    /// <summary>Sends a list that becomes a job; returns the job's path.</summary>
    public async Task<string> AcceptAsync(IEnumerable<string> keys)
    {
        using var response = await AdoptUrlsAsync(keys.Select(Url));
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, $"{response.StatusCode}\n{Logs}");
        return response.Headers.Location!.AbsolutePath;
    }

    public async Task<JsonElement> GetAsync(string path, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await Http.GetAsync(new Uri(path, UriKind.RelativeOrAbsolute));
        Assert.True(response.StatusCode == expected, $"{response.StatusCode}\n{Logs}");
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    /// <summary>All results of a list, by following <c>next</c>.</summary>
    public async Task<List<JsonElement>> GetAllAsync(string path)
    {
        var all = new List<JsonElement>();
        for (string? next = path; next is not null;)
        {
            var page = await GetAsync(next);
            all.AddRange(page.GetProperty("results").EnumerateArray());
            next = page.GetProperty("next").GetString();
        }

        return all;
    }

    public Task<List<JsonElement>> GetDatumsAsync() => GetAllAsync($"/api/v0/data/?project={Project.Id}&limit=1000&no_count=true");

    /// <summary>Waiting messages; none if the queue does not exist.</summary>
    public async Task<IReadOnlyList<QueueMessage>> ReceiveAsync(string queue, int visibilitySeconds = 600) =>
        (await Storage.Queues.GetQueueClient(queue).ReceiveMessagesAsync(32, TimeSpan.FromSeconds(visibilitySeconds))).Value;

    /// <summary>Makes received messages visible at once, as if their time were over.</summary>
    public async Task ReleaseAsync(string queue, IEnumerable<QueueMessage> received)
    {
        foreach (var message in received)
            await Storage.Queues.GetQueueClient(queue).UpdateMessageAsync(
                message.MessageId, message.PopReceipt, visibilityTimeout: TimeSpan.Zero);
    }

    /// <summary>
    /// Like <see cref="DrainAsync"/>, but the worker dies after this number of its writes (see <see
    /// cref="FaultyTransport.DieAfter"/>), and the host delivers the message again. Returns whether it died: there may
    /// be fewer writes.
    /// </summary>
    /// <param name="meanwhile">Runs between the two deliveries.</param>
    /// <param name="again">False for a message that is lost.</param>
    public async Task<bool> DrainWithDeathAsync(int writes, Action? meanwhile = null, bool again = true)
    {
        var died = false;
        Transport.DieAfter(writes);
        await DrainAsync(async run =>
        {
            try
            {
                await run();
            }
            catch (Exception) when (Transport.IsDead)
            {
                died = true;
                Transport.Revive();
                meanwhile?.Invoke();
                if (again)
                    await run();
            }
        });
        Transport.Revive();
        return died;
    }

    /// <summary>
    /// Delivers every waiting message, and those that follow from them, until none is left. A failed delivery fails the
    /// test.
    /// </summary>
    /// <param name="deliver">Replaces a single run of the function.</param>
    public Task DrainAsync(Func<Func<Task>, Task>? deliver = null) =>
        DrainWithOthersAsync(run => deliver is null ? run(this) : deliver(() => run(this)));

    /// <summary>The same, with a delivery that also runs on other instances.</summary>
    public async Task DrainWithOthersAsync(Func<Func<TestService, Task>, Task> deliver)
    {
        for (var idle = false; !idle;)
        {
            idle = true;
            foreach (var function in Registry.QueueFunctions)
            {
                foreach (var message in await ReceiveAsync(function.Queue))
                {
                    idle = false;
                    await deliver(on => function.RunAsync(on.Services, new(message.MessageText, message.DequeueCount), default));
                    await Storage.Queues.GetQueueClient(function.Queue).DeleteMessageAsync(message.MessageId, message.PopReceipt);
                }
            }
        }
    }

    /// <summary>The names of all blobs of the project's jobs, and of the requests that are not a job yet.</summary>
    public async Task<List<string>> JobBlobsAsync()
    {
        var names = new List<string>();
        await foreach (var blob in Storage.Blobs.GetBlobContainerClient("adoption").GetBlobsAsync())
        {
            if (IsStaged(blob.Name) || JobOf(blob.Name).Slot == Project.Slot)
                names.Add(blob.Name);
        }

        return names;
    }

    /// <summary>The number of rows of one of the service's tables.</summary>
    public async Task<int> CountRowsAsync(string table)
    {
        if (table != "work")
            return await RowsAsync<RowKeyOnly>(table).CountAsync();
        var count = 0;
        foreach (var job in await BlobJobsAsync())
            count += await RowsAsync<RowKeyOnly>(table, job, job).CountAsync();
        return count;
    }

    /// <summary>All locations of a store.</summary>
    internal async Task<List<LocationRow>> LocationsAsync(Guid store) =>
        await RowsAsync<LocationRow>("locations", $"{store:N}-0", $"{store:N}-f").ToListAsync();

    /// <summary>All rows of the store's locations, or of the project's datums or jobs.</summary>
    internal AsyncPageable<T> RowsAsync<T>(string table)
        where T : TableRow
    {
        var (first, last) = table switch
        {
            "locations" => ($"{Store.Id:N}-0", $"{Store.Id:N}-f"),
            "datums" => ($"{Project.Slot:x3}0", $"{Project.Slot:x3}f"),
            "jobs" => ($"{Project.Slot:x3}", $"{Project.Slot:x3}"),
            _ => throw new ArgumentOutOfRangeException(nameof(table)),
        };
        return RowsAsync<T>(table, first, last);
    }

    /// <summary>
    /// All rows from one partition to another. The service reads one partition at a time on purpose; a test has few rows.
    /// </summary>
    AsyncPageable<T> RowsAsync<T>(string table, string first, string last)
        where T : TableRow =>
        Storage.Tables.GetTableClient(table).QueryAsync<T>(
            TableClient.CreateQueryFilter($"PartitionKey ge {first} and PartitionKey le {last}"), 1000);

    /// <summary>Checks that an adoption left no rows and no blobs of the project behind, and no message.</summary>
    public async Task AssertNothingLeftAsync()
    {
        foreach (var table in new[] { "locations", "datums", "jobs", "work" })
            Assert.Equal(0, await CountRowsAsync(table));
        Assert.Empty(await ReceiveAsync("adopt"));
        Assert.Empty(await JobBlobsAsync());
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (owner is null)
        {
            // Disposal alone breaks off what a request still does after its answer, such as ending its span.
            await running.App.StopAsync();
            await running.App.DisposeAsync();
            Transport.Dispose();
        }
        else
        {
            await ClearAsync(owner);
        }

        await Server.DisposeAsync();
        Assert.Empty(Secrets.In(Logs));
    }

    /// <summary>Leaves nothing to the next test but rows and blobs.</summary>
    async Task ClearAsync(TestService owner)
    {
        // The owner searches the whole log for them, also lines that come after this test.
        owner.Secrets.AddAll(Secrets);
        Transport.Reset();
        foreach (var function in Registry.QueueFunctions)
            await Storage.Queues.GetQueueClient(function.Queue).ClearMessagesAsync();
    }

    // Jobs without blobs have no work rows.
    async Task<IEnumerable<string>> BlobJobsAsync() =>
        (await JobBlobsAsync()).Where(blob => !IsStaged(blob)).Select(blob => JobOf(blob).Value.ToGuid().ToString("N")).Distinct();

    static bool IsStaged(string blob) => blob.StartsWith(JobBlobs.StagingFolder, StringComparison.Ordinal);

    static JobId JobOf(string blob)
    {
        Assert.True(JobId.TryParse(blob[..blob.IndexOf('/')], out var job), blob);
        return job;
    }

    /// <summary>A service that runs, and what belongs to it alone.</summary>
    sealed record Running(WebApplication App, string Connection, FaultyTransport Transport, KeptLogs Logs);
}
