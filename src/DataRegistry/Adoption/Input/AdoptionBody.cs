using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Adoption.Input;

/// <summary>A read adoption request. Its URLs, possibly millions, were staged while it was read.</summary>
sealed record AdoptionBody
{
    const long MaxFormBytes = 64 * 1024;

    /// <summary>As given; null if none.</summary>
    public string? Project { get; init; }

    /// <summary><c>s3://bucket/prefix</c>, as given; null if none.</summary>
    public string? Prefix { get; init; }

    /// <summary>URL of a file in the store that lists URLs to adopt, as given; null if none.</summary>
    public string? Manifest { get; init; }

    /// <summary>Keys that match one of these patterns are left out.</summary>
    public KeyGlobs Exclude { get; init; } = KeyGlobs.None;

    /// <summary>Only report the expected outcome, and write nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>Changed objects of the project's own datums become datums that replace them.</summary>
    public bool AdoptChanged { get; init; }

    /// <inheritdoc cref="AdoptedRow.AdoptedTags"/>
    public string? Tags { get; init; }

    /// <summary>Whether there was a <c>url</c>.</summary>
    public bool HasUrl { get; init; }

    /// <summary>The <c>url</c> if there is no list: it is answered alone. Beside a list it is a part of that.</summary>
    public string? Url { get; init; }

    /// <summary>Whether there was a list, even an empty one.</summary>
    public bool HasList { get; init; }

    /// <summary>Reads the body in pieces. The first mistake ends the request with its error.</summary>
    /// <param name="urls">Takes every URL, even malformed ones; null entries as empty ones.</param>
    public static async Task<AdoptionBody> ReadAsync(
        HttpContext context, Store store, StagedUrls urls, JobOptions limits, CancellationToken cancellationToken)
    {
        var body = RequestBody.Limited(context, limits.MaxBodyBytes);
        if (string.Equals(BodyType.Of(context.Request), "text/plain", StringComparison.OrdinalIgnoreCase))
        {
            await new AdoptionText(urls, limits.MaxUrls).ReadAsync(body, cancellationToken);
            var exclude = new ExcludeList(store);
            foreach (var pattern in context.Request.Query["exclude"])
                exclude.Add(pattern);
            return new()
            {
                HasList = true,
                Exclude = exclude.Build(),
                DryRun = Flag(context.Request, "dry_run"),
                AdoptChanged = Flag(context.Request, "adopt_changed"),
                Tags = DatumTags.ParseAdopted("tags", context.Request.Query["tags"].Select(tag => tag ?? "")),
            };
        }

        var json = await JsonOfAsync(context, body, cancellationToken);
        return await new AdoptionJsonBody(store, urls, limits.MaxUrls).ReadAsync(json, cancellationToken);
    }

    /// <summary>The body as JSON. A JSON body is streamed; a form, which is short, is converted.</summary>
    static async Task<Stream> JsonOfAsync(HttpContext context, Stream body, CancellationToken cancellationToken)
    {
        var request = context.Request;
        if (BodyType.IsJson(request))
            return body;
        if (BodyType.IsUndecided(request))
        {
            var (isObject, whole) = await BodyType.LookAsync(body, cancellationToken);
            if (isObject)
                return whole;
            if (BodyType.IsForm(request))
                return new MemoryStream(FormFields.ToJson(
                    await RequestBody.FormOfAsync(context, RequestBody.Limited(whole, MaxFormBytes)), AdoptionEndpoints.BodyFields));
        }

        throw AdoptionErrors.NotAListOfUrls.With(BodyType.Of(request));
    }

    static bool Flag(HttpRequest request, string name) => Fields.Query(request, name) switch
    {
        null or "false" => false,
        "true" => true,
        _ => throw AdoptionErrors.NotATextFlag.On(name),
    };
}
