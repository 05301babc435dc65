using System.Runtime.Serialization;
using DataRegistry.Storage;

namespace DataRegistry.Jobs;

/// <summary>
/// A row that keeps <see cref="Counts"/>, a column each. The first four are always written, the others if not 0.
/// </summary>
abstract record CountedRow : TableRow
{
    [IgnoreDataMember] public Counts Counts { get; init; }

    public long Created { get => Counts.Created; init => Counts = Counts with { Created = value }; }
    public long Existing { get => Counts.Existing; init => Counts = Counts with { Existing = value }; }
    public long Failed { get => Counts.Failed; init => Counts = Counts with { Failed = value }; }
    public long Skipped { get => Counts.Skipped; init => Counts = Counts with { Skipped = value }; }
    public long? Unchanged { get => Column(Counts.Unchanged); init => Counts = Counts with { Unchanged = value ?? 0 }; }
    public long? Changed { get => Column(Counts.Changed); init => Counts = Counts with { Changed = value ?? 0 }; }
    public long? Missing { get => Column(Counts.Missing); init => Counts = Counts with { Missing = value ?? 0 }; }
    public long? Returned { get => Column(Counts.Returned); init => Counts = Counts with { Returned = value ?? 0 }; }
    public long? New { get => Column(Counts.New); init => Counts = Counts with { New = value ?? 0 }; }
    public long? Adopted { get => Column(Counts.Adopted); init => Counts = Counts with { Adopted = value ?? 0 }; }
    public long? Replaced { get => Column(Counts.Replaced); init => Counts = Counts with { Replaced = value ?? 0 }; }
    public long? Differing { get => Column(Counts.Differing); init => Counts = Counts with { Differing = value ?? 0 }; }
    public long? Requests { get => Column(Counts.Requests); init => Counts = Counts with { Requests = value ?? 0 }; }

    public long? Done { get => Column(Counts.Done); init => Counts = Counts with { Done = value ?? 0 }; }
    public long? Bytes { get => Column(Counts.Bytes); init => Counts = Counts with { Bytes = value ?? 0 }; }
    public long? Looked { get => Column(Counts.Looked); init => Counts = Counts with { Looked = value ?? 0 }; }

    static long? Column(long count) => count == 0 ? null : count;
}
