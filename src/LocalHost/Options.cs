using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;
using System.Net;
using DataRegistry.Access;

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

    /// <summary>A line that is wrong ends with one line that says so, not with a page of help.</summary>
    public static ParseResult Parse(string[] args, Func<Options, CancellationToken, Task<int>> run)
    {
        ParseResult result = Command(run).Parse(args);
        if (result.Action is ParseErrorAction error)
        {
            error.ShowHelp = false;
            error.ShowTypoCorrections = false;
        }

        return result;
    }

    static RootCommand Command(Func<Options, CancellationToken, Task<int>> run)
    {
        var urls = new Option<string>("--urls") { Description = "Addresses.", DefaultValueFactory = _ => "http://127.0.0.1:7071" };
        var token = new Option<string?>("--token")
        {
            Description = "The development token. Without it, one is made at the first start and kept in .local/token.",
        };
        var memory = new Option<bool>("--memory") { Description = "Keep nothing: storage, bucket and token are new at each start." };
        var count = new Option<int>("--count")
        {
            Description = "How many objects the demo bucket holds.",
            DefaultValueFactory = _ => 200,
            CustomParser = result =>
            {
                if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int objects))
                {
                    return objects;
                }

                result.AddError("--count is a number, 0 or more.");
                return 0;
            },
        };
        urls.Validators.Add(result =>
        {
            try
            {
                List<BindingAddress> addresses = [.. result.GetValueOrDefault<string>().Split(';').Select(BindingAddress.Parse)];
                if (addresses.Exists(address => address.Port > IPEndPoint.MaxPort))
                {
                    result.AddError($"--urls: a port is at most {IPEndPoint.MaxPort}.");
                }
                else if (addresses.Exists(address => !string.Equals(address.Scheme, "http", StringComparison.OrdinalIgnoreCase)))
                {
                    result.AddError("--urls: only http:// addresses are served here.");
                }
            }
            catch (FormatException exception)
            {
                result.AddError($"--urls: {exception.Message}");
            }
        });
        token.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && text.Length < AccessOptions.MinTokenLength)
            {
                result.AddError(
                    $"--token has fewer than {AccessOptions.MinTokenLength} characters. Give a longer one, or leave it out: one is made.");
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
