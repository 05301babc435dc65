using DataRegistry.Http;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Datums;

enum DatumOrder
{
    NewestFirst,
    OldestFirst,
    Name,
    NameDescending,
    Size,
    SizeDescending,
}

/// <summary>A filter for a project's datums, and an order.</summary>
/// <param name="Store">Null for all.</param>
/// <param name="Name">The key's last segment, whole; null for all.</param>
/// <param name="Uri">Null for all.</param>
/// <param name="Tag">A tag that the datum has; null for all.</param>
/// <param name="Purged">Only the purged ones, or only the others.</param>
/// <param name="Nothing">No datum can match: the query asks for deleted ones, an execution's output, or a name with a
/// slash.</param>
sealed record DatumQuery(Guid? Store, string? Name, S3Url? Uri, string? Tag, bool Purged, bool Nothing, DatumOrder Order, int Offset)
{
    public const int MaxOffset = 10_000;

    /// <summary>The drift state that scans found; null for any.</summary>
    public DriftState? Drift { get; init; }

    /// <summary>
    /// When each store's last completed scan began. It distinguishes unchanged datums from those that no scan has seen.
    /// </summary>
    public IReadOnlyDictionary<Guid, DateTimeOffset> Scanned { get; init; } = new Dictionary<Guid, DateTimeOffset>();

    /// <summary>Reads the contract's parameters; a wrong one ends the request with 400.</summary>
    public static DatumQuery From(HttpRequest request)
    {
        S3Url? uri = Fields.Query(request, "uri") is not { } text ? null : S3Url.TryParse(text, out var url) ? url
            : throw DatumErrors.NotAUrl.On("uri");
        var execution = Fields.Query(request, "output_execution") is { } id ? Fields.Id("output_execution", id) : (Guid?)null;
        var name = Fields.Query(request, "name");
        var nothing = Flag(request, "deleted") || execution is not null || name?.Contains('/', StringComparison.Ordinal) == true;
        return new(
            Fields.Query(request, "store") is { } store ? Fields.Id("store", store) : null, name, uri, Fields.Query(request, "tag"),
            Flag(request, "purged"), nothing, OrderOf(Fields.Query(request, "ordering")),
            OffsetOf(Fields.Query(request, "offset")))
        {
            Drift = Fields.Query(request, "drift") is { } drift ? Fields.Choice<DriftState>("drift", drift) : null,
        };
    }

    /// <summary>A parameter that is true or false; false if it is missing.</summary>
    public static bool Flag(HttpRequest request, string name) => Fields.Query(request, name) switch
    {
        null or "false" => false,
        "true" => true,
        _ => throw CommonErrors.NotAFlag.On(name),
    };

    public bool IsSorted => Order is not DatumOrder.NewestFirst;

    /// <summary>Whether few of many datums match, so that all must be read. Drifted datums have a list of their own.</summary>
    public bool IsSearch => Name is not null && Drift is not (DriftState.Changed or DriftState.Missing);

    /// <summary>Whether the query filters beyond a project's unpurged datums.</summary>
    public bool IsFiltered => Store is not null || Name is not null || Uri is not null || Tag is not null || Drift is not null || Purged;

    public bool Matches(IFilteredDatum datum) =>
        (datum.Purged is not null) == Purged
        && (Store is not { } store || datum.Store == store)
        && (Name is null || DatumBody.NameOf(datum.Key ?? "").Equals(Name, StringComparison.Ordinal))
        && (Uri is not { } uri || (datum.Key == uri.Key && datum.Bucket == uri.Bucket))
        && (Tag is null || DatumTags.Of(datum).Contains(Tag, StringComparer.Ordinal))
        && (Drift is null || DriftBody.StateOf(datum, Scanned) == Drift);

    /// <summary>Of two datums with the same name or size, the older one comes first.</summary>
    public int Compare(DatumRow a, DatumRow b)
    {
        var order = Order switch
        {
            DatumOrder.Name => Storage.OrderedKey.Compare(DatumBody.NameOf(a.Key), DatumBody.NameOf(b.Key)),
            DatumOrder.NameDescending => Storage.OrderedKey.Compare(DatumBody.NameOf(b.Key), DatumBody.NameOf(a.Key)),
            DatumOrder.Size => a.Size.CompareTo(b.Size),
            DatumOrder.SizeDescending => b.Size.CompareTo(a.Size),
            _ => 0,
        };
        return order != 0 ? order : string.CompareOrdinal(a.Id.ToString(), b.Id.ToString());
    }

    static DatumOrder OrderOf(string? text) => text switch
    {
        null or "-ctime" or "-id" => DatumOrder.NewestFirst,
        "ctime" or "id" => DatumOrder.OldestFirst,
        "name" => DatumOrder.Name,
        "-name" => DatumOrder.NameDescending,
        "size" => DatumOrder.Size,
        "-size" => DatumOrder.SizeDescending,
        _ =>
            throw DatumErrors.NotADatumOrder.On("ordering"),
    };

    static int OffsetOf(string? text) => text is null ? 0
        : int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var offset)
            && offset <= MaxOffset ? offset
        : throw DatumErrors.OffsetTooLarge.On("offset", MaxOffset);
}

/// <summary>The columns that filters read.</summary>
interface IFilteredDatum
{
    string RowKey { get; }
    DriftState? Drift { get; }
    string? Key { get; }
    string? Bucket { get; }
    Guid? Store { get; }
    string? Tags { get; }
    string? AdoptedTags { get; }
    DateTimeOffset? Purged { get; }
}
