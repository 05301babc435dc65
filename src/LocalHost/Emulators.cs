using System.Globalization;
using DataRegistry.LocalHost.Buckets;

namespace DataRegistry.LocalHost;

/// <summary>
/// Local replacements of cloud services: a storage account and a bucket. They end with this process, even if it is
/// killed.
/// </summary>
sealed class Emulators : IAsyncDisposable
{
    const string PortFile = "bucket.port";
    const string ProcessFile = "azurite.pid";

    readonly Azurite? azurite;

    Emulators(Azurite? azurite, string storage, BucketServer bucketServer)
    {
        this.azurite = azurite;
        Storage = storage;
        BucketServer = bucketServer;
    }

    /// <summary>The storage account's connection string.</summary>
    public string Storage { get; }

    public BucketServer BucketServer { get; }

    /// <param name="storage">The connection string of a storage account to use in place of the emulator; null for the
    /// emulator.</param>
    /// <exception cref="StartException">A server cannot start; the message names the cause.</exception>
    public static async Task<Emulators> StartAsync(LocalState state, string? storage, CancellationToken cancellationToken)
    {
        Azurite? emulator = storage is null ? await StartAzuriteAsync(state, cancellationToken) : null;
        try
        {
            return new Emulators(emulator, storage ?? emulator!.ConnectionString, await StartBucketServerAsync(state, cancellationToken));
        }
        catch
        {
            if (emulator is not null)
            {
                await emulator.DisposeAsync();
            }

            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await BucketServer.DisposeAsync();
        if (azurite is not null)
        {
            await azurite.DisposeAsync();
        }
    }

    static async Task<Azurite> StartAzuriteAsync(LocalState state, CancellationToken cancellationToken)
    {
        // Two emulators on the same data would damage it.
        Console.WriteLine("Starting the storage emulator…");
        await state.EndLeftoverAsync(ProcessFile, cancellationToken);
        try
        {
            Azurite emulator = await Azurite.StartAsync(
                new AzuriteOptions
                {
                    PackageFolder = state.PathOf("azurite"),
                    Folder = state.InMemory ? null : state.PathOf("storage"),
                    Report = Console.WriteLine,
                },
                cancellationToken);
            if (!state.InMemory)
            {
                state.Write(ProcessFile, emulator.ProcessId.ToString(CultureInfo.InvariantCulture));
            }

            return emulator;
        }
        catch (InvalidOperationException exception)
        {
            throw new StartException(
                $"{exception.Message} (Or set AzureWebJobsStorage to a storage account's connection string.)", exception);
        }
    }

    /// <summary>Uses the port of the last start if it is free, because the demo store's row has it.</summary>
    static async Task<BucketServer> StartBucketServerAsync(LocalState state, CancellationToken cancellationToken)
    {
        var options = new BucketServerOptions { Folder = state.InMemory ? null : state.PathOf("bucket") };
        int last = int.Parse(state.Keep(PortFile, () => "0"), CultureInfo.InvariantCulture);
        BucketServer server;
        try
        {
            server = await BucketServer.StartAsync(options with { Port = last }, cancellationToken);
        }
        catch (IOException) when (last != 0)
        {
            server = await BucketServer.StartAsync(options, cancellationToken);
        }

        if (!state.InMemory)
        {
            state.Write(PortFile, new Uri(server.Url).Port.ToString(CultureInfo.InvariantCulture));
        }

        return server;
    }
}
