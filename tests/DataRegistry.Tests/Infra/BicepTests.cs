namespace DataRegistry.Tests.Infra;

/// <summary>What a compiler would say of the files under <c>infra</c>, as far as it can be said without one.</summary>
public sealed class BicepTests
{
    static readonly string[] Functions =
    [
        "cidrSubnet", "concat", "empty", "environment", "guid", "items", "resourceGroup", "resourceId", "subscriptionResourceId", "take", "tenant", "union", "uniqueString",
        // Decorators.
        "allowed", "description", "export", "maxLength", "maxValue", "minLength", "minValue", "sealed", "secure",
    ];

    static readonly string[] Declarations = ["parameter_declaration", "variable_declaration", "resource_declaration", "module_declaration", "type_declaration", "import_functionality", "for_statement"];

    [Fact]
    public async Task Every_file_is_Bicep()
    {
        var files = await BicepFiles.AllAsync();
        Assert.Contains("main.bicep", files.Keys);
        Assert.Empty(files.SelectMany(f => f.Value.Errors.Select(e => $"{f.Key}, {e}")));
    }

    [Fact]
    public async Task Every_resource_is_as_Azure_describes_its_type()
    {
        var schema = new ResourceSchema();
        var resources = (await BicepFiles.AllAsync()).SelectMany(f => f.Value.Tree.Own("resource_declaration").Select(r => (File: f.Key, Resource: r))).ToList();
        Assert.True(resources.Count > 25);
        Assert.Empty(resources.SelectMany(r => schema.Faults(r.Resource.Children[1].Literal, r.Resource.Body, IsExisting(r.Resource)).Select(fault => $"{r.File}, {r.Resource.Name}: {fault}")));
    }

    [Fact]
    public async Task Every_name_that_is_used_is_declared_and_every_parameter_and_variable_is_used()
    {
        foreach (var (file, (tree, _)) in await BicepFiles.AllAsync())
        {
            var declared = tree.All(Declarations).Select(d => d.Name).ToHashSet(StringComparer.Ordinal);
            var used = Uses(tree).ToHashSet(StringComparer.Ordinal);
            Assert.Empty(used.Except(declared).Except(Functions).Select(name => $"{file}: {name}"));
            Assert.Empty(tree.All("parameter_declaration", "variable_declaration").Select(d => d.Name).Except(used).Select(name => $"{file}: {name} is not used"));
        }
    }

    [Fact]
    public async Task Every_module_gets_the_parameters_that_it_has_and_is_asked_for_outputs_that_it_gives()
    {
        var files = await BicepFiles.AllAsync();
        foreach (var (file, (tree, _)) in files)
        {
            var modules = tree.Own("module_declaration").ToDictionary(m => m.Name, m => files[Path.Combine(Path.GetDirectoryName(file)!, m.Children[1].Literal)].Tree);
            foreach (var module in tree.Own("module_declaration"))
            {
                var given = module.Body.Property("params")!.Properties.Select(p => p.Name).ToList();
                var parameters = modules[module.Name].Own("parameter_declaration").ToList();
                Assert.Equal(given.Order(StringComparer.Ordinal), given.Intersect(parameters.Select(p => p.Name)).Order(StringComparer.Ordinal));
                Assert.Empty(parameters.Where(p => p.Children.Count == 2).Select(p => p.Name).Except(given).Select(name => $"{file}: {module.Name} lacks {name}"));
            }

            foreach (var asked in tree.All("member_expression").Where(m => m.Children[0] is { Type: "member_expression" } of && of.Children[^1].Text == "outputs"))
                Assert.Contains(asked.Children[^1].Text, modules[asked.Children[0].Children[0].Text].Own("output_declaration").Select(o => o.Name));
        }
    }

    // An existing resource has a name, and perhaps a parent or a scope.
    static bool IsExisting(BicepNode resource) => resource.Body.Properties.All(p => p.Name is "name" or "parent" or "scope");

    static IEnumerable<string> Uses(BicepNode node) => node switch
    {
        { Type: "identifier" } => [node.Text],
        { Type: "object_property" or "output_declaration" } => node.Children.Skip(1).SelectMany(Uses),
        _ when Declarations.Contains(node.Type, StringComparer.Ordinal) => node.Children.Skip(1).SelectMany(Uses),
        _ => node.Children.SelectMany(Uses),
    };
}
