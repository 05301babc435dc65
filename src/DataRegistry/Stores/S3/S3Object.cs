using System.Text;

namespace DataRegistry.Stores.S3;

/// <summary>An object as S3 describes it.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="ETag">Without its quotes.</param>
/// <param name="LastModified">UTC; null if S3 does not tell it, or tells a time before 1601, which no object has; whole seconds from a
/// HEAD, milliseconds from some providers' LIST, so the two need not be equal.</param>
/// <param name="VersionId">Null if not asked or where the bucket keeps no versions; S3's literal <c>null</c> version, which is mutable,
/// is null here too.</param>
/// <param name="Md5">Hex; only if a HEAD shows that the ETag is a plain MD5 (not multipart, not KMS). A LIST never shows it.</param>
/// <param name="Sha256">Hex of the whole object; null if S3 knows none or only a composite of parts, and nobody has read it.</param>
/// <param name="Sha1">Hex; only if it was read.</param>
public sealed record S3Object(
    string Key, long Size, string ETag, DateTimeOffset? LastModified, string? VersionId = null, string? Md5 = null, string? Sha256 = null,
    string? Sha1 = null)
{
    /// <summary>The answer did not tell the size: <see cref="Size"/> is 0 and means nothing. Never after a HEAD.</summary>
    public bool SizeIsUnknown { get; init; }

    /// <summary>
    /// A damaged entry of a listing: one without the ETag that others have, one of several for the same key, or one of versions of which
    /// none, or more than one, is the latest. Never after a HEAD.
    /// </summary>
    public bool IsDoubtful { get; init; }

    /// <summary>A LIST tells too little of it, or what cannot be: a HEAD tells what it is.</summary>
    public bool NeedsHead => SizeIsUnknown || IsDoubtful;

    /// <summary>
    /// As the bucket told it, such as <c>GLACIER</c>; null if it told none: a HEAD tells only others than <c>STANDARD</c>.
    /// </summary>
    public string? StorageClass { get; init; }

    /// <summary>It cannot be read before somebody restores it. False if that is not known.</summary>
    public bool IsArchived { get; init; }

    /// <summary>What consoles make to show a folder: no bytes, and a key that ends with a slash.</summary>
    public bool IsFolderMark => Size == 0 && !NeedsHead && Key.EndsWith('/');
}

/// <summary>An entry of a listing that names no key which can be asked for.</summary>
/// <param name="Text">The key as the server writes it; empty if it writes none.</param>
/// <param name="Bytes">The key's bytes, as far as they are known: they tell its place among the others.</param>
/// <param name="Reason">A sentence.</param>
public sealed record DamagedEntry(string Text, byte[] Bytes, string Reason)
{
    /// <summary>Its code on the wire.</summary>
    public const string Code = "key_unreadable";

    /// <summary>What patterns are compared with: bytes that are not UTF-8 are replaced.</summary>
    public string Readable => Encoding.UTF8.GetString(Bytes);

    /// <param name="key">Null for before all keys.</param>
    public bool ComesAfter(string? key) => key is null || Bytes.AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(key)) > 0;
}

/// <summary>One entry of a version listing.</summary>
/// <param name="Entry">For a delete marker: size 0 and an empty ETag.</param>
/// <param name="IsLatest">What a HEAD without version would see (absent, if it is a delete marker).</param>
public sealed record S3ObjectVersion(S3Object Entry, bool IsLatest, bool IsDeleteMarker);

/// <summary>An object's bytes, or a range of them; dispose it, or its connection is lost to the pool.</summary>
/// <param name="Body">Not seekable; reading may throw <see cref="IOException"/> when the connection dies.</param>
/// <param name="Length">Bytes of <paramref name="Body"/>: of the range, if one was asked.</param>
/// <param name="ContentType">As whoever put the object said; not to be trusted.</param>
public sealed record S3Content(Stream Body, long Length, string ETag, DateTimeOffset? LastModified, string? VersionId, string? ContentType)
    : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Body.DisposeAsync();
}

/// <summary>Bytes <paramref name="First"/> to <paramref name="Last"/>, both inclusive, from 0.</summary>
public sealed record ByteSpan(long First, long Last);
