using System.CommandLine;
using System.Text.Json;
using DataRegistry;
using DataRegistry.LocalHost;
using DataRegistry.Storage;

// The app handles Ctrl-C and SIGTERM itself, so that it stops in order.
return await Options.Command(RunAsync).Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

static async Task<int> RunAsync(Options options, CancellationToken cancellationToken)
{
    try
    {
        string? setToken = Environment.GetEnvironmentVariable(LocalApp.TokenSetting.Replace(":", "__", StringComparison.Ordinal));
        if (!options.IsLoopback && string.IsNullOrEmpty(setToken))
        {
            throw new StartException(
                $"{options.Urls} lets other machines in, and the development token is for this one only: set Access__AdministratorToken to "
                    + "a token of your own.");
        }

        using var state = new LocalState(options.InMemory);
        string token = setToken is { Length: > 0 } ? setToken : options.Token ?? state.Keep("token", LocalApp.NewToken);
        string? storage = Environment.GetEnvironmentVariable(StorageAccount.Setting) is { Length: > 0 } set ? set : null;

        await using Emulators emulators = await Emulators.StartAsync(state, storage, cancellationToken);
        DemoData.FillBucket(emulators.BucketServer, options.Count);

        await using WebApplication app = LocalApp.Build(options, state, emulators.Storage, token);
        await app.Services.CreateStorageAsync(cancellationToken);
        await app.Services.ResumeJobsAsync(cancellationToken);
        DemoData.Ids demo = await DemoData.CreateProjectAndStoreAsync(app.Services, emulators.BucketServer.Url, cancellationToken);
        await LocalApp.StartAsync(app, options, cancellationToken);
        Greet(app.Urls.First().TrimEnd('/'), token, demo);
        await app.WaitForShutdownAsync(cancellationToken);
        return 0;
    }
    catch (StartException exception)
    {
        await Console.Error.WriteLineAsync(exception.Message);
        return 1;
    }
}

static void Greet(string url, string token, DemoData.Ids demo)
{
    Console.WriteLine($"""

        Console  {url}/console/
        Service  {url}
        Token    {token}

        Adopt an object:             {Adopt("readme.txt")}
        The same again, it exists:   {Adopt("readme.txt")}
        One that is not there:       {Adopt("missing.txt")}

        ready {url}
        """);

    string Adopt(string key) =>
        $"curl -sS {url}/api/v0/stores/{demo.Store}/adopt/ -H 'Authorization: Token {token}' -H 'Content-Type: application/json' -d "
            + $"'{JsonSerializer.Serialize(new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["url"] = $"s3://{DemoData.Bucket}/{key}",
                ["project"] = demo.Project.ToString(),
            })}'";
}
