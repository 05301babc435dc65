using DataRegistry.Http;

namespace DataRegistry.WebConsole;

/// <summary>One file of the console.</summary>
/// <param name="name">With <c>/</c> between folders.</param>
sealed class ConsoleFile(string name, byte[] content)
{
    public string Name => name;

    public byte[] Content => content;

    /// <summary>The same in the forms in which it is sent.</summary>
    public EncodedContent Encoded { get; } = EncodedContent.OfFile(content);

    /// <summary>A file of any other kind is a mistake of the build, and no service starts with it.</summary>
    public string ContentType => Path.GetExtension(Name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        var other => throw new InvalidOperationException($"{Name}: what is '{other}'?"),
    };
}
