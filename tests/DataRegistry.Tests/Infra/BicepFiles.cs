using System.Diagnostics;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Infra;

/// <summary>A node of a syntax tree, by the names of the grammar tree-sitter-bicep.</summary>
public sealed record BicepNode(string Type, string Text, IReadOnlyList<BicepNode> Children)
{
    public static BicepNode From(JsonElement node) => node[1].ValueKind == JsonValueKind.String
        ? new(node[0].GetString()!, node[1].GetString()!, [])
        : new(node[0].GetString()!, "", [.. node[1].EnumerateArray().Select(From).Where(n => !n.Type.EndsWith("comment", StringComparison.Ordinal))]);

    public IEnumerable<BicepNode> All(params string[] types) =>
        Children.SelectMany(c => c.All(types)).Concat(types.Contains(Type, StringComparer.Ordinal) ? [this] : []);

    public IEnumerable<BicepNode> Own(string type) => Children.Where(c => c.Type == type);

    /// <summary>Of a declaration, or of an object's property.</summary>
    public string Name => Children[0] is { Type: "string" } quoted ? quoted.Literal : Children[0].Text;

    /// <summary>A string's text, with a star for what is put into it.</summary>
    public string Literal => string.Concat(Children.Select(c => c.Type switch
    {
        "string_content" => c.Text,
        "escape_sequence" => c.Text[1..],
        _ => "*",
    }));

    public bool IsPlain => Type == "string" && Children.All(c => c.Type is "string_content" or "escape_sequence");

    /// <summary>An object's properties; those whose name is computed are left out.</summary>
    public IEnumerable<(string Name, BicepNode Value)> Properties =>
        Own("object_property").Where(p => p.Children[0].Type == "identifier" || p.Children[0].IsPlain).Select(p => (p.Name, p.Children[^1]));

    public BicepNode? Property(string name) => Properties.FirstOrDefault(p => p.Name == name).Value;

    /// <summary>The object that a resource or module consists of, inside its condition or loop if it has one.</summary>
    public BicepNode Body => Children[^1] is { Type: "if_statement" or "for_statement" } inner ? inner.Body : Children[^1];
}

/// <summary>The files under <c>infra</c>, read by the grammar that editors use; there is no Bicep compiler on every feed.</summary>
static class BicepFiles
{
    const string Home = "tests/DataRegistry.Tests/obj/bicep-syntax";

    // The grammar as WebAssembly and what runs it: no code of theirs is compiled or run on installing.
    static readonly string[] Packages = ["web-tree-sitter@0.25.10", "tree-sitter-bicep@1.1.0"];

    static readonly Lazy<Task<IReadOnlyDictionary<string, (BicepNode Tree, string[] Errors)>>> Parsed = new(ParseAsync);

    public static string Folder { get; } = Path.Combine(AzuriteFixture.RepositoryRoot(), "infra");

    /// <summary>By path below the folder.</summary>
    public static Task<IReadOnlyDictionary<string, (BicepNode Tree, string[] Errors)>> AllAsync() => Parsed.Value;

    public static async Task<BicepNode> TreeAsync(string path) => (await AllAsync())[path].Tree;

    static async Task<IReadOnlyDictionary<string, (BicepNode Tree, string[] Errors)>> ParseAsync()
    {
        var home = Directory.CreateDirectory(Path.Combine(AzuriteFixture.RepositoryRoot(), Home)).FullName;
        if (!File.Exists(Path.Combine(home, "node_modules", "tree-sitter-bicep", "tree-sitter-bicep.wasm")))
        {
            await File.WriteAllTextAsync(Path.Combine(home, "package.json"), """{"name":"bicep-syntax","private":true}""");
            await RunAsync("npm", ["install", .. Packages, "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], home);
        }

        var script = Path.Combine(AzuriteFixture.RepositoryRoot(), "tests", "DataRegistry.Tests", "Infra", "bicep-syntax.mjs");
        var json = await RunAsync("node", [script, .. Directory.EnumerateFiles(Folder, "*.bicep", SearchOption.AllDirectories)], home);
        return JsonDocument.Parse(json).RootElement.EnumerateObject().ToDictionary(
            f => Path.GetRelativePath(Folder, f.Name),
            f => (BicepNode.From(f.Value.GetProperty("tree")), f.Value.GetProperty("errors").EnumerateArray().Select(e => e.GetString()!).ToArray()),
            StringComparer.Ordinal);
    }

    static async Task<string> RunAsync(string program, string[] arguments, string folder)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} failed: {await errors}");
    }
}
