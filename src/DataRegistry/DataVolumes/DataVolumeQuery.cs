using System.Globalization;
using DataRegistry.Http;
using DataRegistry.Storage;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.DataVolumes;

/// <summary>A data volume as lists see it.</summary>
/// <param name="ProjectName">As it is now.</param>
/// <param name="Phase">As it is shown now.</param>
sealed record ListedVolume(DataVolumeRow Row, string ProjectName, DataVolumePhase Phase)
{
    public string TextOf(DataVolumeField field) => field switch
    {
        DataVolumeField.Name => Row.Name,
        DataVolumeField.ProjectId => Row.Project.ToString("D"),
        DataVolumeField.ClusterId => Row.Cluster.ToString("D"),
        DataVolumeField.DepartmentId => Row.Department.ToString("D"),
        DataVolumeField.ProjectName => ProjectName,
        DataVolumeField.CreatedBy => Row.CreatedBy,
        DataVolumeField.Phase => Phase.ToString(),
        _ => throw new InvalidOperationException($"{field} is no text."),
    };
}

enum DataVolumeRequestType
{
    /// <summary>Volumes of the projects that the caller may see.</summary>
    Originated,

    /// <summary>Volumes that a project may use: its own, and those shared with it, its department or its cluster.</summary>
    UsableInProject,
}

/// <summary>Which data volumes a list is about, in which order, and which part of it.</summary>
/// <param name="UsableInProjectId">Null where it is not given, which is an error only of
/// <see cref="DataVolumeRequestType.UsableInProject"/>.</param>
/// <param name="SortBy">Null for the order in which they were made.</param>
/// <param name="Search">What one of name, description, origin PVC and project name contains; null for anything.</param>
sealed record DataVolumeQuery(
    DataVolumeRequestType RequestType, string? UsableInProjectId, int Offset, int Limit, DataVolumeField? SortBy, bool Descending,
    IReadOnlyList<DataVolumeFilter> Filters, string? Search)
{
    public const int MaxLimit = 500;
    public const int DefaultLimit = 50;

    /// <summary>Reads the contract's parameters; a wrong one ends the request with 400.</summary>
    public static DataVolumeQuery From(HttpRequest request) => new(
        Choice<DataVolumeRequestType>(request, "requestType", char.ToUpperInvariant)
            ?? throw new ApiException(ApiError.Required("requestType")),
        Fields.Query(request, "usableInProjectId"),
        Number(request, "offset", 0, int.MaxValue, 0),
        Number(request, "limit", 1, MaxLimit, DefaultLimit),
        Choice<DataVolumeField>(request, "sortBy", char.ToLowerInvariant),
        Choice<SortOrder>(request, "sortOrder", char.ToLowerInvariant) == SortOrder.Desc,
        DataVolumeFilter.ParseAll(request.Query["filterBy"]),
        Fields.Query(request, "search"));

    public IEnumerable<ListedVolume> Filter(IEnumerable<ListedVolume> volumes) =>
        volumes.Where(v => Filters.All(f => f.Matches(v)) && Finds(v));

    /// <summary>The part of the matches that is asked for, and the offset of the next; null at the end.</summary>
    public (IReadOnlyList<ListedVolume> Page, int? Next) Page(IEnumerable<ListedVolume> volumes)
    {
        var sorted = Filter(volumes).ToList();
        sorted.Sort(Compare);
        var budget = new PageBudget(Limit);
        var page = sorted.Skip(Offset).TakeWhile(v => budget.TryTake(RowSize.Of(v.Row) + RowSize.Of(v.ProjectName))).ToList();
        return (page, (long)Offset + page.Count < sorted.Count && page.Count > 0 ? Offset + page.Count : null);
    }

    /// <summary>Those that are equal come in the order of their ids, whichever way the others are sorted.</summary>
    int Compare(ListedVolume a, ListedVolume b)
    {
        var order = SortBy switch
        {
            null => CompareIds(a, b),
            DataVolumeField.CreatedAt => a.Row.CreatedAt.CompareTo(b.Row.CreatedAt),
            { } field => string.Compare(a.TextOf(field), b.TextOf(field), StringComparison.OrdinalIgnoreCase),
        };
        return order == 0 ? CompareIds(a, b) : Descending ? -order : order;
    }

    static int CompareIds(ListedVolume a, ListedVolume b) =>
        Storage.TimedId.FromGuid(a.Row.Id) is var x && Storage.TimedId.FromGuid(b.Row.Id) is var y && x.High != y.High
        ? x.High.CompareTo(y.High)
        : x.Low.CompareTo(y.Low);

    bool Finds(ListedVolume volume) =>
        Search is null || Contains(volume.Row.Name) || Contains(volume.Row.Description) || Contains(volume.Row.OriginPvcName)
            || Contains(volume.ProjectName);

    bool Contains(string? text) => text?.Contains(Search!, StringComparison.OrdinalIgnoreCase) == true;

    static T? Choice<T>(HttpRequest request, string name, Func<char, char> firstLetter) where T : struct, Enum
    {
        if (Fields.Query(request, name) is not { } text)
            return null;
        var values = Enum.GetValues<T>().ToDictionary(v => firstLetter(v.ToString()[0]) + v.ToString()[1..], StringComparer.Ordinal);
        return values.TryGetValue(text, out var value) ? value
            : throw new ApiException(new ApiError.Field(name, $"One of {string.Join(", ", values.Keys)} is expected.", "invalid_choice"));
    }

    public static int Number(HttpRequest request, string name, int min, int max, int otherwise) =>
        Fields.Query(request, name) is not { } text ? otherwise
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number
        : throw new ApiException(new ApiError.Field(name, $"A number from {min} to {max} is expected.", "invalid"));

    enum SortOrder
    {
        Asc,
        Desc,
    }
}
