using System.Net;
using System.Net.Http.Headers;
using Amazon.S3;
using Amazon.S3.Model;

namespace DataRegistry.Stores.S3;

/// <summary>
/// A bucket to read from; it never writes. Safe for concurrent use, and needs no disposal. A missing object is an
/// absent result. For any other failure a method throws <see cref="BucketException"/>, after the client's own retries.
/// </summary>
/// <param name="client">Must keep keys as they are (see <see cref="Buckets"/>).</param>
/// <param name="region">Only to name it in errors.</param>
/// <param name="pace">The request rate that the server accepts; null for no limit.</param>
/// <param name="turn">Awaited before each listing and HEAD, with the pace's share; null for no wait.</param>
/// <param name="requesterPays">Each request says that its caller pays for it.</param>
/// <param name="stop">Ends listings and HEADs, including those in progress, with an <see
/// cref="OperationCanceledException"/>.</param>
public sealed class Bucket(
    IAmazonS3 client, string name, string? region = null, BucketPace? pace = null, Func<double, CancellationToken, ValueTask>? turn = null,
    bool requesterPays = false, CancellationToken stop = default)
{
    /// <summary>Attempts in all for an unreadable answer: it may be a proxy's, or cut off.</summary>
    const int Reads = 3;

    readonly RequestPayer? payer = requesterPays ? RequestPayer.Requester : null;

    public string Name { get; } = name;

    /// <summary>The same bucket, whose listings and HEADs first wait for their turn.</summary>
    /// <param name="turn">Receives the share of the pace that the server accepts now: 1 for all, less after a throttled
    /// request.</param>
    /// <param name="stop">Ends them, including those in progress, with an <see
    /// cref="OperationCanceledException"/>.</param>
    public Bucket At(Func<double, CancellationToken, ValueTask> turn, CancellationToken stop = default) =>
        new(client, Name, region, pace, turn, requesterPays, stop);

    /// <summary>One request. Null if there is no such object or version, or if it is a delete marker.</summary>
    /// <remarks>
    /// A HEAD's error has no body. So a missing bucket looks like a missing key (null), and a wrong secret like a
    /// forbidden key (<see cref="BucketFault.AccessDenied"/>); <see cref="ProbeAsync"/> distinguishes them. On AWS a
    /// forbidden HEAD is repeated without checksums, because for a KMS key these need a permission that the HEAD itself
    /// does not.
    /// </remarks>
    public async Task<S3Object?> HeadAsync(string key, string? versionId = null, CancellationToken cancellationToken = default)
    {
        if (!ObjectKey.CanExist(key))
            return null;
        using var stopping = Stopping(ref cancellationToken);
        await TurnAsync(cancellationToken);
        var request = new GetObjectMetadataRequest
        {
            BucketName = Name,
            Key = key,
            VersionId = versionId,
            ChecksumMode = ChecksumMode.ENABLED,
            RequestPayer = payer,
        };
        try
        {
            try
            {
                return await DescribedAsync(
                    key, versionId, await client.GetObjectMetadataAsync(request, cancellationToken), cancellationToken);
            }
            catch (AmazonS3Exception e) when (e.StatusCode is HttpStatusCode.Forbidden && client.Config is { ServiceURL: null })
            {
                request.ChecksumMode = null;
                return await DescribedAsync(
                    key, versionId, await client.GetObjectMetadataAsync(request, cancellationToken), cancellationToken);
            }
        }
        catch (AmazonS3Exception e) when (IsAbsent(e, key, versionId))
        {
            return null;
        }
        catch (Exception e) when (!Cancelled(e, cancellationToken))
        {
            throw Fault(e, key);
        }
    }

    /// <summary>One page, one request.</summary>
    public async Task<ListPage> ListAsync(ListRequest request, CancellationToken cancellationToken = default)
    {
        using var stopping = Stopping(ref cancellationToken);
        return await ReadAsync(request.StartAfter ?? request.Prefix, async () =>
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
                    RequestPayer = payer,
                },
                cancellationToken);
            return Listed.Page(page)
                ?? throw (page is { IsTruncated: true, KeyCount: null }
                    ? BucketFaults.Version1(Name)
                    : BucketFaults.NotS3(Name, page.HttpStatusCode));
        }, cancellationToken);
    }

    /// <summary>
    /// One page, one request. A bucket that never kept versions lists each object as its latest version, without an id.
    /// </summary>
    public async Task<VersionsPage> ListVersionsAsync(ListVersionsRequest request, CancellationToken cancellationToken = default)
    {
        using var stopping = Stopping(ref cancellationToken);
        return await ReadAsync(request.KeyMarker ?? request.Prefix, async () =>
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
                    RequestPayer = payer,
                },
                cancellationToken);
            return Listed.Versions(page) ?? throw BucketFaults.NotS3(Name, page.HttpStatusCode);
        }, cancellationToken);
    }

    /// <param name="near">The page begins after this key; null for the bucket's beginning.</param>
    async Task<T> ReadAsync<T>(string? near, Func<Task<T>> read, CancellationToken cancellationToken)
    {
        for (var reads = 1; ; reads++)
        {
            await TurnAsync(cancellationToken);
            try
            {
                return await read();
            }
            catch (Exception e) when (!Cancelled(e, cancellationToken))
            {
                var fault = Fault(e);
                if (!fault.IsUnreadable || fault.Status >= HttpStatusCode.BadRequest)
                    throw fault;
                if (reads >= Reads)
                    throw string.IsNullOrEmpty(near)
                        ? fault
                        : new BucketException(
                            fault.Fault, $"{fault.Message} The page after '{near}' cannot be read.", fault)
                        { IsUnreadable = true };
            }
        }
    }

    /// <summary>One object as a listing shows it, without reading the object; null if there is none. One request.</summary>
    /// <param name="versions">Whether to list versions, which gives the latest version's id.</param>
    public async Task<S3Object?> FindListedAsync(string key, bool versions = false, CancellationToken cancellationToken = default)
    {
        // A key sorts before all others that begin with it, and its latest version before its older ones.
        var first = versions
            ? (await ListVersionsAsync(
                new() { Prefix = key, MaxKeys = 1 }, cancellationToken)).Versions is [{ IsLatest: true, IsDeleteMarker: false } latest, ..]
                ? latest.Entry
                : null
            : (await ListAsync(new() { Prefix = key, MaxKeys = 1 }, cancellationToken)).Objects is [var listed, ..] ? listed : null;
        return first?.Key == key ? first : null;
    }

    public async Task<BucketVersioning> GetVersioningAsync(CancellationToken cancellationToken = default)
    {
        using var stopping = Stopping(ref cancellationToken);
        try
        {
            var status = (await client.GetBucketVersioningAsync(
                new GetBucketVersioningRequest { BucketName = Name }, cancellationToken)).VersioningConfig?.Status;
            return status == VersionStatus.Enabled ? BucketVersioning.Enabled
                : status == VersionStatus.Suspended ? BucketVersioning.Suspended
                : BucketVersioning.Off;
        }
        catch (Exception e) when (!Cancelled(e, cancellationToken))
        {
            throw Fault(e);
        }
    }

    /// <summary>
    /// Sends three requests of the kinds that jobs need; some servers need a fourth. Throws only if cancelled.
    /// </summary>
    /// <param name="prefix">The store's prefix: a policy may allow listing only there.</param>
    public async Task<BucketProbe> ProbeAsync(string? prefix = null, CancellationToken cancellationToken = default)
    {
        try
        {
            var first = await ListAsync(new ListRequest { Prefix = prefix, MaxKeys = 1 }, cancellationToken);
            await RequireVersion2Async(first, prefix, cancellationToken);
        }
        catch (BucketException e)
        {
            return new(e.Fault, e.Message, null) { IsTransient = e.IsTransient };
        }

        BucketVersioning? versioning = null;
        try
        {
            versioning = await GetVersioningAsync(cancellationToken);
            if (versioning != BucketVersioning.Off)
                await ListVersionsAsync(new() { Prefix = prefix, MaxKeys = 1 }, cancellationToken);
            return new(null, $"Bucket '{Name}' can be used.", versioning);
        }
        catch (BucketException) when (versioning is null)
        {
            return new(null, $"Bucket '{Name}' can be used; whether it keeps versions is unknown (s3:GetBucketVersioning).", null);
        }
        catch (BucketException e)
        {
            return e.IsUnsupported()
                ? new(
                    null,
                    $"Bucket '{Name}' can be used; its versions cannot be listed (s3:ListBucketVersions): each object is asked for its "
                        + "own.", versioning)
                : new(e.Fault, e.Message, null) { IsTransient = e.IsTransient };
        }
    }

    /// <summary>
    /// Detects a server that lists by version 1 only: it knows neither a start key nor a token. A page with a count, as
    /// version 2 demands, needs no further request. Otherwise one more listing after the first key shows it, because
    /// version 1 begins at that key again. Without any key it cannot be detected.
    /// </summary>
    async Task RequireVersion2Async(ListPage first, string? prefix, CancellationToken cancellationToken)
    {
        if (first is { TellsCount: false, IsTruncated: false, Objects: [{ Key: var key }] }
            && await ListAsync(new() { Prefix = prefix, StartAfter = key, MaxKeys = 1 }, cancellationToken) is { Objects: [var again, ..] }
            && again.Key == key)
            throw BucketFaults.Version1(Name);
    }

    /// <summary>
    /// Null if there is no such object or version, or its ETag differs. Without a range it reads the whole object. A
    /// range that begins past the object's end is a fault.
    /// </summary>
    /// <param name="ifMatch">An ETag without quotes. An object that was overwritten since then is not read.</param>
    public async Task<S3Content?> GetAsync(
        string key, string? versionId = null, ByteSpan? range = null, string? ifMatch = null, CancellationToken cancellationToken = default)
    {
        if (!ObjectKey.CanExist(key))
            return null;
        var request = new GetObjectRequest { BucketName = Name, Key = key, VersionId = versionId, RequestPayer = payer };
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
            return new(
                answer.ResponseStream, answer.ContentLength, Listed.ETag(answer.ETag), Listed.Utc(answer.LastModified),
                Listed.Version(answer.VersionId), answer.Headers.ContentType);
        }
        catch (AmazonS3Exception e) when (IsAbsent(e, key, versionId) || e.StatusCode is HttpStatusCode.PreconditionFailed)
        {
            return null;
        }
        catch (Exception e) when (!Cancelled(e, cancellationToken))
        {
            throw Fault(e, key);
        }
    }

    /// <summary>
    /// Whether <see cref="PresignGetAsync"/> can name this key. If not, stream its bytes with <see cref="GetAsync"/>.
    /// </summary>
    /// <remarks>
    /// Browsers (WHATWG URL) and most HTTP libraries fold <c>.</c> and <c>..</c> segments, also encoded ones, which
    /// breaks the signature. With path style the AWS SDK signs a leading slash as another path than it sends. Without
    /// credentials there is no signature.
    /// </remarks>
    public bool CanPresign(string key) =>
        !IsAnonymous && ObjectKey.CanExist(key) && !ObjectKey.HasDotSegment(key)
            && !(key.StartsWith('/') && client.Config is { ServiceURL: not null });

    /// <summary>
    /// A URL that lets anyone GET the object until it expires: a secret, never to be logged. It costs no request, so it
    /// is not checked whether the object exists.
    /// </summary>
    /// <param name="expiry">From a second to 7 days (the limit of Signature Version 4). Session credentials end the URL
    /// when they expire.</param>
    /// <param name="fileName">The name for a browser's download; null for the object's own.</param>
    /// <exception cref="BucketException">There is nothing to sign with: no credentials, or an anonymous
    /// store.</exception>
    /// <exception cref="ArgumentException"><see cref="CanPresign"/> is false, or the expiry is out of
    /// range.</exception>
    public async Task<string> PresignGetAsync(string key, string? versionId, TimeSpan expiry, string? fileName = null)
    {
        if (IsAnonymous)
            throw new BucketException(
                BucketFault.InvalidCredentials, $"Bucket '{Name}' has no access key, so no URL can be signed; give the store one.");
        if (!CanPresign(key))
            throw new ArgumentException(
                "This key cannot stand in a URL that browsers keep as it is; download it through the registry.", nameof(key));
        if (expiry < TimeSpan.FromSeconds(1) || expiry > TimeSpan.FromDays(7))
            throw new ArgumentOutOfRangeException(nameof(expiry), expiry, "From a second to 7 days.");
        var end = client is KeyKeepingS3Client kept ? await SessionEndAsync(kept) : null;
        // The SDK counts up to two seconds more than requested.
        end = end?.AddSeconds(-2);
        var wanted = DateTime.UtcNow + expiry;
        var request = new GetPreSignedUrlRequest
        {
            BucketName = Name,
            Key = key,
            VersionId = versionId,
            Verb = HttpVerb.GET,
            RequestPayer = payer,
            Expires = end < wanted ? end : wanted,
            Protocol = client.Config?.ServiceURL?.StartsWith("http:", StringComparison.OrdinalIgnoreCase) == true
                ? Protocol.HTTP
                : Protocol.HTTPS,
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

    async Task<S3Object> DescribedAsync(string key, string? versionId, GetObjectMetadataResponse head, CancellationToken cancellationToken)
    {
        // A web server answers 200 to any request; S3 sends an ETag, or headers of its own.
        if ((string.IsNullOrEmpty(head.ETag)
            && !head.ResponseMetadata?.Metadata.Keys.Any(name => name.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase)) == true)
            || head.ETag?.Length > Listed.MaxETagLength)
            throw BucketFaults.NotS3(Name, head.HttpStatusCode);
        var storageClass = head.StorageClass?.Value is { Length: > 0 } told ? told : null;
        return new(
            key, SizeOf(head) ?? await SizeAsync(key, versionId, cancellationToken), Listed.ETag(head.ETag), Listed.Utc(head.LastModified),
            Listed.Version(head.VersionId),
            Checksums.Md5(head, Name), Checksums.Sha256(head))
        {
            StorageClass = storageClass,
            IsArchived = !string.IsNullOrEmpty(head.ArchiveStatus?.Value)
                || (Listed.IsArchive(storageClass) && (head.RestoreExpiration is null || head.RestoreInProgress == true)),
        };
    }

    /// <summary>Null for a HEAD without a length, which the SDK reads as 0.</summary>
    static long? SizeOf(GetObjectMetadataResponse head) =>
        head.ContentLength == 0 && !head.Headers.Keys.Contains("Content-Length", StringComparer.OrdinalIgnoreCase)
            ? null
            : head.ContentLength;

    /// <summary>The size that a HEAD left out, from a GET of the first byte or a LIST of the key.</summary>
    async Task<long> SizeAsync(string key, string? versionId, CancellationToken cancellationToken)
    {
        try
        {
            await TurnAsync(cancellationToken);
            using var first = await client.GetObjectAsync(
                new GetObjectRequest
                {
                    BucketName = Name,
                    Key = key,
                    VersionId = versionId,
                    ByteRange = new ByteRange(0, 0),
                    RequestPayer = payer,
                }, cancellationToken);
            if (ContentRangeHeaderValue.TryParse(first.ContentRange, out var range) && range.Length is { } length)
                return length;
            if (first.HttpStatusCode is HttpStatusCode.OK
                && first.Headers.Keys.Contains("Content-Length", StringComparer.OrdinalIgnoreCase))
                return first.ContentLength;
        }
        catch (AmazonS3Exception e) when (e.StatusCode is HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            return 0;
        }
        catch (AmazonS3Exception e) when (BucketFaults.From(e, Name, region).IsUnsupported())
        {
            // A LIST may still be allowed.
        }

        return await FindListedAsync(key, versions: false, cancellationToken) is { SizeIsUnknown: false } listed ? listed.Size
            : throw new BucketException(
                BucketFault.Unexpected,
                $"The server of bucket '{Name}' does not give this object's size. Check that its endpoint is an S3 API.")
            { IsUnreadable = true };
    }

    /// <summary>A version that is a delete marker answers 405. A GET's NoSuchBucket is also 404, but is no absence.</summary>
    static bool IsAbsent(AmazonS3Exception e, string key, string? versionId) =>
        (e.StatusCode is HttpStatusCode.NotFound && !string.Equals(e.ErrorCode, "NoSuchBucket", StringComparison.Ordinal))
        || (e.StatusCode is HttpStatusCode.MethodNotAllowed && versionId is not null)
        || (e.StatusCode is HttpStatusCode.BadRequest && ObjectKey.IsTooLong(key));

    /// <summary>Makes the request's token end with <c>stop</c> too.</summary>
    CancellationTokenSource? Stopping(ref CancellationToken cancellationToken)
    {
        if (!stop.CanBeCanceled)
            return null;
        var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stop);
        cancellationToken = both.Token;
        return both;
    }

    ValueTask TurnAsync(CancellationToken cancellationToken) =>
        turn?.Invoke(pace?.Share ?? 1, cancellationToken) ?? ValueTask.CompletedTask;

    static bool Cancelled(Exception e, CancellationToken cancellationToken) =>
        e is OperationCanceledException && cancellationToken.IsCancellationRequested;

    BucketException Fault(Exception e, string? key = null)
    {
        var fault = BucketFaults.From(e, Name, region, client.Config?.ServiceURL);
        fault.Key ??= key;
        return fault;
    }
}
