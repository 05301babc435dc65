using System.Buffers;
using System.IO.Pipelines;
using System.Text.Unicode;
using DataRegistry.Http;

namespace DataRegistry.Adoption.Input;

/// <summary>A <c>text/plain</c> body: a URL a line, in UTF-8, with or without a byte order mark; empty lines are none.</summary>
sealed class AdoptionText(StagedUrls urls, int maxUrls)
{
    readonly byte[] line = new byte[StagedUrls.MaxUrlBytes];

    public Task ReadAsync(Stream body, CancellationToken cancellationToken) => BodyPieces.ReadAsync(body, urls, Take, cancellationToken);

    /// <summary>Takes whole lines, as many as the list takes for now; the last line needs no end.</summary>
    SequencePosition Take(ReadOnlySequence<byte> piece, bool isLast)
    {
        var reader = new SequenceReader<byte>(piece);
        while (!urls.IsFull && reader.TryReadToAny(out ReadOnlySequence<byte> whole, "\r\n"u8))
            Add(whole);
        if (!urls.IsFull && isLast)
        {
            Add(reader.UnreadSequence);
            reader.AdvanceToEnd();
        }

        return reader.Position;
    }

    void Add(ReadOnlySequence<byte> whole)
    {
        if (whole.IsEmpty)
            return;
        if (whole.Length > line.Length)
            throw BodyPieces.UrlTooLong(urls.Count);
        var text = line.AsSpan(0, (int)whole.Length);
        whole.CopyTo(text);
        if (!Utf8.IsValid(text))
            throw AdoptionErrors.NotUtf8.With();
        BodyPieces.Add(urls, text, maxUrls);
    }
}

/// <summary>What both kinds of body have in common: they are read piece by piece, and a full list is put away in between.</summary>
static class BodyPieces
{
    /// <summary>What must be whole to be understood: a URL, or another value, with all of its escapes.</summary>
    public const int MaxTokenBytes = 6 * StagedUrls.MaxUrlBytes;

    /// <param name="take">Takes what it can of a piece, and says up to where.</param>
    public static async Task ReadAsync(
        Stream body, StagedUrls urls, Func<ReadOnlySequence<byte>, bool, SequencePosition> take, CancellationToken cancellationToken)
    {
        var pipe = PipeReader.Create(body, new(bufferSize: 64 * 1024, minimumReadSize: 16 * 1024, leaveOpen: true));
        try
        {
            for (var begun = false; ; begun = true)
            {
                var read = begun ? await pipe.ReadAsync(cancellationToken) : await pipe.ReadAtLeastAsync(Mark.Length, cancellationToken);
                var piece = begun ? read.Buffer : WithoutMark(read.Buffer);
                var taken = take(piece, read.IsCompleted);
                var rest = piece.Slice(taken);
                if (rest.Length > MaxTokenBytes && !urls.IsFull)
                    throw UrlTooLong(urls.Count);
                pipe.AdvanceTo(taken, urls.IsFull ? taken : read.Buffer.End);
                if (urls.IsFull)
                    await urls.SpillAsync(cancellationToken);
                else if (read.IsCompleted)
                    return;
            }
        }
        finally
        {
            await pipe.CompleteAsync();
        }
    }

    public static void Add(StagedUrls urls, ReadOnlySpan<byte> url, int maxUrls)
    {
        if (urls.Count == maxUrls)
            throw RequestBody.TooMany(maxUrls);
        urls.Add(url);
    }

    public static ApiException UrlTooLong(long before) => AdoptionErrors.ValueTooLong.With(before, StagedUrls.MaxUrlBytes);

    static ReadOnlySpan<byte> Mark => [0xEF, 0xBB, 0xBF];

    static ReadOnlySequence<byte> WithoutMark(ReadOnlySequence<byte> piece)
    {
        Span<byte> first = stackalloc byte[3];
        if (piece.Length < first.Length)
            return piece;
        piece.Slice(0, first.Length).CopyTo(first);
        return first.SequenceEqual(Mark) ? piece.Slice(first.Length) : piece;
    }
}
