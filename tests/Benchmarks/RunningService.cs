using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.LocalHost;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Benchmarks;

/// <summary>
/// The whole service in this process, on a real port, with LocalHost's queue listener. It uses the settings of
/// <c>host.json</c>, but polls an empty queue more often, because a pause before the work would distort the result. It
/// does not poll much more often, because the emulator answers one request at a time for all three services.
/// Environment variables can change settings.
/// </summary>
sealed class RunningService : IAsyncDisposable
{
    public const string Token = "a-token-of-the-benchmarks-only";
    static readonly TimeSpan QueuePause = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan JobPause = TimeSpan.FromMilliseconds(50);

    readonly WebApplication app;
    readonly string adoptPath;

    RunningService(WebApplication app, Store store)
    {
        this.app = app;
        adoptPath = $"/api/v0/stores/{store.Id}/adopt/";
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()), Timeout = Timeout.InfiniteTimeSpan };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Token", Token);
    }

    public HttpClient Http { get; }

    public string Url => app.Urls.Single();

    public IServiceProvider Services => app.Services;

    public static string SecretKey { get; } = Convert.ToBase64String(new byte[32]);

    /// <summary>The same in every process.</summary>
    public static Guid ProjectId { get; } = new("5b0c1c5e-3b1a-4d8e-9f0a-2d6f7a8b9c0d");

    public static Task<RunningService> StartAsync(Arena arena, Store store, CancellationToken cancellationToken) =>
        StartAsync(arena.Connection, store, cancellationToken);

    /// <summary>Resumes the jobs of a killed process at once, as LocalHost does.</summary>
    /// <param name="transport">In place of the account's own; null for that.</param>
    public static async Task<RunningService> StartAsync(
        string connection, Store store, CancellationToken cancellationToken, CountingTransport? transport = null)
    {
        // Use the app's own folder as content root: settings are watched for changes, with all folders beside them.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["Access:AdministratorToken"] = Token,
            ["Stores:AllowPrivateEndpoints"] = "true",
            ["Stores:SecretKey"] = SecretKey,
        });
        builder.Services.AddSingleton(StorageAccount.FromConnectionString(connection, transport));
        builder.Services.AddDataRegistry(builder.Configuration);
        builder.Services.AddSingleton<IHostedService>(services => new QueueListener(
            connection, Registry.QueueFunctions, services, queues => queues.MaxPollingInterval = QueuePause));

        var app = builder.Build();
        await app.Services.CreateStorageAsync(cancellationToken);
        await app.Services.ResumeJobsAsync(cancellationToken);
        app.MapDataRegistry();
        app.MapGet("/allocated", () => GC.GetTotalAllocatedBytes());
        app.MapGet("/received", () => transport?.Received ?? 0);
        await app.StartAsync(cancellationToken);
        await app.Services.GetRequiredService<ProjectTable>().EnsureAsync(ProjectId, "benchmark", cancellationToken);
        await app.Services.GetRequiredService<StoreTable>().EnsureAsync(store, cancellationToken);
        return new(app, store);
    }

    /// <summary>A part of the service, to fill its tables with.</summary>
    public T Find<T>() where T : notnull => app.Services.GetRequiredService<T>();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        // Disposal alone does not stop the listener, which would go on polling a deleted storage account.
        await app.StopAsync();
        await app.DisposeAsync();
    }

    /// <summary>One immediate adoption. Any result except creation is an error.</summary>
    public async Task AdoptOneAsync(string url, CancellationToken cancellationToken)
    {
        using var response = await Http.PostAsJsonAsync(adoptPath, new { url, project = ProjectId }, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK)
            throw new WrongResultException($"{url}: {response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}");
    }

    /// <summary>
    /// Sends a list that becomes a job and waits for its end; returns the time until it was accepted, and its counts.
    /// </summary>
    public async Task<(TimeSpan Accepted, JsonElement Counts)> AdoptListAsync(byte[] body, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        using var response = await Http.PostAsync(adoptPath, content, cancellationToken);
        if (response.StatusCode != HttpStatusCode.Accepted)
            throw new WrongResultException(
                $"The list was not accepted: {response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}");
        var accepted = watch.Elapsed;
        var job = await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        await FinishedAsync(job.GetProperty("id").GetString()!, cancellationToken);
        using var uncounted = RequestCounter.Uncounted();
        var end = await Http.GetFromJsonAsync<JsonElement>(response.Headers.Location, cancellationToken);
        return (accepted, end.GetProperty("counts"));
    }

    /// <summary>
    /// Reads the job's row directly. The endpoint would also read the work rows each time, and its requests would count
    /// as the job's.
    /// </summary>
    async Task FinishedAsync(string id, CancellationToken cancellationToken)
    {
        using var uncounted = RequestCounter.Uncounted();
        var jobs = app.Services.GetRequiredService<JobTable>();
        if (!JobId.TryParse(id, out var jobId))
            throw new WrongResultException($"'{id}' is no job id.");
        while (await jobs.FindAsync(jobId, cancellationToken) is not { } job || !job.Status.IsTerminal())
            await Task.Delay(JobPause, cancellationToken);
    }
}
