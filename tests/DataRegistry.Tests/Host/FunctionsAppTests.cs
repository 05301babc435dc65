using System.Text.Json.Nodes;

namespace DataRegistry.Tests.Host;

/// <summary>The published folder, which the Functions host reads before it starts the app.</summary>
[Collection(PublishedApp.Collection)]
public sealed class FunctionsAppTests : IAsyncLifetime
{
    string folder = "";
    FunctionFolders functions = null!;

    public async Task InitializeAsync()
    {
        folder = await PublishedApp.FolderAsync();
        functions = new FunctionFolders(folder);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public void The_folder_holds_a_worker_for_the_hosts_own_runtime_and_nothing_that_is_not_needed()
    {
        foreach (string file in (string[])[
            "DataRegistry.Functions.dll", "worker.config.json", "functions.metadata", ".azurefunctions", "host.json"])
            Assert.True(Path.Exists(Path.Combine(folder, file)), file);
        Assert.Null(HostJson()["customHandler"]);
        foreach (string file in (string[])["libcoreclr.so", "local.settings.json", "web.config", "runtimes"])
            Assert.False(Path.Exists(Path.Combine(folder, file)), file);
        Assert.Empty(Directory.EnumerateFiles(folder, "*.xml"));
    }

    [Fact]
    public void Every_queue_function_of_the_registry_is_bound_to_its_queue_and_no_other_is()
    {
        Assert.Equal(
            Registry.QueueFunctions.Select(function => (function.Name, function.Queue, "AzureWebJobsStorage", "message")).Order(),
            functions.Of("queueTrigger").Select(
                each => (each.Function, Text(each.Trigger, "queueName"), Text(each.Trigger, "connection"), Text(each.Trigger, "name")))
                .Order());
    }

    [Fact]
    public void Every_timer_function_of_the_registry_is_bound_to_its_schedule_and_no_other_is()
    {
        Assert.Equal(
            Registry.TimerFunctions.Select(function => (function.Name, function.Schedule, "timer")).Order(),
            functions.Of("timerTrigger").Select(
                each => (each.Function, Text(each.Trigger, "schedule"), Text(each.Trigger, "name"))).Order());
    }

    [Fact]
    public void Messages_are_delivered_often_enough_for_crashes_and_are_not_encoded()
    {
        JsonNode queues = HostJson()["extensions"]!["queues"]!;

        Assert.Equal("none", (string?)queues["messageEncoding"]);
        Assert.Equal("", (string?)HostJson()["extensions"]!["http"]!["routePrefix"]);
        Assert.InRange((int)queues["maxDequeueCount"]!, 10, int.MaxValue);
        Assert.InRange((int)queues["batchSize"]!, 1, 32);
        Assert.Equal("00:10:00", (string?)HostJson()["functionTimeout"]);
        Assert.NotEqual("00:00:00", (string?)queues["visibilityTimeout"] ?? "00:00:00");
    }

    [Theory]
    [InlineData("/api/v0", "AdoptionApi")]
    [InlineData("/api/v0/", "AdoptionApi")]
    [InlineData("/api/v0/stores/1/adopt/", "AdoptionApi")]
    [InlineData("/api/v1/data-volumes", "DataVolumesApi")]
    [InlineData("/api/health/live", "Health")]
    [InlineData("/openapi/v1.json", "OpenApi")]
    [InlineData("/console", "Console")]
    [InlineData("/console/", "Console")]
    [InlineData("/console/app.js", "Console")]
    [InlineData("/", null)]
    [InlineData("/api", "Api")]
    [InlineData("/api/", "Api")]
    [InlineData("/api/v2/x", null)]
    [InlineData("/apiv0", null)]
    [InlineData("/AdoptRange", null)]
    [InlineData("/adoptrange/", null)]
    [InlineData("/AdoptRange/x", null)]
    [InlineData("/RangePoisonFunction", null)]
    [InlineData("/RescanStores", null)]
    public void Public_routes_cover_the_app_and_nothing_that_only_the_host_calls(string path, string? function)
    {
        Assert.Equal(function, functions.Route(path));
    }

    [Fact]
    public void No_public_route_begins_with_a_parameter_or_with_the_name_of_a_function_that_only_the_host_calls()
    {
        string[] hostOnly = [
            .. Registry.QueueFunctions.Select(function => function.Name), .. Registry.TimerFunctions.Select(function => function.Name)];

        Assert.All(functions.Of("httpTrigger"), each =>
        {
            string first = Text(each.Trigger, "route").Split('/')[0];
            Assert.Matches("^[a-z0-9]+$", first);
            Assert.DoesNotContain(first, hostOnly, StringComparer.OrdinalIgnoreCase);
        });
    }

    [Fact]
    public void Every_public_function_takes_every_method_and_leaves_access_to_the_app()
    {
        Assert.All(functions.Of("httpTrigger"), each =>
        {
            Assert.Equal("Anonymous", Text(each.Trigger, "authLevel"));
            Assert.Null(each.Trigger["methods"]);
        });
    }

    static string Text(JsonObject trigger, string name) => (string)trigger[name]!;

    JsonNode HostJson() => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "host.json")))!;
}
