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
/// The limits of requests, with .NET's rate limiters. Each instance counts by itself, and queues no request. ASP.NET Core's own middleware
/// never disposes of its limiter, whose timer would keep a stopped service in memory.
/// <code>
/// a subject's requests a minute      every request with a valid token, right log-ins and client secrets
/// a subject's requests at a time     endpoints with the policy <see cref="InFlight"/>, until the answer is written or the caller hangs up
/// an address's requests a minute     endpoints with the policy <see cref="Content"/> or <see cref="Description"/>
/// an address's requests at a time    endpoints with the policy <see cref="Content"/>
/// an address's refusals a minute     requests without a valid token
/// </code>
/// </summary>
sealed class RateLimits : IDisposable
{
    public const string InFlight = "in-flight";
    public const string Content = "content";
    public const string Description = "description";

    /// <summary>
    /// Addresses can be forged, so they share this many windows. Hashes differ by process, so outsiders cannot find addresses that share
    /// one.
    /// </summary>
    const int AddressWindows = 1 << 16;

    /// <summary>The <c>Retry-After</c> of a limit of concurrent requests, of which one may end at any time.</summary>
    static readonly TimeSpan InFlightWait = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a valid token is admitted from an address over its limit. So strangers behind the same address lock no caller out.
    /// </summary>
    static readonly TimeSpan Remembered = TimeSpan.FromMinutes(10);

    readonly ExpiringCache<string, string> good;
    readonly TimeProvider clock;
    readonly LimitOptions limits;
    readonly int forwardedHops;

    /// <summary>The limit for a subject.</summary>
    readonly PartitionedRateLimiter<Guid> subjects;

    /// <summary>The limit for an address.</summary>
    readonly PartitionedRateLimiter<int> refusals;

    /// <summary>The limits of endpoints, by policy.</summary>
    readonly Dictionary<string, PartitionedRateLimiter<HttpContext>> policies;

    public RateLimits(TimeProvider clock, IOptions<LimitOptions> limits, IOptions<AccessOptions> access)
    {
        (this.clock, this.limits, forwardedHops) = (clock, limits.Value, access.Value.ForwardedHops);
        good = new(clock, Remembered);
        subjects = PartitionedRateLimiter.Create<Guid, Guid>(subject => Window(subject, this.limits.RequestsPerMinute));
        refusals = PartitionedRateLimiter.Create<int, int>(address => Window(address, this.limits.RefusalsPerMinute));
        policies = new(StringComparer.Ordinal)
        {
            [InFlight] = PartitionedRateLimiter.Create<HttpContext, Guid>(context => RateLimitPartition.GetConcurrencyLimiter(
                Caller.Of(context).Id, _ => new() { PermitLimit = this.limits.RequestsInFlight, QueueLimit = 0 })),
            // Check the window first: a request that the concurrency limit refuses counts for the minute.
            [Content] = Addresses(address => RateLimitPartition.Get(address, _ => RateLimiter.CreateChained(
                new FixedWindowRateLimiter(
                    new() { PermitLimit = this.limits.RequestsPerMinute, Window = this.limits.Window, QueueLimit = 0 }),
                new ConcurrencyLimiter(new() { PermitLimit = this.limits.RequestsInFlight, QueueLimit = 0 })))),
            [Description] = Addresses(address => Window(address, this.limits.RefusalsPerMinute)),
        };
    }

    /// <summary>Ends a request that is over the limit of its endpoint's policy.</summary>
    public async Task RequireTurnAsync(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<EnableRateLimitingAttribute>()?.PolicyName is not { } policy)
        {
            await next(context);
            return;
        }

        using var lease = policies[policy].AttemptAcquire(context);
        if (!lease.IsAcquired)
        {
            throw WaitOf(lease) is not { } wait ? TooMany(nameof(LimitOptions.RequestsInFlight), InFlightWait)
                : TooMany(policy == Description ? nameof(LimitOptions.RefusalsPerMinute) : nameof(LimitOptions.RequestsPerMinute), wait);
        }

        await next(context);
    }

    /// <summary>
    /// Ends a request that needs a token if its address is over its limit and its token is not known to be valid. It runs before the token
    /// is checked, because that costs a request to a table.
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

    /// <summary>How long the address of the request has to wait; null if its token is checked now.</summary>
    public TimeSpan? StrangersWait(HttpContext context)
    {
        using var lease = refusals.AttemptAcquire(AddressOf(context), permitCount: 0);
        return lease.IsAcquired || IsKnown(context) ? null : WaitOf(lease) ?? limits.Window;
    }

    /// <summary>Counts a request without a valid token, and ends it if there were too many.</summary>
    public void CountRefusal(HttpContext context)
    {
        if (FingerprintOf(context) is { } fingerprint)
            good.Forget(fingerprint);
        using var lease = refusals.AttemptAcquire(AddressOf(context));
        if (!lease.IsAcquired)
            throw TooMany(nameof(LimitOptions.RefusalsPerMinute), WaitOf(lease) ?? limits.Window);
    }

    /// <summary>Notes that the token of the request is valid.</summary>
    public void Remember(HttpContext context)
    {
        if (FingerprintOf(context) is { } fingerprint)
            good.Put(fingerprint, fingerprint, clock.GetUtcNow());
    }

    /// <summary>Counts a log-in like a request with a token of the subject, and ends it if there were too many.</summary>
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
        foreach (var policy in policies.Values)
            policy.Dispose();
    }

    PartitionedRateLimiter<HttpContext> Addresses(Func<int, RateLimitPartition<int>> partition) =>
        PartitionedRateLimiter.Create<HttpContext, int>(context => partition(AddressOf(context)));

    RateLimitPartition<TKey> Window<TKey>(TKey key, int limit) =>
        RateLimitPartition.GetFixedWindowLimiter(key, _ => new() { PermitLimit = limit, Window = limits.Window, QueueLimit = 0 });

    /// <summary>Null for a limit of concurrent requests.</summary>
    static TimeSpan? WaitOf(RateLimitLease lease) => lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : null;

    int AddressOf(HttpContext context) =>
        ClientAddress.Of(context, forwardedHops).GetHashCode(StringComparison.Ordinal) & (AddressWindows - 1);

    /// <summary>Whether the token of the request was valid a short while ago, with either scheme.</summary>
    bool IsKnown(HttpContext context) => FingerprintOf(context) is { } fingerprint && good.Find(fingerprint) is not null;

    /// <summary>The hash of the token, which is not kept itself; null if the request has none.</summary>
    static string? FingerprintOf(HttpContext context) => RequestToken.Of(context.Request) is { } token
        ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)))
        : null;
}
