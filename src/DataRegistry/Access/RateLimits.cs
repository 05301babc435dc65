using System.Security.Cryptography;
using System.Text;
using System.Threading.RateLimiting;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Telemetry;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace DataRegistry.Access;

/// <summary>
/// The limits of requests, by ASP.NET Core's rate limiter. Each instance counts for itself; nothing is queued.
/// <code>
/// a subject's requests a minute      every request with a good token, right log-ins and client secrets
/// a subject's requests at a time     endpoints with the policy <see cref="InFlight"/>, until the answer is written or the caller hangs up
/// an address's requests a minute     endpoints with the policy <see cref="Content"/> or <see cref="Description"/>
/// an address's requests at a time    endpoints with the policy <see cref="Content"/>
/// an address's refusals a minute     requests without a good token
/// </code>
/// </summary>
sealed class RateLimits : IDisposable
{
    public const string InFlight = "in-flight";
    public const string Content = "content";
    public const string Description = "description";

    /// <summary>
    /// Addresses can be made up, so they share this many windows. Nobody outside can tell which do: hashes differ by process.
    /// </summary>
    const int AddressWindows = 1 << 16;

    /// <summary>A permit that is taken may be free at any time.</summary>
    static readonly TimeSpan InFlightWait = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A token that was good is let in from an address that is over its limit: strangers behind the same address keep nobody out.
    /// </summary>
    static readonly TimeSpan Remembered = TimeSpan.FromMinutes(10);

    readonly ExpiringCache<string, string> good;
    readonly TimeProvider clock;
    readonly LimitOptions limits;
    readonly int forwardedHops;

    /// <summary>By subject.</summary>
    readonly PartitionedRateLimiter<Guid> subjects;

    /// <summary>By address.</summary>
    readonly PartitionedRateLimiter<int> refusals;

    public RateLimits(TimeProvider clock, IOptions<LimitOptions> limits, IOptions<AccessOptions> access)
    {
        (this.clock, this.limits, forwardedHops) = (clock, limits.Value, access.Value.ForwardedHops);
        good = new(clock, Remembered);
        subjects = PartitionedRateLimiter.Create<Guid, Guid>(subject => Window(subject, this.limits.RequestsPerMinute));
        refusals = PartitionedRateLimiter.Create<int, int>(address => Window(address, this.limits.RefusalsPerMinute));
    }

    public void Configure(RateLimiterOptions options)
    {
        options.AddPolicy(InFlight, context => RateLimitPartition.GetConcurrencyLimiter(
            Caller.Of(context).Id, _ => new() { PermitLimit = limits.RequestsInFlight, QueueLimit = 0 }));
        // The window first: a request that is refused at a time counts for the minute.
        options.AddPolicy(Content, context => RateLimitPartition.Get(AddressOf(context), _ => RateLimiter.CreateChained(
            new FixedWindowRateLimiter(new() { PermitLimit = limits.RequestsPerMinute, Window = limits.Window, QueueLimit = 0 }),
            new ConcurrencyLimiter(new() { PermitLimit = limits.RequestsInFlight, QueueLimit = 0 }))));
        options.AddPolicy(Description, context => Window(AddressOf(context), limits.RefusalsPerMinute));
        options.OnRejected = (rejected, _) =>
        {
            var policy = rejected.HttpContext.GetEndpoint()?.Metadata.GetMetadata<EnableRateLimitingAttribute>()?.PolicyName;
            var refusal = WaitOf(rejected.Lease) is not { } wait ? TooMany(nameof(LimitOptions.RequestsInFlight), InFlightWait)
                : TooMany(policy == Description ? nameof(LimitOptions.RefusalsPerMinute) : nameof(LimitOptions.RequestsPerMinute), wait);
            return new(refusal.Error.WriteAsync(rejected.HttpContext));
        };
    }

    /// <summary>
    /// Ends a request that needs a token if its address is over its limit and its token is not known to be good. It comes before the token
    /// is
    /// looked at, which costs a request to a table.
    /// </summary>
    public async Task RequireStrangersTurnAsync(HttpContext context, RequestDelegate next)
    {
        var needsToken = context.GetEndpoint()?.Metadata.GetMetadata<IAuthorizeData>() is not null;
        if (needsToken && StrangersWait(context) is { } wait)
            throw TooMany(nameof(LimitOptions.RefusalsPerMinute), wait);
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (needsToken && context.RequestAborted.IsCancellationRequested
            && context.User.Identity is not CallerIdentity && !IsKnown(context))
        {
            // A caller who hangs up before the refusal costs as much as one who waits for it.
            refusals.AttemptAcquire(AddressOf(context)).Dispose();
            throw;
        }
    }

    /// <summary>How long the request's address has to wait before a token is looked at; null where it is looked at now.</summary>
    public TimeSpan? StrangersWait(HttpContext context)
    {
        using var lease = refusals.AttemptAcquire(AddressOf(context), permitCount: 0);
        return lease.IsAcquired || IsKnown(context) ? null : WaitOf(lease) ?? limits.Window;
    }

    /// <summary>The request has no good token: it counts. Ends it if there were too many.</summary>
    public void CountRefusal(HttpContext context)
    {
        if (FingerprintOf(context) is { } fingerprint)
            good.Forget(fingerprint);
        using var lease = refusals.AttemptAcquire(AddressOf(context));
        if (!lease.IsAcquired)
            throw TooMany(nameof(LimitOptions.RefusalsPerMinute), WaitOf(lease) ?? limits.Window);
    }

    /// <summary>The request's token was good.</summary>
    public void Remember(HttpContext context)
    {
        if (FingerprintOf(context) is { } fingerprint)
            good.Put(fingerprint, fingerprint, clock.GetUtcNow());
    }

    /// <summary>The subject has logged in, which counts like a request with its token. Ends the request if there were too many.</summary>
    public void Count(Guid subject)
    {
        using var lease = subjects.AttemptAcquire(subject);
        if (!lease.IsAcquired)
            throw TooMany(nameof(LimitOptions.RequestsPerMinute), WaitOf(lease) ?? limits.Window);
    }

    /// <param name="limit">The setting's name.</param>
    public static ApiException TooMany(string limit, TimeSpan wait)
    {
        Metrics.Refused(limit);
        return AccessErrors.TooManyRequests.With(Math.Ceiling(wait.TotalSeconds)).After(wait);
    }

    public void Dispose()
    {
        subjects.Dispose();
        refusals.Dispose();
    }

    RateLimitPartition<TKey> Window<TKey>(TKey key, int limit) =>
        RateLimitPartition.GetFixedWindowLimiter(key, _ => new() { PermitLimit = limit, Window = limits.Window, QueueLimit = 0 });

    /// <summary>Null where the limit is one of requests at a time.</summary>
    static TimeSpan? WaitOf(RateLimitLease lease) => lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : null;

    int AddressOf(HttpContext context) =>
        ClientAddress.Of(context, forwardedHops).GetHashCode(StringComparison.Ordinal) & (AddressWindows - 1);

    /// <summary>Whether the request's token was good a short while ago, however the header names it.</summary>
    bool IsKnown(HttpContext context) => FingerprintOf(context) is { } fingerprint && good.Find(fingerprint) is not null;

    /// <summary>Of the token, which is not kept itself; null where the request has none.</summary>
    static string? FingerprintOf(HttpContext context) => RequestToken.Of(context.Request) is { } token
        ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)))
        : null;
}
