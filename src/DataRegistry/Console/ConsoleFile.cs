using DataRegistry.Http;

namespace DataRegistry.WebConsole;

/// <summary>One file of the console.</summary>
/// <param name="name">With <c>/</c> between folders.</param>
sealed class ConsoleFile(string name, byte[] content)
{
    public string Name => name;

    public byte[] Content => content;

    /// <summary>The content with its encodings.</summary>
    public EncodedContent Encoded { get; } = EncodedContent.OfFile(content);

    /// <summary>Throws for any other kind of file, so that a mistake of the build ends the start.</summary>
    public string ContentType => Path.GetExtension(Name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        var other => throw new InvalidOperationException($"{Name}: what is '{other}'?"),
    };
}
