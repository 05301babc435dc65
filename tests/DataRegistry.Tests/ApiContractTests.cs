using System.Reflection;
using DataRegistry.Tests.Access;
using DataRegistry.Tests.Adoption;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Tests.Host;
using DataRegistry.Tests.Infra;
using DataRegistry.Tests.LocalHost;
using DataRegistry.Tests.Rescans;
using DataRegistry.Tests.Selections;
using Xunit.Abstractions;

[assembly: TestCollectionOrderer("DataRegistry.Tests.ApiContractTests+FirstAndLast", "DataRegistry.Tests")]

namespace DataRegistry.Tests;

/// <summary>Compares the document with the answers that all other tests saw. It runs after them.</summary>
[Collection(Name)]
public sealed class ApiContractTests
{
    const string Name = "after all others";

    static IReadOnlySet<string> running = new HashSet<string>();

    [CollectionDefinition(Name, DisableParallelization = true)]
    public sealed class Definition;

    [Fact]
    public async Task Every_declared_status_was_seen_or_is_listed_with_the_reason()
    {
        // A part of the suite sees only some of the statuses.
        if (!IsWholeSuite())
            return;
        var contract = await ApiContract.SharedAsync();
        var unseen = contract.Declared.Except(contract.Seen).ToList();
        var listed = ApiExceptions.Unseen;
        List<string> missing = [.. unseen
            .Where(u => !listed.Any(e => e.Status == u.Status && (e.Operation == u.Operation || e.Operation == "*")))
            .Select(u => $"{u.Operation} {u.Status}").Order(StringComparer.Ordinal)];
        Assert.True(missing.Count == 0, string.Join('\n', missing));
        // A listed exception must be unseen.
        Assert.Equal([], listed.Where(e => contract.Seen.Contains((e.Operation, e.Status))).Select(e => $"{e.Operation} {e.Status}"));
        // A status that is listed for every operation must be seen at one.
        Assert.Equal([], listed.Where(e => e.Operation == "*" && contract.Seen.All(s => s.Status != e.Status)).Select(e => e.Status));
    }

    static bool IsWholeSuite() => typeof(ApiContractTests).Assembly.GetTypes()
        .Where(t => t is { IsAbstract: false, IsGenericTypeDefinition: false } && t.GetMethods()
        .Any(m => m.GetCustomAttributes<FactAttribute>(inherit: true).Any()))
        .Select(t => t.GetCustomAttributesData().FirstOrDefault(
            a => a.AttributeType == typeof(CollectionAttribute))?.ConstructorArguments[0].Value as string
            ?? CollectionOf(t))
        .All(running.Contains);

    /// <summary>The name of the collection of a class that names none.</summary>
    static string CollectionOf(Type type) => $"Test collection for {type.FullName}";

    /// <summary>
    /// Puts this collection after all others. The published app's collection begins first, then come the classes that take longest: so none
    /// of them runs alone at the end. Notes which collections run.
    /// </summary>
    public sealed class FirstAndLast : ITestCollectionOrderer
    {
        static readonly List<string> First =
        [
            PublishedApp.Collection,
            .. new[]
            {
                typeof(RescanFaultTests), typeof(RescanInterleavingTests), typeof(SelectionFaultTests), typeof(MainCommandTests),
                typeof(Adoption.Input.ManifestTests), typeof(VerifyTests), typeof(RouteMatrixTests), typeof(AdoptionFaultTests),
            }.Select(CollectionOf),
        ];

        public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections)
        {
            var all = testCollections.ToList();
            running = all.Select(c => c.DisplayName).ToHashSet(StringComparer.Ordinal);
            return all.OrderBy(c => c.DisplayName == Name)
                .ThenBy(c => First.IndexOf(c.DisplayName) is >= 0 and var place ? place : First.Count);
        }
    }
}
