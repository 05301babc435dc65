using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Selections;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Selections;

/// <summary>A service whose requests freeze their selections themselves, even on a slow machine.</summary>
public sealed class PatientService : SharedService
{
    protected override void Replace(IServiceCollection services) =>
        services.AddSingleton(new SelectionLimits { AtOnce = TimeSpan.FromHours(1) });
}

static class TestSelections
{
    public static Task<HttpResponseMessage> NewSelectionAsync(this TestService service, object? filter, Guid? project = null) =>
        service.Http.PostAsJsonAsync("/api/v0/selections/", new { project = project ?? service.Project.Id, filter });

    /// <summary>Makes a selection and waits until it is frozen, with the queue's help if necessary.</summary>
    public static async Task<JsonElement> SelectAsync(this TestService service, object filter)
    {
        using var answer = await service.NewSelectionAsync(filter);
        Assert.True(
            answer.StatusCode is HttpStatusCode.Created or HttpStatusCode.Accepted,
            $"{answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        await service.DrainAsync();
        var frozen = await service.GetAsync(answer.Headers.Location!.AbsolutePath);
        Assert.Equal("completed", frozen.GetProperty("status").GetString());
        return frozen;
    }

    public static string PathOf(JsonElement selection) => $"/api/v0/selections/{selection.GetProperty("id").GetString()}/";

    public static async Task<List<string>> ItemsAsync(this TestService service, JsonElement selection) =>
        [.. (await service.GetAllAsync($"{PathOf(selection)}items/?limit=7")).Select(i => i.GetProperty("key").GetString()!)];

    /// <summary>Starts an action; returns the path of its job.</summary>
    public static async Task<string> ActAsync(this TestService service, JsonElement selection, string verb, string? json = null)
    {
        using var answer = await service.Http.SendAsync("POST", $"{PathOf(selection)}{verb}/", json);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, $"{answer.StatusCode} {text}\n{service.Logs}");
        return answer.Headers.Location!.AbsolutePath;
    }

    /// <summary>An action's job at its end.</summary>
    public static async Task<JsonElement> ActedAsync(this TestService service, JsonElement selection, string verb, string? json = null)
    {
        var path = await service.ActAsync(selection, verb, json);
        await service.DrainAsync();
        var job = await service.GetAsync(path);
        Assert.True(job.GetProperty("status").GetString() == "completed", $"{job}\n{service.Logs}");
        return job;
    }

    public static void AssertCounts(JsonElement job, long total, long done, long skipped, long pending)
    {
        long[] expected = [total, done, skipped, pending];
        string[] names = ["total", "done", "skipped", "pending"];
        Assert.Equal(expected, names.Select(name => job.GetProperty("counts").GetProperty(name).GetInt64()));
    }
}
