using System.CommandLine;

namespace DataRegistry.LocalHost;

/// <summary>The options of the command line.</summary>
/// <param name="Urls">Addresses to listen on, separated by semicolons.</param>
/// <param name="Token">The development token; null for one that is made once and kept.</param>
/// <param name="InMemory">Keep nothing: storage, bucket and token are new at each start.</param>
/// <param name="Count">Objects in the demo bucket.</param>
public sealed record Options(string Urls, string? Token, bool InMemory, int Count)
{
    /// <summary>Whether all addresses are unreachable for other machines.</summary>
    public bool IsLoopback => Urls.Split(';').All(url => BindingAddress.Parse(url).Host is "localhost" or "127.0.0.1" or "[::1]");

    public static RootCommand Command(Func<Options, CancellationToken, Task<int>> run)
    {
        var urls = new Option<string>("--urls") { Description = "Addresses.", DefaultValueFactory = _ => "http://127.0.0.1:7071" };
        var token = new Option<string?>("--token")
        {
            Description = "The development token. Without it, one is made at the first start and kept in .local/token.",
        };
        var memory = new Option<bool>("--memory") { Description = "Keep nothing: storage, bucket and token are new at each start." };
        var count = new Option<int>("--count") { Description = "Objects in the demo bucket.", DefaultValueFactory = _ => 200 };
        urls.Validators.Add(result =>
        {
            try
            {
                _ = result.GetValueOrDefault<string>().Split(';').Select(BindingAddress.Parse).ToList();
            }
            catch (FormatException exception)
            {
                result.AddError($"--urls: {exception.Message}");
            }
        });
        count.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 0)
            {
                result.AddError("--count is 0 or more.");
            }
        });
        var command = new RootCommand(
            "Data Registry on your machine, with emulators of its cloud services, and demo data.") { urls, token, memory, count };
        command.SetAction((parsed, cancellationToken) => run(
            new Options(parsed.GetValue(urls)!, parsed.GetValue(token), parsed.GetValue(memory), parsed.GetValue(count)),
            cancellationToken));
        return command;
    }
}
