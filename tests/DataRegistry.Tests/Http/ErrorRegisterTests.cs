using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using DataRegistry.Adoption;
using DataRegistry.Http;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.WebUtilities;

namespace DataRegistry.Tests.Http;

/// <summary>The errors of all rooms are one register, which the handlers use and the docs list.</summary>
public sealed partial class ErrorRegisterTests
{
    static readonly string Root = AzuriteFixture.RepositoryRoot();

    [Fact]
    public void Every_error_has_an_id_of_its_own_and_a_description()
    {
        var all = ErrorKind.All();
        Assert.True(all.Count > 100);
        Assert.Empty(all.GroupBy(e => e.Id, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => g.Key));
        Assert.All(all, e => Assert.Matches(@"^[A-Z`].*\.$", e.Description));
        Assert.All(all, e => Assert.InRange(e.Status, 400, 599));
    }

    /// <summary><c>DATAREGISTRY_REWRITE_WIRE=1</c> rewrites the file.</summary>
    [Fact]
    public async Task The_docs_list_every_error()
    {
        var file = Path.Combine(Root, "src", "errors.md");
        if (Environment.GetEnvironmentVariable("DATAREGISTRY_REWRITE_WIRE") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, Docs());
        }

        Assert.Equal(await File.ReadAllTextAsync(file), Docs());
    }

    [Fact]
    public void Only_the_register_makes_errors()
    {
        string[] makers = ["ErrorKind.cs", "ApiError.cs"];
        Assert.Empty(Sources().Where(s => !makers.Contains(Path.GetFileName(s.File), StringComparer.Ordinal))
            .SelectMany(s => Making().Matches(s.Text).Select(m => $"{s.File}: {m.Value}")));
    }

    /// <summary>A message with too few or too many values would fail when it is sent. This test finds it before.</summary>
    [Fact]
    public void Every_use_gives_the_message_its_values()
    {
        var kinds = ErrorKind.All().ToDictionary(e => e.Id, StringComparer.Ordinal);
        var wrong = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (file, text) in Sources())
        {
            foreach (Match use in Use().Matches(text))
            {
                var id = System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(use.Groups["name"].Value);
                var expected = Placeholder().Count(kinds[id].Message) + use.Groups["call"].Value switch
                {
                    "With" => 0,
                    "On" => 1,
                    _ => kinds[id] is FieldError ? 2 : 1,
                };
                seen.Add(id);
                if (Arguments(text, use.Index + use.Length) is var given && given != expected)
                    wrong.Add($"{file}: {use.Value} has {given} arguments instead of {expected}");
            }
        }

        Assert.Empty(wrong);
        Assert.True(seen.Count > 100);
    }

    static IEnumerable<(string File, string Text)> Sources() => Directory
        .EnumerateFiles(Path.Combine(Root, "src", "DataRegistry"), "*.cs", SearchOption.AllDirectories)
        .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
        .Select(f => (Path.GetRelativePath(Root, f), File.ReadAllText(f)));

    /// <summary>The number of a call's arguments, from its parenthesis on.</summary>
    static int Arguments(string text, int at)
    {
        var (count, depth, any) = (0, 1, false);
        for (var inText = false; depth > 0; at++)
        {
            var c = text[at];
            any |= !char.IsWhiteSpace(c) && c != ')';
            if (c == '"')
                inText = !inText;
            else if (inText && c == '\\')
                at++;
            else if (c is '(' or '[' or '{')
                depth++;
            else if (c is ')' or ']' or '}')
                depth--;
            else if (c == ',' && depth == 1 && !inText)
                count++;
        }

        return any ? count + 1 : 0;
    }

    static string Docs()
    {
        var docs = new StringBuilder("""
            # Errors

            Every error that the API answers, by status. `{names}` stand for values.

            | sent as | errors with |
            |---|---|
            | `{"detail": "<message>"}` | no code in this list |
            | `{"message": "<message>", "code": "<code>"}` | a code, and another status than 400; adoptions send it with 400, too |
            | `{"<field>": [{"message": "<message>", "code": "<code>"}]}` | a code and status 400 |
            | `{"code": <status>, "message": "…", "details": "…"}` | all under `/api/v1`, where some statuses have a message of their own |

            """);
        foreach (var status in ErrorKind.All().GroupBy(e => e.Status))
        {
            docs.Append(CultureInfo.InvariantCulture, $"\n## {status.Key} {ReasonPhrases.GetReasonPhrase(status.Key)}\n\n")
                .Append("| id | code | message | meaning |\n|---|---|---|---|\n");
            foreach (var error in status)
            {
                var code = error.Code is { } known ? $"`{known}`" : error is DetailError ? "" : "varies";
                var message = error.Message.Replace("|", "\\|", StringComparison.Ordinal);
                docs.Append(CultureInfo.InvariantCulture, $"| {error.Id} | {code} | {message} | {error.Description} |\n");
            }
        }

        docs.Append("""

            ## Codes that vary

            A bucket's fault, or the reason why a URL was not adopted. The message says what to do. Results of jobs have the same codes.

            | code | meaning |
            |---|---|

            """);
        foreach (var code in Enum.GetValues<BucketFault>().Select(BucketException.CodeOf).Concat(OfUrls.Keys).Distinct())
            docs.Append(CultureInfo.InvariantCulture, $"| `{code}` | {(OfBuckets.TryGetValue(code, out var m) ? m : OfUrls[code])} |\n");
        return docs.ToString();
    }

    static readonly Dictionary<string, string> OfBuckets = new(StringComparer.Ordinal)
    {
        ["no_such_bucket"] = "The server has no bucket of this name.",
        ["access_denied"] = "The credentials may not do this. The message lists what to allow.",
        ["invalid_credentials"] = "The server does not know the key, its secret is wrong, or the token has expired.",
        ["wrong_region"] = "The bucket is in another region.",
        ["wrong_endpoint"] = "The bucket is at another endpoint.",
        ["bucket_unavailable"] = "The server throttles, cannot be reached, or fails. Try again later.",
        ["endpoint_refused"] = "The service does not connect to this address.",
        ["role_refused"] = "The role cannot be assumed.",
        ["bucket_unordered"] = "The server lists keys out of order, so a prefix of the bucket cannot be adopted or rescanned.",
        ["bucket_empty"] = "The bucket lists nothing, but objects of it were adopted.",
        ["object_archived"] = "The object is in an archive class.",
        ["object_unavailable"] = "The server does not give this one object.",
    };

    static readonly Dictionary<string, string> OfUrls = new(StringComparer.Ordinal)
    {
        ["key_refused"] = "The server refuses the key.",
        [AdoptionFailure.MissingCode] = "There is no such object.",
        ["invalid_url"] = "This is not an S3 URL.",
        ["url_outside_store"] = "The URL is not in the store.",
        [AdoptionFailure.DuplicateCode] = "The URL stands in the list before. It is skipped.",
    };

    [GeneratedRegex(@"new ApiError\.\w+\(|new ApiException\(")]
    private static partial Regex Making();

    [GeneratedRegex(@"\b\w+Errors\s*\.\s*(?<name>\w+)\s*\.\s*(?<call>With|On|WithCode)\(", RegexOptions.ExplicitCapture)]
    private static partial Regex Use();

    [GeneratedRegex("{[a-z_]+}")]
    private static partial Regex Placeholder();
}
