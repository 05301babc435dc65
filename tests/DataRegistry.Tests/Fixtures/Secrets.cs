using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace DataRegistry.Tests.Fixtures;

/// <summary>
/// The secrets that a service under test received or gave out. They must not be in its log, a trace or an error. Any
/// text that looks like a secret counts too.
/// </summary>
sealed partial class Secrets
{
    /// <summary>Shorter texts may be words of a message.</summary>
    const int Shortest = 12;

    readonly ConcurrentDictionary<string, byte> known = new(StringComparer.Ordinal);

    readonly HashSet<string> open = new(StringComparer.Ordinal);

    /// <summary>Excludes texts that a test sends everywhere.</summary>
    public void AreNone(IEnumerable<string> texts) => open.UnionWith(texts);

    public void Add(string? secret)
    {
        if (secret is { Length: >= Shortest } && !open.Contains(secret))
            known[secret] = 0;
    }

    public void AddAll(Secrets others)
    {
        foreach (var secret in others.known.Keys)
            Add(secret);
    }

    /// <summary>All secrets in the text, with the characters before them.</summary>
    public IReadOnlyList<string> In(string text) =>
    [
        .. known.Keys.Select(
            secret => text.IndexOf(secret, StringComparison.Ordinal)).Where(at => at >= 0).Select(
                at => $"a secret after: …{text[Math.Max(0, at - 80)..at]}"),
        .. Look().Matches(text).Select(m => $"what looks like a secret after: …{text[Math.Max(0, m.Index - 80)..(m.Index + 4)]}"),
    ];

    /// <summary>Notes the secrets of its requests, and fails if an error's body repeats one.</summary>
    public HttpMessageHandler Watch() => new Watching(this) { InnerHandler = new SocketsHttpHandler() };

    /// <summary>
    /// The registry's tokens, JWTs, presigned URLs and content URLs, shared access signatures, account keys, and
    /// headers that authenticate.
    /// </summary>
    [GeneratedRegex(
        @"dr_[A-Za-z0-9_-]{43}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.|X-Amz-(Signature|Security-Token|Credential)="
        + @"|/content/\?token=|[?&]sig=|AccountKey=|SharedKey(Lite)? \w+:|Signature=[0-9a-f]{64}",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Look();

    [GeneratedRegex(
        @"""(password|current_password|secret_access_key|client_?[sS]ecret|token)"":\s*""(?<secret>[^""\\]+)""",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Field();

    sealed class Watching(Secrets secrets) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            secrets.Add(request.Headers.Authorization?.Parameter);
            // Read only bodies that reading does not change.
            var body = request.Content switch
            {
                JsonContent json => JsonSerializer.Serialize(json.Value, json.ObjectType, JsonSerializerOptions.Web),
                ByteArrayContent bytes => await bytes.ReadAsStringAsync(cancellationToken),
                _ => "",
            };
            foreach (Match field in Field().Matches(body))
                secrets.Add(field.Groups["secret"].Value);
            if (request.Content is FormUrlEncodedContent)
                secrets.Add(
                    Uri.UnescapeDataString(
                        body.Split('&').FirstOrDefault(
                            f => f.StartsWith("password=", StringComparison.Ordinal))?["password=".Length..].Replace('+', ' ') ?? ""));
            var response = await base.SendAsync(request, cancellationToken);
            if ((int)response.StatusCode >= 400)
                Assert.Empty(secrets.In(await response.Content.ReadAsStringAsync(cancellationToken)));
            return response;
        }
    }
}
