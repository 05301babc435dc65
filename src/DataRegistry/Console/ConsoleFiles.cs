using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace DataRegistry.WebConsole;

/// <summary>
/// The files of the console, embedded in this library. All files except the page lie in a folder whose name is a hash
/// of all of them. So browsers can keep them for ever, and they name each other as in the source. They also exist under
/// their plain names, which browsers ask for each time.
/// </summary>
sealed partial class ConsoleFiles
{
    const string Resources = "Console/";
    const string PageName = "index.html";
    const string EntryName = "app.js";

    readonly Dictionary<string, ConsoleFile> files;

    public ConsoleFiles(IReadOnlyCollection<ConsoleFile> source)
    {
        files = source.ToDictionary(f => f.Name, StringComparer.Ordinal);
        Folder = HashOf(source);
        Page = new(PageName, Encoding.UTF8.GetBytes(Rewrite(Encoding.UTF8.GetString(files[PageName].Content))));
    }

    /// <summary>The folder of all files that browsers can keep for ever.</summary>
    public string Folder { get; }

    /// <summary>
    /// The page that a browser opens. It names the folder of the others, so a browser always asks for it again.
    /// </summary>
    public ConsoleFile Page { get; }

    public IEnumerable<string> Names => files.Keys;

    public static ConsoleFiles Embedded() => new([.. typeof(ConsoleFiles).Assembly.GetManifestResourceNames()
        .Where(n => n.StartsWith(Resources, StringComparison.Ordinal)).Select(n => new ConsoleFile(n[Resources.Length..], Read(n)))]);

    /// <summary>
    /// The file at a path under <c>/console/</c>; null if there is none. <c>Forever</c>: whether the path always means
    /// this content.
    /// </summary>
    public (ConsoleFile File, bool Forever)? Find(string path)
    {
        if (path is "" or PageName)
            return (Page, false);
        var forever = path.StartsWith($"{Folder}/", StringComparison.Ordinal);
        var name = forever ? path[(Folder.Length + 1)..] : path;
        return name != PageName && files.TryGetValue(name, out var file) ? (file, forever) : null;
    }

    /// <summary>
    /// The page with the folder before the names of files. It has a hint for each module that the first one needs, so
    /// that they load at once, not one after the other.
    /// </summary>
    string Rewrite(string page)
    {
        var rewritten = Reference().Replace(
            page,
            m => files.ContainsKey(m.Groups["name"].Value)
                ? $"{m.Groups["attribute"].Value}=\"{Folder}/{m.Groups["name"].Value}\""
                : m.Value);
        var hints = string.Concat(
            ModulesOf(EntryName).Order(StringComparer.Ordinal).Select(name => $"<link rel=\"modulepreload\" href=\"{Folder}/{name}\">\n"));
        return rewritten.Replace("</head>", $"{hints}</head>", StringComparison.Ordinal);
    }

    /// <summary>
    /// All modules that a module imports, directly or through others, except those that it loads later on demand.
    /// </summary>
    HashSet<string> ModulesOf(string entry)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        var next = new Stack<string>([entry]);
        while (next.TryPop(out var name))
        {
            foreach (Match import in Import().Matches(Encoding.UTF8.GetString(files[name].Content)))
            {
                var target = new Uri(new Uri($"file:///{name}"), import.Groups["path"].Value).AbsolutePath[1..];
                if (!files.ContainsKey(target))
                    throw new InvalidOperationException($"{name} imports {target}, which is not there.");
                if (target != entry && found.Add(target))
                    next.Push(target);
            }
        }

        return found;
    }

    static string HashOf(IEnumerable<ConsoleFile> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files.OrderBy(f => f.Name, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{file.Name}\n{file.Content.Length}\n"));
            hash.AppendData(file.Content);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }

    static byte[] Read(string resource)
    {
        using var from = typeof(ConsoleFiles).Assembly.GetManifestResourceStream(resource)!;
        using var to = new MemoryStream();
        from.CopyTo(to);
        return to.ToArray();
    }

    [GeneratedRegex("""(?<attribute>href|src)="(?<name>[^"]+)(?:")""", RegexOptions.ExplicitCapture)]
    private static partial Regex Reference();

    [GeneratedRegex("""(?:from|^import)\s+'(?<path>\.[^']+)'""", RegexOptions.ExplicitCapture | RegexOptions.Multiline)]
    private static partial Regex Import();
}
