using DataRegistry.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace DataRegistry.Datums;

/// <summary>Makes the URLs that clients download datums with.</summary>
sealed class DatumDownloads(AdoptedObjects objects, DatumHashing hashing, ContentTokens tokens, IOptions<DatumOptions> options)
{
    /// <summary>
    /// A URL that lets anyone read the datum's bytes until it expires. Ends the request with the reason if there is
    /// none.
    /// </summary>
    public async Task<string> LinkAsync(HttpContext context, DatumRow row)
    {
        var (bucket, found) = await DownloadEndpoints.RequiredAsync(row, objects, context.RequestAborted);
        await hashing.EnsureAsync(row, new(null, (bucket, found)), context.RequestAborted);
        var expiry = TimeSpan.FromSeconds(options.Value.DownloadSeconds);
        if (bucket.CanPresign(row.Key))
        {
            var name = DownloadEndpoints.FileName(row);
            return await DownloadEndpoints.AskAsync(() => bucket.PresignGetAsync(row.Key, found.VersionId, expiry, name));
        }

        return tokens.CanCreate
            ? $"{PublicUrl.Of(context.Request)}/api/v0/data/{row.Id}/content/?token={tokens.Create(row.Id, expiry)}"
            : throw DatumErrors.CannotBeSigned.With();
    }
}
