using System.Buffers;
using System.Text.Unicode;

namespace DataRegistry.Adoption.Input;

/// <summary>
/// Reads a <c>text/plain</c> body: a URL a line, in UTF-8, with or without a byte order mark. Empty lines are skipped.
/// </summary>
sealed class AdoptionText(StagedUrls urls, int maxUrls) : UrlReader(urls, maxUrls)
{
    readonly byte[] line = new byte[StagedUrls.MaxUrlBytes];

    public Task ReadAsync(Stream body, CancellationToken cancellationToken) => ReadUrlsAsync(body, cancellationToken);

    /// <summary>The last line needs no line end.</summary>
    protected override SequencePosition Take(ReadOnlySequence<byte> piece, bool isLast)
    {
        var reader = new SequenceReader<byte>(piece);
        while (!IsFull && reader.TryReadToAny(out ReadOnlySequence<byte> whole, "\r\n"u8))
            AddLine(whole);
        if (!IsFull && isLast)
        {
            AddLine(reader.UnreadSequence);
            reader.AdvanceToEnd();
        }

        return reader.Position;
    }

    void AddLine(ReadOnlySequence<byte> whole)
    {
        if (whole.IsEmpty)
            return;
        if (whole.Length > line.Length)
            throw TooLong();
        var text = line.AsSpan(0, (int)whole.Length);
        whole.CopyTo(text);
        if (!Utf8.IsValid(text))
            throw AdoptionErrors.NotUtf8.With();
        Add(text);
    }
}
