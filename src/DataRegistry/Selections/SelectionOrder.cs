using System.Text.Json;
using DataRegistry.Selections.Exports;

namespace DataRegistry.Selections;

/// <summary>The actions on the datums of a selection.</summary>
enum SelectionAction
{
    Purge,
    Tag,
    Untag,
    Export,
}

/// <summary>A job's action on a selection, as its row keeps it.</summary>
/// <param name="Selection">The selection's id, which is that of the job that froze it.</param>
sealed record SelectionOrder(Guid Selection, SelectionAction Action)
{
    /// <summary>Of tagging and untagging; null otherwise.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>Of an export; null otherwise.</summary>
    public ExportFormat? Format { get; init; }

    public string Write() => JsonSerializer.Serialize(this, SelectionStateJson.Default.SelectionOrder);

    public static SelectionOrder Read(string text) => JsonSerializer.Deserialize(text, SelectionStateJson.Default.SelectionOrder)!;
}
