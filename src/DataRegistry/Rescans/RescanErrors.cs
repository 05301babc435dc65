using DataRegistry.Http;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Rescans;

/// <summary>Errors of scans.</summary>
static class RescanErrors
{
    public static DetailError ScanBegins { get; } = new(
        StatusCodes.Status409Conflict, "Another request is starting a rescan of the store. Repeat this request in a few seconds.",
        "Another request starts a scan at the same time. Repeat the request.");

    public static DetailError ScanWithoutForce { get; } = new(
        StatusCodes.Status409Conflict,
        "The rescan {scan} of the store runs without force. Cancel it, or wait for its end.",
        "The running scan does not do the work of `force`.");

    public static DetailError ScanStoreGone { get; } = new(
        StatusCodes.Status409Conflict, "The rescan's store is deleted, so it cannot be rescanned again.", "The store is deleted.");

    public static DetailError ScanNotEnded { get; } = new(
        StatusCodes.Status409Conflict, "The rescan has not ended yet. Wait for its end, or cancel it.",
        "Wait for the end of the scan, or cancel it.");

    public static FieldError NoStore { get; } = new(
        "does_not_exist", "There is no such store.", "The store does not exist, or is not visible to the caller.");

    public static FieldError TooManyStores { get; } = new(
        "required", "There are over {max} stores. Add 'store' with the id of one.",
        "The scans of all stores together would be too expensive.");
}
