using System.Globalization;
using DataRegistry.LocalHost.Buckets;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Tests.Stores;

/// <summary>
/// A security token service at a bucket server's root, as in Ceph and MinIO. Every other request must be signed with
/// one of its sessions.
/// </summary>
sealed class TokenService
{
    readonly Lock gate = new();

    public TokenService(BucketServer server) => server.Intercept = AnswerAsync;

    /// <summary>The posted forms, each with <c>authorization</c>, the request's header.</summary>
    public List<IReadOnlyDictionary<string, string>> Assumed { get; } = [];

    /// <summary>When each session ends.</summary>
    public List<DateTime> Ends { get; } = [];

    /// <summary>Requests for objects without a session.</summary>
    public HashSet<string> Unsigned { get; } = new(StringComparer.Ordinal);

    public TimeSpan Life { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Its answer in place of a session.</summary>
    public (int Status, string Code)? Failure { get; set; }

    /// <summary>False for a server without one.</summary>
    public bool Speaks { get; set; } = true;

    /// <summary>The session of the last request for an object.</summary>
    public string Used { get; private set; } = "";

    async Task<bool> AnswerAsync(HttpContext http, string kind)
    {
        if (http.Request.Method != "POST")
        {
            var token = http.Request.Headers["x-amz-security-token"].ToString();
            Used = token;
            if (!token.StartsWith("session-token-", StringComparison.Ordinal) && http.Request.Query["X-Amz-Security-Token"].Count == 0)
                lock (gate)
                    Unsigned.Add($"{http.Request.Method} {http.Request.Path}");
            return false;
        }

        if (!Speaks)
            return false;
        var form = (await http.Request.ReadFormAsync()).ToDictionary(f => f.Key, f => f.Value.ToString(), StringComparer.Ordinal);
        form["authorization"] = http.Request.Headers.Authorization.ToString();
        int number;
        lock (gate)
        {
            Assumed.Add(form);
            Ends.Add(DateTime.UtcNow + Life);
            number = Assumed.Count;
        }

        http.Response.StatusCode = Failure?.Status ?? 200;
        http.Response.ContentType = "text/xml";
        await http.Response.WriteAsync(Failure is { } fault ? Refusal(fault.Code) : Session(form["Action"], number));
        return true;
    }

    static string Refusal(string code) =>
        $"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">"""
        + $"""<Error><Type>Sender</Type><Code>{code}</Code><Message>Not so.</Message></Error><RequestId>r</RequestId></ErrorResponse>""";

    string Session(string action, int number)
    {
        var end = (DateTime.UtcNow + Life).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return $"""
            <{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>
            <AccessKeyId>SESSION{number}</AccessKeyId><SecretAccessKey>session-secret</SecretAccessKey>
            <SessionToken>session-token-{number}</SessionToken><Expiration>{end}</Expiration>
            </Credentials></{action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>
            """;
    }
}
