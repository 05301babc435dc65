using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace DataRegistry.Tests.Host;

/// <summary>
/// The isolated worker's functions are the custom handler's. Its packages are not on every feed, so that what the compiler would read is read from its source.
/// </summary>
public sealed partial class IsolatedWorkerTests
{
    static readonly string Functions = Path.Combine(PublishedApp.Repository, "src", "Functions");

    static readonly FunctionFolders Folders = new(Functions);

    static readonly List<Match> Attributes =
        [.. Directory.EnumerateFiles(Path.Combine(Functions, "Worker"), "*.cs").SelectMany(file => Function().Matches(File.ReadAllText(file)))];

    [Fact]
    public void Every_queue_function_takes_the_queue_of_its_function_json_and_no_other_is_there() => Assert.Equal(
        Folders.Of("queueTrigger").Select(each => (each.Function, $"\"{each.Trigger["queueName"]}\", Connection = Storage")),
        Of("Queue"));

    [Fact]
    public void Every_timer_function_has_the_schedule_of_its_function_json_and_no_other_is_there() => Assert.Equal(
        Folders.Of("timerTrigger").Select(each => (each.Function, $"\"{each.Trigger["schedule"]}\"")),
        Of("Timer"));

    /// <summary>Without methods a trigger takes all of them, which is what the files list.</summary>
    [Fact]
    public void Every_public_function_has_the_route_of_its_function_json_and_no_other_is_there() => Assert.Equal(
        Folders.Of("httpTrigger").Select(each => (each.Function, $"AuthorizationLevel.Anonymous, Route = \"{each.Trigger["route"]}\"")),
        Of("Http"));

    [Fact]
    public void Every_function_is_called_as_its_method_and_is_read_here()
    {
        Assert.All(Attributes, function => Assert.Equal(function.Groups["name"].Value, function.Groups["method"].Value));
        int marked = Directory.EnumerateFiles(Path.Combine(Functions, "Worker"), "*.cs").Sum(file => File.ReadAllText(file).Split("[Function(").Length - 1);
        Assert.Equal(marked, Attributes.Count);
        Assert.Contains("const string Storage = \"AzureWebJobsStorage\";", File.ReadAllText(Path.Combine(Functions, "Worker", "HostFunctions.cs")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_hosts_settings_are_the_same_but_for_what_a_custom_handler_needs()
    {
        JsonObject custom = JsonNode.Parse(File.ReadAllText(Path.Combine(PublishedApp.Repository, "host.json")))!.AsObject();
        custom.Remove("customHandler");
        custom.Remove("extensionBundle");
        Assert.Equal(custom.ToJsonString(), JsonNode.Parse(File.ReadAllText(Path.Combine(Functions, "Worker", "host.json")))!.ToJsonString());
    }

    static IEnumerable<(string Function, string Trigger)> Of(string kind) => Attributes.Where(a => a.Groups["kind"].Value == kind)
        .Select(a => (a.Groups["name"].Value, a.Groups["trigger"].Value)).OrderBy(a => a.Item1, StringComparer.Ordinal);

    [GeneratedRegex("""\[Function\("(?<name>\w+)"\)\]\s+public Task(<IResult>)? (?<method>\w+)\(\[(?<kind>\w+)Trigger\((?<trigger>[^\)]*)\)\]""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Function();
}
