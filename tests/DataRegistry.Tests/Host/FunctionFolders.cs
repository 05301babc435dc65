using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing.Template;

namespace DataRegistry.Tests.Host;

/// <summary>The functions of a published app, as the Functions host reads them.</summary>
sealed class FunctionFolders
{
    readonly List<(string Function, JsonObject Trigger)> triggers;

    public FunctionFolders(string folder)
    {
        triggers = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "functions.metadata")))!.AsArray()
            .Select(function => ((string)function!["name"]!, function["bindings"]![0]!.AsObject()))
            .ToList();
    }

    public IEnumerable<(string Function, JsonObject Trigger)> Of(string type) =>
        triggers.Where(
            each => string.Equals((string?)each.Trigger["type"], type, StringComparison.Ordinal)).OrderBy(
                each => each.Function, StringComparer.Ordinal);

    /// <summary>
    /// The HTTP function whose route covers a path; null if none. ASP.NET Core's routing is that of the Functions host
    /// too.
    /// </summary>
    public string? Route(string path) => Of("httpTrigger")
        .Where(each => new TemplateMatcher(TemplateParser.Parse((string)each.Trigger["route"]!), []).TryMatch(path, []))
        .Select(each => each.Function)
        .FirstOrDefault();
}
