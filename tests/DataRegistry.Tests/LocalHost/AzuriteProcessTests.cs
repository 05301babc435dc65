using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using DataRegistry.LocalHost;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Tests.Host;
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

    [UnixFact]
    public async Task A_request_that_comes_while_it_is_held_up_is_answered()
    {
        await using var azurite = await Azurite.StartAsync(new AzuriteOptions { PackageFolder = AzuriteFixture.PackageFolder });
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, azurite.Ports.Table);
        await using var stream = client.GetStream();
        await AskAsync();
        Assert.NotEqual(0, await ReadAsync());
        using (var stop = Process.Start("kill", ["-STOP", $"{azurite.ProcessId}"]))
            await stop.WaitForExitAsync();
        await AskAsync();
        // Longer than a connection may be quiet by Azurite's default.
        await Task.Delay(TimeSpan.FromSeconds(7));
        using (var go = Process.Start("kill", ["-CONT", $"{azurite.ProcessId}"]))
            await go.WaitForExitAsync();
        Assert.NotEqual(0, await ReadAsync());

        async Task AskAsync() => await stream.WriteAsync("GET /devstoreaccount1/Tables HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"u8.ToArray());

        // The answers, refusals without a signature, are small.
        async Task<int> ReadAsync() => await stream.ReadAsync(new byte[64 * 1024]).AsTask().WithinDeadlineAsync();
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
