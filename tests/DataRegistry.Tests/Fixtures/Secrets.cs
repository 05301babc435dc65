using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace DataRegistry.Tests.Fixtures;

/// <summary>
/// What a service under test was given or gave out and must tell nobody else: neither in its log nor in a trace nor in an error. What looks
/// like a
/// secret counts, too, whoever made it.
/// </summary>
sealed partial class Secrets
{
    /// <summary>Shorter ones are words that a message may hold.</summary>
    const int Shortest = 12;

    readonly ConcurrentDictionary<string, byte> known = new(StringComparer.Ordinal);

    readonly HashSet<string> open = new(StringComparer.Ordinal);

    /// <summary>Texts that a test sends everywhere are no secrets, wherever it sends them.</summary>
    public void AreNone(IEnumerable<string> texts) => open.UnionWith(texts);

    public void Add(string? secret)
    {
        if (secret is { Length: >= Shortest } && !open.Contains(secret))
            known[secret] = 0;
    }

    /// <summary>All that is in the text, with what stands before it.</summary>
    public IReadOnlyList<string> In(string text) =>
    [
        .. known.Keys.Select(
            secret => text.IndexOf(secret, StringComparison.Ordinal)).Where(at => at >= 0).Select(
                at => $"a secret after: …{text[Math.Max(0, at - 80)..at]}"),
        .. Look().Matches(text).Select(m => $"what looks like a secret after: …{text[Math.Max(0, m.Index - 80)..(m.Index + 4)]}"),
    ];

    /// <summary>Notes the secrets of the requests that it sends, and fails if an error's body repeats one.</summary>
    public HttpMessageHandler Watch() => new Watching(this) { InnerHandler = new SocketsHttpHandler() };

    /// <summary>
    /// Our tokens, JWTs, presigned addresses and those of contents, shared access signatures, account keys, and headers that authenticate.
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
            // Only what can be read without changing how it is sent.
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
