using System.Runtime.Serialization;
using DataRegistry.Storage;
using DataRegistry.Telemetry;

namespace DataRegistry.Jobs;

/// <summary>
/// How many inputs of a job ended in which way. Every input of an adoption ends in exactly one of the first four. What a scan met, objects
/// and
/// locations, ends in exactly one of <see cref="Failed"/>, <see cref="Skipped"/> and the five that follow.
/// </summary>
readonly record struct Counts(long Created, long Existing, long Failed, long Skipped)
{
    public long Unchanged { get; init; }
    public long Changed { get; init; }
    public long Missing { get; init; }
    public long Returned { get; init; }
    public long New { get; init; }

    /// <summary>Of those that changed or are new: how many became datums. No outcome of its own.</summary>
    public long Adopted { get; init; }

    /// <summary>LISTs and HEADs that a scan's windows took.</summary>
    public long Requests { get; init; }

    public long Total => Created + Existing + Failed + Skipped + Unchanged + Changed + Missing + Returned + New;

    /// <summary>Those with an outcome, as results name it; all of them where it is empty.</summary>
    public long Of(string outcome) => outcome switch
    {
        "" => Total,
        "failed" => Failed,
        "skipped" => Skipped,
        "changed" => Changed,
        "missing" => Missing,
        "returned" => Returned,
        "new" => New,
        _ => 0,
    };

    /// <summary>Adds them to what the service measures.</summary>
    public void Measure(JobKind kind)
    {
        if (kind == JobKind.Adoption)
        {
            Metrics.Adopted("created", Created);
            Metrics.Adopted("existing", Existing);
            Metrics.Adopted("failed", Failed);
            Metrics.Adopted("skipped", Skipped);
            return;
        }

        Metrics.Adopted("created", Adopted);
        Metrics.Drifted("changed", Changed);
        Metrics.Drifted("missing", Missing);
        Metrics.Drifted("returned", Returned);
        Metrics.Drifted("new", New);
    }

    public static Counts operator +(Counts a, Counts b) =>
        new(a.Created + b.Created, a.Existing + b.Existing, a.Failed + b.Failed, a.Skipped + b.Skipped)
        {
            Unchanged = a.Unchanged + b.Unchanged,
            Changed = a.Changed + b.Changed,
            Missing = a.Missing + b.Missing,
            Returned = a.Returned + b.Returned,
            New = a.New + b.New,
            Adopted = a.Adopted + b.Adopted,
            Requests = a.Requests + b.Requests,
        };
}

/// <summary>A row that counts. What only scans count is left out of it where it is none.</summary>
abstract record CountedRow : TableRow
{
    public long Created { get; init; }
    public long Existing { get; init; }
    public long Failed { get; init; }
    public long Skipped { get; init; }
    public long? Unchanged { get; init; }
    public long? Changed { get; init; }
    public long? Missing { get; init; }
    public long? Returned { get; init; }
    public long? New { get; init; }
    public long? Adopted { get; init; }
    public long? Requests { get; init; }

    [IgnoreDataMember]
    public Counts Counts
    {
        get => new(Created, Existing, Failed, Skipped)
        {
            Unchanged = Unchanged ?? 0,
            Changed = Changed ?? 0,
            Missing = Missing ?? 0,
            Returned = Returned ?? 0,
            New = New ?? 0,
            Adopted = Adopted ?? 0,
            Requests = Requests ?? 0,
        };
        init
        {
            (Created, Existing, Failed, Skipped) = (value.Created, value.Existing, value.Failed, value.Skipped);
            (Unchanged, Changed, Missing) = (Some(value.Unchanged), Some(value.Changed), Some(value.Missing));
            (Returned, New, Adopted, Requests) = (Some(value.Returned), Some(value.New), Some(value.Adopted), Some(value.Requests));
        }
    }

    static long? Some(long count) => count == 0 ? null : count;
}
