using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace DataRegistry.Stores;

/// <summary>
/// A bucket to read from; nothing here writes. Safe for concurrent use, holds nothing to dispose. Every method throws <see cref="BucketException"/>
/// for whatever is not the object's own absence, after the client's own retries.
/// </summary>
/// <param name="client">Must keep keys as they are (see <see cref="Buckets"/>).</param>
/// <param name="region">Only to name it in errors.</param>
/// <param name="pace">What its server takes; null for all.</param>
/// <param name="turn">What listings and HEADs wait for, at a share of its pace; null for nothing.</param>
public sealed class Bucket(IAmazonS3 client, string name, string? region = null, BucketPace? pace = null, Func<double, CancellationToken, ValueTask>? turn = null)
{
    public string Name { get; } = name;

    /// <summary>The same bucket, whose listings and HEADs wait for their turn first.</summary>
    /// <param name="turn">Is told what share of its pace the server takes now: 1 for all, less after it has asked us to slow down.</param>
    public Bucket At(Func<double, CancellationToken, ValueTask> turn) => new(client, Name, region, pace, turn);

    /// <summary>One request. Null if there is no such object or version, or if it is a delete marker.</summary>
    /// <remarks>
    /// A HEAD's error has no body, so a missing bucket looks like a missing key (null), and a wrong secret like a forbidden key
    /// (<see cref="BucketFault.AccessDenied"/>): <see cref="ProbeAsync"/> tells them apart. On AWS a forbidden HEAD is asked again without
    /// checksums, which for a KMS key need a permission that the HEAD itself does not.
    /// </remarks>
    public async Task<S3Object?> HeadAsync(string key, string? versionId = null, CancellationToken cancellationToken = default)
    {
        if (!ObjectKey.CanExist(key))
            return null;
        await TurnAsync(cancellationToken);
        var request = new GetObjectMetadataRequest { BucketName = Name, Key = key, VersionId = versionId, ChecksumMode = ChecksumMode.ENABLED };
        try
        {
            try
            {
                return Described(key, await client.GetObjectMetadataAsync(request, cancellationToken));
            }
            catch (AmazonS3Exception e) when (e.StatusCode is HttpStatusCode.Forbidden && client.Config is { ServiceURL: null })
            {
                request.ChecksumMode = null;
                return Described(key, await client.GetObjectMetadataAsync(request, cancellationToken));
            }
        }
        catch (AmazonS3Exception e) when (IsAbsent(e, key, versionId))
        {
            return null;
        }
        catch (Exception e) when (!Cancelled(e, cancellationToken))
        {
            throw Fault(e);
        }
    }

    /// <summary>One page, one request.</summary>
    public async Task<ListPage> ListAsync(ListRequest request, CancellationToken cancellationToken = default)
    {
        await TurnAsync(cancellationToken);
        try
        {
            var page = await client.ListObjectsV2Async(
                new ListObjectsV2Request
                {
                    BucketName = Name,
                    Prefix = request.Prefix,
                    StartAfter = request.ContinuationToken is null ? request.StartAfter : null,
                    ContinuationToken = request.ContinuationToken,
                    Delimiter = request.Delimiter,
                    MaxKeys = request.MaxKeys,
                    Encoding = EncodingType.Url,
                },
                cancellationToken);
            return Listed.Page(page) ?? throw BucketFaults.NotS3(Name, page.HttpStatusCode);
        }
        catch (Exception e) when (!Cancelled(e, cancellationToken))
        {
            throw Fault(e);
        }
    }

    /// <summary>One page, one request. A bucket that never kept versions lists each object as its latest version, without id.</summary>
    public async Task<VersionsPage> ListVersionsAsync(ListVersionsRequest request, CancellationToken cancellationToken = default)
    {
        await TurnAsync(cancellationToken);
        try
        {
            var page = await client.ListVersionsAsync(
                new Amazon.S3.Model.ListVersionsRequest
                {
                    BucketName = Name,
                    Prefix = request.Prefix,
                    KeyMarker = request.KeyMarker,
                    VersionIdMarker = request.VersionIdMarker,
                    MaxKeys = request.MaxKeys,
                    Encoding = EncodingType.Url,
                },
                cancellationToken);
            return Listed.Versions(page) ?? throw BucketFaults.NotS3(Name, page.HttpStatusCode);
        }
        catch (Exception e) when (!Cancelled(e, cancellationToken))
        {
            throw Fault(e);
        }
    }

    public async Task<BucketVersioning> GetVersioningAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            var status = (await client.GetBucketVersioningAsync(new GetBucketVersioningRequest { BucketName = Name }, cancellationToken)).VersioningConfig?.Status;
            return status == VersionStatus.Enabled ? BucketVersioning.Enabled
                : status == VersionStatus.Suspended ? BucketVersioning.Suspended
                : BucketVersioning.Off;
        }
        catch (Exception e) when (!Cancelled(e, cancellationToken))
        {
            throw Fault(e);
        }
    }

    /// <summary>Two requests at most; throws only if cancelled.</summary>
    /// <param name="prefix">That of the store: a policy may allow listing there only.</param>
    public async Task<BucketProbe> ProbeAsync(string? prefix = null, CancellationToken cancellationToken = default)
    {
        try
        {
            await ListAsync(new ListRequest { Prefix = prefix, MaxKeys = 1 }, cancellationToken);
        }
        catch (BucketException e)
        {
            return new(e.Fault, e.Message, null);
        }
        try
        {
            return new(null, $"Bucket '{Name}' can be used.", await GetVersioningAsync(cancellationToken));
        }
        catch (BucketException)
        {
            return new(null, $"Bucket '{Name}' can be used; whether it keeps versions is unknown (s3:GetBucketVersioning).", null);
        }
    }

    /// <summary>Null if there is no such object or version, or not with this ETag. The whole object if no range is given; a range that begins past its end is a fault.</summary>
    /// <param name="ifMatch">An ETag without quotes: of an object that was overwritten since, no other bytes are given.</param>
    public async Task<S3Content?> GetAsync(string key, string? versionId = null, ByteSpan? range = null, string? ifMatch = null, CancellationToken cancellationToken = default)
    {
        if (!ObjectKey.CanExist(key))
            return null;
        var request = new GetObjectRequest { BucketName = Name, Key = key, VersionId = versionId };
        if (range is { } span)
            request.ByteRange = new ByteRange(span.First, span.Last);
        if (ifMatch is not null)
            request.EtagToMatch = $"\"{ifMatch}\"";
        try
        {
            var answer = await client.GetObjectAsync(request, cancellationToken);
            if (string.IsNullOrEmpty(answer.ETag))
            {
                answer.Dispose();
                throw BucketFaults.NotS3(Name, answer.HttpStatusCode);
            }
            return new(answer.ResponseStream, answer.ContentLength, Listed.ETag(answer.ETag), Listed.Utc(answer.LastModified), Listed.Version(answer.VersionId), answer.Headers.ContentType);
        }
        catch (AmazonS3Exception e) when (IsAbsent(e, key, versionId) || e.StatusCode is HttpStatusCode.PreconditionFailed)
        {
            return null;
        }
        catch (Exception e) when (!Cancelled(e, cancellationToken))
        {
            throw Fault(e);
        }
    }

    /// <summary>Whether <see cref="PresignGetAsync"/> can name this key; if not, hand its bytes on with <see cref="GetAsync"/>.</summary>
    /// <remarks>
    /// Browsers (WHATWG URL) and most HTTP libraries fold <c>.</c> and <c>..</c> segments, also encoded ones, so that the signature no longer fits;
    /// and with path style the AWS SDK signs another path for a leading slash than it writes. Without credentials nothing is signed at all.
    /// </remarks>
    public bool CanPresign(string key) =>
        !IsAnonymous && ObjectKey.CanExist(key) && !ObjectKey.HasDotSegment(key) && !(key.StartsWith('/') && client.Config is { ServiceURL: not null });

    /// <summary>
    /// A URL with which anyone can GET the object until it expires: a secret, never to be logged. Costs no request, so it is also given for what does not exist.
    /// </summary>
    /// <param name="expiry">From a second to 7 days (the limit of Signature Version 4); no longer than session credentials live, with which the URL ends.</param>
    /// <param name="fileName">What a browser shall call the download; null for what the object itself says.</param>
    /// <exception cref="BucketException">Nothing to sign with: no credentials, or an anonymous store.</exception>
    /// <exception cref="ArgumentException"><see cref="CanPresign"/> is false, or the expiry out of range.</exception>
    public async Task<string> PresignGetAsync(string key, string? versionId, TimeSpan expiry, string? fileName = null)
    {
        if (IsAnonymous)
            throw new BucketException(BucketFault.InvalidCredentials, $"Without an access key no URL can be signed for bucket '{Name}'; give the store one.");
        if (!CanPresign(key))
            throw new ArgumentException("This key cannot stand in a URL that browsers keep as it is; download it through the registry.", nameof(key));
        if (expiry < TimeSpan.FromSeconds(1) || expiry > TimeSpan.FromDays(7))
            throw new ArgumentOutOfRangeException(nameof(expiry), expiry, "From a second to 7 days.");
        var end = client is KeyKeepingS3Client kept ? await SessionEndAsync(kept) : null;
        // The SDK's count of seconds is up to two more than asked for.
        end = end?.AddSeconds(-2);
        var wanted = DateTime.UtcNow + expiry;
        var request = new GetPreSignedUrlRequest
        {
            BucketName = Name,
            Key = key,
            VersionId = versionId,
            Verb = HttpVerb.GET,
            Expires = end < wanted ? end : wanted,
            Protocol = client.Config?.ServiceURL?.StartsWith("http:", StringComparison.OrdinalIgnoreCase) == true ? Protocol.HTTP : Protocol.HTTPS,
        };
        if (fileName is not null)
            request.ResponseHeaderOverrides.ContentDisposition = ObjectKey.Attachment(fileName);
        try
        {
            return await client.GetPreSignedURLAsync(request);
        }
        catch (Exception e)
        {
            throw Fault(e);
        }
    }

    bool IsAnonymous => client is KeyKeepingS3Client { IsAnonymous: true };

    async Task<DateTime?> SessionEndAsync(KeyKeepingS3Client kept)
    {
        try
        {
            return await kept.SessionEndAsync();
        }
        catch (Exception e)
        {
            throw Fault(e);
        }
    }

    S3Object Described(string key, GetObjectMetadataResponse head)
    {
        // A web server answers 200 to anything; S3 always says an ETag.
        if (string.IsNullOrEmpty(head.ETag))
            throw BucketFaults.NotS3(Name, head.HttpStatusCode);
        return new(key, head.ContentLength, Listed.ETag(head.ETag), Listed.Utc(head.LastModified), Listed.Version(head.VersionId), Checksums.Md5(head, Name), Checksums.Sha256(head));
    }

    /// <summary>405 is the answer for a version that is a delete marker; a GET's NoSuchBucket is 404 too, but no absence.</summary>
    static bool IsAbsent(AmazonS3Exception e, string key, string? versionId) =>
        (e.StatusCode is HttpStatusCode.NotFound && !string.Equals(e.ErrorCode, "NoSuchBucket", StringComparison.Ordinal))
        || (e.StatusCode is HttpStatusCode.MethodNotAllowed && versionId is not null)
        || (e.StatusCode is HttpStatusCode.BadRequest && ObjectKey.IsTooLong(key));

    ValueTask TurnAsync(CancellationToken cancellationToken) => turn?.Invoke(pace?.Share ?? 1, cancellationToken) ?? ValueTask.CompletedTask;

    static bool Cancelled(Exception e, CancellationToken cancellationToken) => e is OperationCanceledException && cancellationToken.IsCancellationRequested;

    BucketException Fault(Exception e) => BucketFaults.From(e, Name, region);
}
