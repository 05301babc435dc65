using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.WebUtilities;

namespace DataRegistry.Http;

/// <summary>A page of results, in the contract's shape.</summary>
/// <param name="Count">All that match; null where counting them would cost more than the page.</param>
/// <param name="Next">Absolute URL of the next page, to be requested with the same headers; null on the last.</param>
/// <param name="Previous">Always null: cursors lead forward.</param>
public sealed record Page<T>(int? Count, string? Next, string? Previous, IReadOnlyList<T> Results);

/// <summary>The paging parameters of a request.</summary>
/// <param name="Limit">1..9000 (the contract's published limit), also where more was asked for; 100 when not given.</param>
/// <param name="Cursor">What <see cref="Next"/> put into the link; null on the first page.</param>
public sealed record Paging(int Limit, string? Cursor)
{
    public const int MaxLimit = 9000;
    public const int DefaultLimit = 100;

    /// <summary>Reads <c>limit</c> and <c>cursor</c>; a wrong one ends the request with 400.</summary>
    public static Paging From(HttpRequest request)
    {
        long wanted = DefaultLimit;
        if (request.Query.TryGetValue("limit", out var text)
            && (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out wanted) || wanted < 1))
            throw CommonErrors.TooSmallANumber.On("limit", 1);

        // Public clients ask for 10,000: the largest page tells by its next link that there is more, a refusal would only break them.
        var limit = (int)Math.Min(wanted, MaxLimit);
        if (!request.Query.TryGetValue("cursor", out var cursor))
            return new(limit, null);
        try
        {
            return new(limit, Encoding.UTF8.GetString(WebEncoders.Base64UrlDecode(cursor.ToString())));
        }
        catch (FormatException)
        {
            throw BadCursor();
        }
    }

    public static ApiException BadCursor() => CommonErrors.NotACursor.On("cursor");

    /// <summary>The request's own URL with another cursor; null for no cursor.</summary>
    public static string? Next(HttpContext context, string? cursor)
    {
        if (cursor is null)
            return null;
        var query = new QueryBuilder(context.Request.Query.Where(p => !p.Key.Equals("cursor", StringComparison.OrdinalIgnoreCase)))
        {
            { "cursor", WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(cursor)) },
        };
        return PublicUrl.Of(context.Request) + context.Request.Path + query;
    }
}

/// <summary>A page of a list, and what its list knows of the others.</summary>
/// <param name="Next">The next page's cursor; null at the end.</param>
/// <param name="Count">Of the whole list; null where it is not counted.</param>
sealed record CountedPage<T>(IReadOnlyList<T> Rows, string? Next, int? Count);

/// <summary>Pages of rows that are read one after the other.</summary>
public static class RowPaging
{
    /// <summary>The first rows, and the cursor after the last of them; null if no more follow.</summary>
    /// <param name="limit">At least 1.</param>
    public static async Task<(IReadOnlyList<T> Rows, string? Cursor)> PageAsync<T>(
        this IAsyncEnumerable<T> rows, int limit, Func<T, string> cursorOf, CancellationToken cancellationToken)
    {
        // One more than wanted tells whether there is a next page.
        var taken = await rows.Take(limit + 1).ToListAsync(cancellationToken);
        if (taken.Count <= limit)
            return (taken, null);
        taken.RemoveAt(limit);
        return (taken, cursorOf(taken[^1]));
    }
}
