using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Xunit.Abstractions;

namespace DataRegistry.Tests.Selections;

/// <summary>
/// Requests to storage are billed: this counts those of a selection of a few thousand datums, and of its actions.
/// </summary>
public sealed class SelectionRequestTests(PatientService shared, ITestOutputHelper output) : IClassFixture<PatientService>
{
    const int Count = 4800;

    /// <summary>At most what a range costs beside its datums: message, lease, checkpoint, end.</summary>
    const int Range = 60;

    readonly TestService service = shared.Service;

    [Fact]
    public async Task Many_datums_are_read_a_thousand_and_written_a_hundred_a_request()
    {
        var store = await service.NewStoreAsync();
        await service.AddDatumsAsync(store, service.Project, Enumerable.Range(0, Count).Select(i => $"many/{i % 7}/{i:D5}"));
        var before = service.Transport.Requests;
        var selection = await service.SelectAsync(new { store = store.Id });
        Assert.Equal(Count, selection.GetProperty("count").GetInt32());
        Expect("freeze", Range + 16);

        TestSelections.AssertCounts(
            await service.ActedAsync(selection, "tag", """{"tags":["many"]}"""), Count, Count, skipped: 0, pending: 0);
        // Read once, written a hundred a transaction.
        Expect("tag", Range + (Count / 100) + 32);
        TestSelections.AssertCounts(
            await service.ActedAsync(selection, "export", """{"format":"ndjson"}"""), Count, Count, skipped: 0, pending: 0);
        Expect("export", Range + 48);
        TestSelections.AssertCounts(await service.ActedAsync(selection, "purge"), Count, Count, skipped: 0, pending: 0);
        Expect("purge", Range + (2 * ((Count / 100) + 32)));

        void Expect(string what, int most)
        {
            var took = service.Transport.Requests - before;
            before = service.Transport.Requests;
            output.WriteLine($"{what}: {took} requests for {Count} datums");
            Assert.InRange(took, 1, most);
        }
    }
}
