using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Text;
using Amazon.Runtime;
using DataRegistry.Telemetry;
using Microsoft.AspNetCore.WebUtilities;

namespace DataRegistry.Stores.S3;

/// <summary>
/// The counter <c>dataregistry.s3.requests</c> of the meter <c>DataRegistry.Stores</c>. It counts every HTTP request,
/// including retries, because they are billed.
/// </summary>
/// <remarks>Tags: <c>operation</c> (<c>head</c>, <c>list</c>, <c>list_versions</c>, <c>get</c>, <c>get_versioning</c>,
/// <c>other</c>) and <c>status</c> (HTTP's, or <c>none</c> if no answer came).</remarks>
sealed class BucketRequests : IDisposable
{
    readonly Meter meter;
    readonly Counter<long> counter;

    public BucketRequests(IMeterFactory? meters)
    {
        meter = meters?.Create("DataRegistry.Stores") ?? new Meter("DataRegistry.Stores");
        counter = meter.CreateCounter<long>("dataregistry.s3.requests", "{request}", "HTTP requests sent to S3, retries included");
    }

    public void Count(string operation, int? status) =>
        counter.Add(
            1, new KeyValuePair<string, object?>("operation", operation),
            new KeyValuePair<string, object?>("status", status?.ToString(CultureInfo.InvariantCulture) ?? "none"));

    public void Dispose() => meter.Dispose();
}

/// <summary>One HTTP client for each S3 client.</summary>
/// <param name="bucket">Only to name it in errors.</param>
/// <param name="pace">Slows down each time the server throttles a request; null for no pace.</param>
sealed class BucketHttpClients(BucketsOptions options, BucketRequests requests, string bucket, BucketPace? pace) : HttpClientFactory
{
    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

    public override HttpClient CreateHttpClient(IClientConfig clientConfig) =>
        new(new CountingHandler(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                // A proxy would resolve names itself, and no address could be refused.
                UseProxy = options.Connect is null,
                ConnectTimeout = options.ConnectTimeout,
                MaxConnectionsPerServer = 256,
                PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
                // S3 changes its addresses; a connection that never ends would not notice.
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
                ConnectCallback = options.Connect,
                // The app makes its own spans for requests. This handler's spans would hold signed URLs, and send our
                // trace ids to the bucket's server.
                ActivityHeadersPropagator = null,
            },
            requests, bucket, pace, options.RequestTimeout))
        { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>An S3 error has a sentence and some ids. A job keeps the sentence in a row.</summary>
    const int MaxErrorBytes = 16 * 1024;

    /// <param name="timeout">Until the answer's headers, and until the end of a document.</param>
    sealed class CountingHandler(
        HttpMessageHandler inner, BucketRequests requests, string bucket, BucketPace? pace, TimeSpan timeout) : DelegatingHandler(inner)
    {
        /// <summary>
        /// Headers that the SDK reads and the app does not need. One unreadable value would cost the whole answer.
        /// </summary>
        static readonly string[] Unneeded =
        [
            "x-amz-missing-meta", "x-amz-mp-parts-count", "x-amz-object-lock-retain-until-date",
            "x-amz-server-side-encryption-bucket-key-enabled", "x-amz-tagging-count",
        ];

        /// <summary>A time-out is not retried, because it takes the time of many tries.</summary>
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limited.CancelAfter(timeout);
            try
            {
                return await AskAsync(request, limited.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // The inner exception is left out: the SDK would find a broken connection in it, and retry.
                throw new BucketException(
                    BucketFault.Unreachable, $"The server of bucket '{bucket}' does not answer within {timeout.TotalSeconds} seconds.")
                {
                    IsTimeout = true,
                };
            }
        }

        async Task<HttpResponseMessage> AskAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var operation = Operation(request);
            using var span = Spans.Start(
                $"S3 {operation}", ActivityKind.Client)?.SetTag(
                    "server.address", request.RequestUri!.Host).SetTag("http.request.method", request.Method.Method);
            if (IsRetry(request))
                Metrics.Retried("s3");
            HttpResponseMessage? response = null;
            try
            {
                response = await base.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException e) when (e.InnerException is BucketException refused)
            {
                // The SDK would retry the original exception.
                throw new BucketException(refused.Fault, refused.Message, e);
            }
            catch (HttpRequestException e) when (
                e.HttpRequestError is HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded)
            {
                // A retry would get the same headers.
                throw new BucketException(
                    BucketFault.Unexpected, $"The server of bucket '{bucket}' sends an unreadable answer: {e.Message}", e)
                {
                    IsUnreadable = true,
                };
            }
            finally
            {
                requests.Count(operation, (int?)response?.StatusCode);
                span?.Answered((int?)response?.StatusCode);
            }
            if (response.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests)
                pace?.SlowDown();
            // The SDK would follow any redirect, any number of times.
            if ((int)response.StatusCode is >= 300 and < 400 && response.Headers.Location is { } location)
            {
                // Keep the origin only: the rest is signed.
                if (location.IsAbsoluteUri && location.GetLeftPart(UriPartial.Authority) is var origin
                    && origin != request.RequestUri!.GetLeftPart(UriPartial.Authority))
                    response.Headers.TryAddWithoutValidation(BucketFaults.RedirectHeader, origin);
                response.Headers.Location = null;
            }

            if (operation is "head" or "get" && response.IsSuccessStatusCode)
                Mend(response);
            if (operation != "head" && !(operation == "get" && response.IsSuccessStatusCode))
                await ReadDocumentAsync(request, response, operation, cancellationToken);
            return response;
        }

        /// <summary>Removes headers without a value: an absent time or length is unknown.</summary>
        static void Mend(HttpResponseMessage response)
        {
            foreach (var name in Unneeded)
                response.Headers.Remove(name);
            var headers = response.Content.Headers;
            if (headers.NonValidated.TryGetValues("Last-Modified", out var time)
                && !DateTime.TryParse(time.ToString(), CultureInfo.InvariantCulture, out _))
                headers.Remove("Last-Modified");
            if (headers.NonValidated.TryGetValues("Content-Length", out var length)
                && !long.TryParse(length.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out _))
                headers.Remove("Content-Length");
        }

        /// <summary>
        /// Reads a document before the SDK sees it, within the request's time. The SDK itself would read without a
        /// limit, on a blocked thread.
        /// </summary>
        async Task ReadDocumentAsync(
            HttpRequestMessage request, HttpResponseMessage response, string operation, CancellationToken cancellationToken)
        {
            try
            {
                await response.Content.LoadIntoBufferAsync(S3Document.MaxBytes, cancellationToken);
                var document = await response.Content.ReadAsByteArrayAsync(cancellationToken);
                if (!DocumentBounds.Hold(document, EntriesAskedFor(request, response, operation))
                    || (!response.IsSuccessStatusCode && document.Length > MaxErrorBytes))
                {
                    if (response.IsSuccessStatusCode)
                        throw BucketFaults.NotS3(bucket, response.StatusCode);
                    // The status is enough. A proxy's page is no document of S3, and may have any size.
                    response.Content = Replaced(response.Content, []);
                    return;
                }

                Check(document, response.StatusCode, operation);
                var repaired = S3Document.Repaired(document);
                if (operation is "list" or "list_versions" && response.StatusCode is HttpStatusCode.OK)
                    repaired = ListingValues.WithoutUnreadable(repaired ?? document) ?? repaired;
                if (repaired is not null)
                    response.Content = Replaced(response.Content, repaired);
            }
            catch (HttpRequestException e) when (e.HttpRequestError is HttpRequestError.ConfigurationLimitExceeded)
            {
                response.Dispose();
                throw new BucketException(
                    BucketFault.Unexpected,
                    "The server answers with a body larger than any S3 document; check that the endpoint URL is that of an S3 API.",
                    e)
                { IsUnreadable = true };
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }

        void Check(byte[] document, HttpStatusCode status, string operation)
        {
            if (status is HttpStatusCode.BadRequest && document.Length < 4096 && Encoding.UTF8.GetString(document) is var text
                && text.Contains("HTTPS", StringComparison.Ordinal) && text.Contains("HTTP request", StringComparison.Ordinal))
                throw new BucketException(
                    BucketFault.WrongEndpoint, $"The server of bucket '{bucket}' requires https; begin the endpoint URL with https://.");
            if (status is not HttpStatusCode.OK || operation is not ("list" or "list_versions"))
                return;
            if (S3Document.Root(document) is not { Length: > 0 } root || !root.StartsWith("List", StringComparison.Ordinal)
                || !root.Contains("Result", StringComparison.Ordinal))
                throw BucketFaults.NotS3(bucket, status);
            if (operation == "list" && S3Document.IsVersion1(document))
                throw BucketFaults.Version1(bucket);
        }

        /// <summary>The entries that the request asked a listing for; null if the answer is no listing.</summary>
        static int? EntriesAskedFor(HttpRequestMessage request, HttpResponseMessage response, string operation) =>
            !response.IsSuccessStatusCode || operation is not ("list" or "list_versions") ? null
            : QueryHelpers.ParseQuery(request.RequestUri!.Query)["max-keys"].ToString() is var text
                && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var asked)
                ? asked
                : ListRequest.PageKeys;

        static ByteArrayContent Replaced(HttpContent content, byte[] bytes)
        {
            var replaced = new ByteArrayContent(bytes);
            foreach (var header in content.Headers.Where(h => !h.Key.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)))
                replaced.Headers.TryAddWithoutValidation(header.Key, header.Value);
            return replaced;
        }

        /// <summary>The SDK numbers each try in a header: <c>amz-sdk-request: attempt=2; max=4</c>.</summary>
        static bool IsRetry(HttpRequestMessage request) =>
            request.Headers.TryGetValues("amz-sdk-request", out var values) && values.FirstOrDefault() is { } tries
                && !tries.StartsWith("attempt=1;", StringComparison.Ordinal);

        static string Operation(HttpRequestMessage request)
        {
            var query = request.RequestUri!.Query;
            return request.Method == HttpMethod.Head ? "head"
                : request.Method != HttpMethod.Get ? "other"
                : Has(query, "list-type") ? "list"
                : Has(query, "versions") ? "list_versions"
                : Has(query, "versioning") ? "get_versioning"
                : "get";
        }

        /// <summary>
        /// Whether the query has a parameter of this name. A value would have <c>=</c> and <c>&amp;</c> encoded.
        /// </summary>
        static bool Has(string query, string name)
        {
            foreach (var part in query.AsSpan().TrimStart('?').Split('&'))
            {
                var parameter = query.AsSpan().TrimStart('?')[part];
                if (parameter.StartsWith(name, StringComparison.Ordinal)
                    && (parameter.Length == name.Length || parameter[name.Length] == '='))
                    return true;
            }
            return false;
        }
    }
}
