using System.Text;

namespace DataRegistry.Stores.S3;

/// <summary>An object as S3 describes it.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="ETag">Without its quotes.</param>
/// <param name="LastModified">UTC; null if S3 gives none, or one before 1601. A HEAD gives whole seconds, some LISTs
/// milliseconds, so the two need not be equal.</param>
/// <param name="VersionId">Null if not requested, or if the bucket keeps no versions. Also null for S3's literal
/// <c>null</c> version, which is mutable.</param>
/// <param name="Md5">Hex; only if a HEAD shows that the ETag is a plain MD5 (not multipart, not KMS). A LIST never
/// shows it.</param>
/// <param name="Sha256">Hex, of the whole object. Null if nobody has read it and S3 has none, or only a composite of
/// parts.</param>
/// <param name="Sha1">Hex; only if the object was read.</param>
public sealed record S3Object(
    string Key, long Size, string ETag, DateTimeOffset? LastModified, string? VersionId = null, string? Md5 = null, string? Sha256 = null,
    string? Sha1 = null)
{
    /// <summary>The answer had no size: <see cref="Size"/> is 0 and means nothing. Never after a HEAD.</summary>
    public bool SizeIsUnknown { get; init; }

    /// <summary>
    /// A damaged entry of a listing: it lacks the ETag that others have, or repeats a key, or its versions have no
    /// latest one or several. Never after a HEAD.
    /// </summary>
    public bool IsDoubtful { get; init; }

    /// <summary>The LIST's entry is incomplete or contradictory, so a HEAD is needed.</summary>
    public bool NeedsHead => SizeIsUnknown || IsDoubtful;

    /// <summary>
    /// The bucket's own name, such as <c>GLACIER</c>; null if it gave none. A HEAD leaves <c>STANDARD</c> out.
    /// </summary>
    public string? StorageClass { get; init; }

    /// <summary>The object cannot be read before it is restored. False if that is not known.</summary>
    public bool IsArchived { get; init; }

    /// <summary>An empty object whose key ends with a slash. Consoles make it to show a folder.</summary>
    public bool IsFolderMark => Size == 0 && !NeedsHead && Key.EndsWith('/');
}

/// <summary>An entry of a listing without a usable key.</summary>
/// <param name="Text">The key as the server writes it; empty if it writes none.</param>
/// <param name="Bytes">The key's bytes, as far as they are known. They give its place among the others.</param>
/// <param name="Reason">A sentence.</param>
public sealed record DamagedEntry(string Text, byte[] Bytes, string Reason)
{
    /// <summary>Its code on the wire.</summary>
    public const string Code = "key_unreadable";

    /// <summary>The text that patterns match; bytes that are not UTF-8 are replaced.</summary>
    public string Readable => Encoding.UTF8.GetString(Bytes);

    /// <param name="key">Null for before all keys.</param>
    public bool ComesAfter(string? key) => key is null || Bytes.AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(key)) > 0;
}

/// <summary>One entry of a version listing.</summary>
/// <param name="Entry">For a delete marker: size 0 and an empty ETag.</param>
/// <param name="IsLatest">Whether a HEAD without a version would see this one. For a delete marker it would find
/// nothing.</param>
public sealed record S3ObjectVersion(S3Object Entry, bool IsLatest, bool IsDeleteMarker);

/// <summary>An object's bytes, or a range of them. Dispose it to return its connection to the pool.</summary>
/// <param name="Body">Not seekable. A read may throw <see cref="IOException"/> if the connection breaks.</param>
/// <param name="Length">Bytes of <paramref name="Body"/>: those of the range, if one was requested.</param>
/// <param name="ContentType">The uploader's claim; not to be trusted.</param>
public sealed record S3Content(Stream Body, long Length, string ETag, DateTimeOffset? LastModified, string? VersionId, string? ContentType)
    : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Body.DisposeAsync();
}

/// <summary>Bytes <paramref name="First"/> to <paramref name="Last"/>, both inclusive, from 0.</summary>
public sealed record ByteSpan(long First, long Last);
