using Microsoft.AspNetCore.Http;

namespace DataRegistry.Http;

/// <summary>The header <c>Idempotency-Key</c>. A repeated request with the same key gets the first answer and changes nothing.</summary>
static class IdempotencyKey
{
    public const string Header = "Idempotency-Key";

    /// <summary>How long a key is kept.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    const int MaxLength = 255;

    /// <summary>The key of a request; null if it has none. A bad key ends the request with 400.</summary>
    public static string? Of(HttpRequest request) => request.Headers[Header] switch
    {
        { Count: 0 } => null,
        { Count: 1 } values when values[0] is { Length: > 0 and <= MaxLength } key => key,
        _ => throw CommonErrors.NotAKey.On(Header, MaxLength),
    };

    public static ApiException OtherBody() => CommonErrors.KeyUsed.On(Header);
}
