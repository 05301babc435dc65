using System.Buffers;
using System.IO.Pipelines;
using System.Text.Unicode;
using DataRegistry.Jobs;
using DataRegistry.Stores.S3;

namespace DataRegistry.Adoption.Input;

/// <summary>
/// Reads the lines of a manifest that begin in one of its parts. A line is a URL of the store or a bare key, with any
/// line end; empty lines are skipped. Every line belongs to exactly one part, wherever the parts are cut.
/// </summary>
sealed class ManifestRun(ManifestRow manifest, int run, string bucket, RunBuffer urls)
{
    /// <summary>Characters of a URL's scheme (RFC 3986).</summary>
    static readonly SearchValues<byte> SchemeCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-."u8);

    static ReadOnlySpan<byte> Mark => [0xEF, 0xBB, 0xBF];

    readonly byte[] begin = System.Text.Encoding.UTF8.GetBytes($"s3://{bucket}/");
    readonly byte[] line = new byte[StagedUrls.MaxUrlBytes];

    /// <summary>Lines that begin here or later belong to another part.</summary>
    readonly long end = Math.Min(manifest.Size, (run + 1L) * manifest.RunBytes);

    // The position of the next line. A part after the first also reads the byte before it, to see whether a line begins
    // with the part.
    long position = Math.Max(0, run * (long)manifest.RunBytes - 1);
    bool isWithinLine = run > 0;

    /// <summary>The bytes to request: a line may end in the next part.</summary>
    public ByteSpan Bytes { get; } = new(
        Math.Max(0, run * (long)manifest.RunBytes - 1),
        Math.Min(manifest.Size, (run + 1L) * manifest.RunBytes + StagedUrls.MaxUrlBytes + 1) - 1);

    /// <summary>Reads the part into the buffer; returns the manifest's error, or null.</summary>
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
            // The rest of the line may follow. Do not wait for it if the line is already too long, or is skipped.
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
            return $"The manifest's line at byte {position} is longer than {line.Length - begin.Length} bytes. No key is that long.";
        // Complete a bare key to a URL of the store's bucket.
        begin.CopyTo(line, 0);
        text.CopyTo(line.AsSpan(begin.Length));
        var url = line.AsSpan(0, begin.Length + (int)text.Length);
        if (!Utf8.IsValid(url))
            return $"The manifest is not UTF-8 text (at byte {position}). Unpack a compressed one first.";
        urls.Add(HasScheme(url[begin.Length..]) ? url[begin.Length..] : url);
        return null;
    }

    /// <summary>
    /// Whether a line is a URL of any scheme, not a bare key. <c>s3a://…</c> and <c>https://…</c> are refused like
    /// other URLs outside the store. A key that begins like one needs <c>s3://bucket/</c> before it.
    /// </summary>
    static bool HasScheme(ReadOnlySpan<byte> text)
    {
        var length = text.IndexOf("://"u8);
        return length > 0 && char.IsAsciiLetter((char)text[0]) && !text[..length].ContainsAnyExcept(SchemeCharacters);
    }

    /// <summary>The result of a piece.</summary>
    /// <param name="Position">The beginning of the rest of the piece.</param>
    /// <param name="IsDone">The part is finished.</param>
    /// <param name="Problem">The manifest's error; null if none.</param>
    readonly record struct TakenLines(SequencePosition Position, bool IsDone, string? Problem = null);
}
