using System.Security.Cryptography;
using System.Text;
using DataRegistry.Organization;
using DataRegistry.Http;
using DataRegistry.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace DataRegistry.Access;

/// <summary>How much subjects may ask, and how often addresses may come without a token, or a good one. Who is over a limit is told 429 and when to come again.</summary>
sealed class RateLimits(RequestBudgets budgets, RequestSlots slots, TimeProvider clock, IOptions<LimitOptions> limits, IOptions<AccessOptions> access)
{
    const string Address = "address";
    const string Content = "content";
    const string Subject = "subject";

    /// <summary>A token that was good is let in from an address that is over its limit, so that a stranger behind the same address keeps nobody out.</summary>
    static readonly TimeSpan Remembered = TimeSpan.FromMinutes(10);

    readonly ExpiringCache<string, string> good = new(clock, Remembered);

    /// <summary>Before the token is looked at, which costs a request to a table: ends the request if its address is over its limit and its token is not known to be good.</summary>
    public void RequireStrangersTurn(HttpContext context)
    {
        if (budgets.Spent(Address, AddressOf(context)) is { } wait && good.Find(FingerprintOf(context)) is null)
            throw TooMany(nameof(LimitOptions.RefusalsPerMinute), wait);
    }

    /// <summary>The request has no good token: it counts. Ends it if there were too many.</summary>
    public async Task CountRefusalAsync(HttpContext context)
    {
        if (await budgets.TakeAsync(Address, AddressOf(context), limits.Value.RefusalsPerMinute, context.RequestAborted) is { } wait)
            throw TooMany(nameof(LimitOptions.RefusalsPerMinute), wait);
    }

    /// <summary>The request is its caller's; it is under way until its answer is sent. Ends it if the caller has too many.</summary>
    public async Task AdmitAsync(HttpContext context, Caller caller)
    {
        var fingerprint = FingerprintOf(context);
        good.Put(fingerprint, fingerprint, clock.GetUtcNow());
        await CountAsync(context, caller.Id);
        // Last, so that nothing keeps it from being given back.
        if (!await slots.TryTakeAsync(caller.Id, limits.Value.RequestsInFlight, context.RequestAborted))
            throw TooMany(nameof(LimitOptions.RequestsInFlight), RequestSlots.RefusedFor);
        context.Response.OnCompleted(() => slots.EndAsync(caller.Id).AsTask());
    }

    /// <summary>The request has shown to be the subject's by other than a token: it counts like any of the subject's. Ends it if there were too many.</summary>
    public Task CountAsync(HttpContext context, Guid subject) => CountAsync(context, Subject, subject.ToString("N"));

    /// <summary>For what its URL alone lets in, so that nobody knows whose it is: it counts for its address.</summary>
    public async ValueTask<object?> AdmitAddressAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        await CountAsync(context.HttpContext, Content, AddressOf(context.HttpContext));
        return await next(context);
    }

    /// <param name="limit">The setting's name.</param>
    public static ApiException TooMany(string limit, TimeSpan wait)
    {
        Measures.Refused(limit);
        return new(new ApiError.Detail(StatusCodes.Status429TooManyRequests, $"Too many requests. Try again in {Math.Ceiling(wait.TotalSeconds):0} s.") { RetryAfter = wait });
    }

    async Task CountAsync(HttpContext context, string kind, string name)
    {
        if (await budgets.TakeAsync(kind, name, limits.Value.RequestsPerMinute, context.RequestAborted) is { } wait)
            throw TooMany(nameof(LimitOptions.RequestsPerMinute), wait);
    }

    string AddressOf(HttpContext context) => ClientAddress.Of(context, access.Value.ForwardedHops);

    /// <summary>Of the token: it is not kept itself.</summary>
    static string FingerprintOf(HttpContext context) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(context.Request.Headers.Authorization.ToString())));
}
