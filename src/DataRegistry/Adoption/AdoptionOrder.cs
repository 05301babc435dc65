using DataRegistry.Datums;
using DataRegistry.Organization;
using DataRegistry.Stores;

namespace DataRegistry.Adoption;

/// <summary>Who adopts from where into which project.</summary>
/// <param name="AdoptChanged">See <see cref="AdoptionScope.AdoptChanged"/>.</param>
sealed record AdoptionOrder(Store Store, Project Project, string OrderedBy, bool AdoptChanged)
{
    /// <inheritdoc cref="AdoptedRow.AdoptedTags"/>
    public string? Tags { get; init; }

    public AdoptionScope ScopeOf(JobId job, bool atOnce) =>
        new(job, Store, Project, OrderedBy, atOnce) { AdoptChanged = AdoptChanged, Tags = Tags };
}
