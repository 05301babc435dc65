using System.Buffers;
using System.IO.Pipelines;
using System.Text.Unicode;
using DataRegistry.Jobs;
using DataRegistry.Stores.S3;

namespace DataRegistry.Adoption.Input;

/// <summary>
/// The lines of a manifest that begin in one of its parts: a URL of the store or a bare key each, with any line end; empty ones are none.
/// Every
/// line belongs to exactly one part, wherever the parts are cut.
/// </summary>
sealed class ManifestRun(ManifestRow manifest, int run, string bucket, RunBuffer urls)
{
    /// <summary>Of a URL's scheme (RFC 3986).</summary>
    static readonly SearchValues<byte> SchemeCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-."u8);

    static ReadOnlySpan<byte> Mark => [0xEF, 0xBB, 0xBF];

    readonly byte[] begin = System.Text.Encoding.UTF8.GetBytes($"s3://{bucket}/");
    readonly byte[] line = new byte[StagedUrls.MaxUrlBytes];

    /// <summary>Lines that begin here or later are another part's.</summary>
    readonly long end = Math.Min(manifest.Size, (run + 1L) * manifest.RunBytes);

    // Where the line begins that is read next. A part after the first looks at the byte before it, which tells whether a line begins with
    // it.
    long position = Math.Max(0, run * (long)manifest.RunBytes - 1);
    bool isWithinLine = run > 0;

    /// <summary>The bytes to ask for: a line may end in the next part.</summary>
    public ByteSpan Bytes { get; } = new(
        Math.Max(0, run * (long)manifest.RunBytes - 1),
        Math.Min(manifest.Size, (run + 1L) * manifest.RunBytes + StagedUrls.MaxUrlBytes + 1) - 1);

    /// <summary>Reads the part into the buffer; returns what is wrong with it, or null.</summary>
    /// <param name="content"><see cref="Bytes"/>.</param>
    public async Task<string?> ReadAsync(Stream content, CancellationToken cancellationToken)
    {
        var last = Bytes.Last + 1;
        var pipe = PipeReader.Create(content, new(bufferSize: 64 * 1024, minimumReadSize: 16 * 1024, leaveOpen: true));
        try
        {
            while (true)
            {
                var read = await pipe.ReadAtLeastAsync(StagedUrls.MaxUrlBytes + 1, cancellationToken);
                var isLast = position + read.Buffer.Length == last;
                if (read.IsCompleted && !isLast)
                    throw new BucketException(
                        BucketFault.Unreachable, $"The manifest broke off at byte {position + read.Buffer.Length} of {last}.");
                var (taken, isDone, problem) = Take(read.Buffer, isLast);
                if (isDone || problem is not null)
                    return problem;
                pipe.AdvanceTo(taken, read.Buffer.End);
            }
        }
        finally
        {
            await pipe.CompleteAsync();
        }
    }

    TakenLines Take(ReadOnlySequence<byte> piece, bool isLast)
    {
        var reader = new SequenceReader<byte>(piece);
        while (isWithinLine || position < end)
        {
            var hasEnd = reader.TryReadToAny(out ReadOnlySequence<byte> text, "\r\n"u8);
            if (!hasEnd)
                text = reader.UnreadSequence;
            // More of it may come; but of one that is too long already it is not waited for, nor of one that is passed over.
            if (!hasEnd && !isLast && !isWithinLine && text.Length <= StagedUrls.MaxUrlBytes)
                return new(reader.Position, false);
            if (!isWithinLine && Add(text) is { } problem)
                return new(reader.Position, true, problem);
            position += text.Length + (hasEnd ? 1 : 0);
            if (!hasEnd)
            {
                reader.AdvanceToEnd();
                return new(reader.Position, isLast);
            }

            isWithinLine = false;
        }

        return new(reader.Position, true);
    }

    string? Add(ReadOnlySequence<byte> text)
    {
        Span<byte> first = stackalloc byte[Mark.Length];
        if (position == 0 && text.Length >= first.Length)
        {
            text.Slice(0, first.Length).CopyTo(first);
            if (first.SequenceEqual(Mark))
                text = text.Slice(first.Length);
        }

        if (text.IsEmpty)
            return null;
        if (text.Length + begin.Length > line.Length)
            return $"The manifest's line at byte {position} is longer than {line.Length - begin.Length} bytes: no key is.";
        // A bare key is one of the store's bucket.
        begin.CopyTo(line, 0);
        text.CopyTo(line.AsSpan(begin.Length));
        var url = line.AsSpan(0, begin.Length + (int)text.Length);
        if (!Utf8.IsValid(url))
            return $"The manifest is not UTF-8 text (at byte {position}). A compressed one is to be unpacked.";
        urls.Add(HasScheme(url[begin.Length..]) ? url[begin.Length..] : url);
        return null;
    }

    /// <summary>
    /// Whether a line is a URL, of any scheme, and no bare key: <c>s3a://…</c> and <c>https://…</c> are refused like other URLs of
    /// elsewhere. A key that begins like one is written behind <c>s3://bucket/</c>.
    /// </summary>
    static bool HasScheme(ReadOnlySpan<byte> text)
    {
        var length = text.IndexOf("://"u8);
        return length > 0 && char.IsAsciiLetter((char)text[0]) && !text[..length].ContainsAnyExcept(SchemeCharacters);
    }

    /// <summary>The lines of a piece that were taken.</summary>
    /// <param name="Position">Where the rest of the piece begins.</param>
    /// <param name="IsDone">Nothing more is to be read.</param>
    /// <param name="Problem">What is wrong with the manifest; null for nothing.</param>
    readonly record struct TakenLines(SequencePosition Position, bool IsDone, string? Problem = null);
}
