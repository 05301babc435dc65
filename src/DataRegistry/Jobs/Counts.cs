namespace DataRegistry.Jobs;

/// <summary>
/// How many inputs of a job ended in which way. Every input of an adoption has exactly one outcome: <see cref="Created"/>,
/// <see cref="Existing"/>, <see cref="Failed"/> or <see cref="Skipped"/>. Every object or location that a scan met has exactly one, too:
/// <see cref="Failed"/>, <see cref="Skipped"/>, <see cref="Unchanged"/>, <see cref="Changed"/>, <see cref="Missing"/>,
/// <see cref="Returned"/> or <see cref="New"/>. The others are no outcomes, and no part of the total.
/// </summary>
readonly record struct Counts
{
    public long Created { get; init; }
    public long Existing { get; init; }
    public long Failed { get; init; }
    public long Skipped { get; init; }
    public long Unchanged { get; init; }
    public long Changed { get; init; }
    public long Missing { get; init; }
    public long Returned { get; init; }
    public long New { get; init; }

    /// <summary>Datums that a job of a selection took, or did what it was to do with.</summary>
    public long Done { get; init; }

    /// <summary>How many of the changed and new objects became datums.</summary>
    public long Adopted { get; init; }

    /// <summary>How many of the created took the place of a datum whose object had changed.</summary>
    public long Replaced { get; init; }

    /// <summary>How many of the existing an adoption saw to differ from what was adopted.</summary>
    public long Differing { get; init; }

    /// <summary>LISTs and HEADs that a scan's windows took.</summary>
    public long Requests { get; init; }

    /// <summary>The sizes of the objects of what a selection took.</summary>
    public long Bytes { get; init; }

    public long Total => Created + Existing + Failed + Skipped + Unchanged + Changed + Missing + Returned + New + Done;

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

    public static Counts operator +(Counts a, Counts b) => new()
    {
        Created = a.Created + b.Created,
        Existing = a.Existing + b.Existing,
        Failed = a.Failed + b.Failed,
        Skipped = a.Skipped + b.Skipped,
        Unchanged = a.Unchanged + b.Unchanged,
        Changed = a.Changed + b.Changed,
        Missing = a.Missing + b.Missing,
        Returned = a.Returned + b.Returned,
        New = a.New + b.New,
        Adopted = a.Adopted + b.Adopted,
        Replaced = a.Replaced + b.Replaced,
        Differing = a.Differing + b.Differing,
        Requests = a.Requests + b.Requests,
        Done = a.Done + b.Done,
        Bytes = a.Bytes + b.Bytes,
    };
}
