using System.Buffers;
using System.IO.Pipelines;
using DataRegistry.Http;

namespace DataRegistry.Adoption.Input;

/// <summary>
/// Reads a list of URLs from a body of any length, piece by piece, and writes full runs in between. A derived class
/// parses a format.
/// </summary>
abstract class UrlReader(StagedUrls urls, int maxUrls)
{
    /// <summary>The most bytes of a token that must be read whole: a URL, or another value, with all of its escapes.</summary>
    protected const int MaxTokenBytes = 6 * StagedUrls.MaxUrlBytes;

    /// <summary>No URL can be added before a run is written.</summary>
    protected bool IsFull => urls.IsFull;

    /// <summary>The number of URLs so far.</summary>
    protected virtual long Met => urls.Count;

    static ReadOnlySpan<byte> Mark => [0xEF, 0xBB, 0xBF];

    /// <summary>Takes the whole tokens of a piece, until the list is full. Returns the beginning of the rest.</summary>
    protected abstract SequencePosition Take(ReadOnlySequence<byte> piece, bool isLast);

    protected async Task ReadUrlsAsync(Stream body, CancellationToken cancellationToken)
    {
        var pipe = PipeReader.Create(body, new(bufferSize: 64 * 1024, minimumReadSize: 16 * 1024, leaveOpen: true));
        try
        {
            for (var begun = false; ; begun = true)
            {
                var read = begun ? await pipe.ReadAsync(cancellationToken) : await pipe.ReadAtLeastAsync(Mark.Length, cancellationToken);
                var piece = begun ? read.Buffer : WithoutMark(read.Buffer);
                var taken = Take(piece, read.IsCompleted);
                var rest = piece.Slice(taken);
                if (rest.Length > MaxTokenBytes && !urls.IsFull)
                    throw TooLong();
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

    protected void Add(ReadOnlySpan<byte> url)
    {
        if (urls.Count == maxUrls)
            throw RequestBody.TooMany(maxUrls);
        urls.Add(url);
    }

    protected ApiException TooLong() => AdoptionErrors.ValueTooLong.With(Met, StagedUrls.MaxUrlBytes);

    static ReadOnlySequence<byte> WithoutMark(ReadOnlySequence<byte> piece)
    {
        Span<byte> first = stackalloc byte[3];
        if (piece.Length < first.Length)
            return piece;
        piece.Slice(0, first.Length).CopyTo(first);
        return first.SequenceEqual(Mark) ? piece.Slice(first.Length) : piece;
    }
}
