using System.Diagnostics;
using DataRegistry.LocalHost;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Tests.Storage;

namespace DataRegistry.Tests.LocalHost;

public sealed class AzuriteProcessTests
{
    [Fact]
    public async Task What_was_written_is_there_after_a_restart()
    {
        var folder = Directory.CreateTempSubdirectory("azurite-").FullName;
        try
        {
            var options = new AzuriteOptions { PackageFolder = AzuriteFixture.PackageFolder, Folder = folder };
            await using (var first = await Azurite.StartAsync(options))
            {
                var table = Table(first);
                await table.CreateIfNotExistsAsync();
                await table.TryAddAsync(new Note { PartitionKey = "p", RowKey = "r", Text = "kept" });
            }

            await using var second = await Azurite.StartAsync(options);
            Assert.Equal("kept", (await Table(second).FindAsync<Note>("p", "r"))!.Text);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static TableClient Table(Azurite azurite) =>
            StorageAccount.FromConnectionString(azurite.ConnectionString).Tables.GetTableClient("kept");
    }

    [Fact]
    public async Task It_ends_when_it_is_disposed_and_that_may_be_done_twice()
    {
        var azurite = await Azurite.StartAsync(new AzuriteOptions { PackageFolder = AzuriteFixture.PackageFolder });
        using var process = Process.GetProcessById(azurite.ProcessId);
        await azurite.DisposeAsync();
        await azurite.DisposeAsync();
        Assert.True(process.HasExited);
    }

    [Fact]
    public async Task Data_that_cannot_be_read_is_an_error_that_says_so()
    {
        var folder = Directory.CreateTempSubdirectory("azurite-");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "__azurite_db_table__.json"), "no data");
        var failed = await Assert.ThrowsAsync<InvalidOperationException>(
            () => Azurite.StartAsync(new AzuriteOptions { PackageFolder = AzuriteFixture.PackageFolder, Folder = folder.FullName }));
        Assert.Contains("JSON", failed.Message, StringComparison.Ordinal);
        folder.Delete(recursive: true);
    }
}
