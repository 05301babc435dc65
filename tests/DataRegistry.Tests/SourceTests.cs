using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests;

/// <summary>Rules for every source file and document.</summary>
public sealed class SourceTests
{
    /// <summary>The most characters of a line.</summary>
    const int LongestLine = 140;

    /// <summary>Folders of generated, fetched and recorded files.</summary>
    static readonly string[] Foreign = ["bin", "obj", "vendor", "Recorded", "node_modules"];

    static readonly DirectoryInfo Root = new(AzuriteFixture.RepositoryRoot());

    [Fact]
    public void No_line_is_too_long()
    {
        var files = Files(".cs", ".js");
        Assert.True(files.Count > 100, $"Only {files.Count} files were found below {Root}.");
        Assert.Empty(files.SelectMany(file => File.ReadLines(file.FullName).Index()
            .Where(line => line.Item.EnumerateRunes().Count() > LongestLine)
            .Select(line => $"{NameOf(file)}:{line.Index + 1}: more than {LongestLine} characters")));
    }

    [Fact]
    public void Comments_are_plain_English() => AssertPlain(
        Files(".cs", ".js", ".bicep", ".bicepparam", ""),
        (_, lines) => Prose.CommentsOf(lines, lines is [var head, ..] && head.EndsWith("bash", StringComparison.Ordinal) ? "#" : "//"));

    /// <summary>Error messages, log lines, settings and descriptions of the API.</summary>
    [Fact]
    public void Messages_are_plain_English() => AssertPlain(
        [.. Files(".cs").Where(f => NameOf(f).StartsWith("src/", StringComparison.Ordinal))], (_, lines) => Prose.StringsOf(lines));

    [Fact]
    public void Documents_are_plain_English() => AssertPlain(Files(".md"), (_, lines) => Prose.ParagraphsOf(lines));

    [Theory]
    [InlineData("// Whoever ended it before may not have seen it.", 2)]
    [InlineData("/// <summary>A job. What it did stays.</summary>", 1)]
    [InlineData("/// <summary>Asks the caller what it wants, and the host who sent it.</summary>", 0)]
    [InlineData("    // The list was put away, and its sender is told.", 2)]
    [InlineData("    var text = \"What it did stays.\";", 0)]
    public void A_bad_habit_in_a_comment_is_found(string line, int faults) =>
        Assert.Equal(faults, Prose.FaultsOf(Prose.CommentsOf([line], "//")).Count());

    [Theory]
    [InlineData("throw new(\"Where it is kept: {0}\");", 1)]
    [InlineData("""log("The jobs under way.", "whoever");""", 1)]
    [InlineData("// \"Who may read it.\"", 0)]
    public void A_bad_habit_in_a_message_is_found(string line, int faults) =>
        Assert.Equal(faults, Prose.FaultsOf(Prose.StringsOf([line])).Count());

    [Fact]
    public void A_bad_habit_in_a_document_is_found_at_its_line() => Assert.Equal(
        [3, 5, 9],
        Prose.FaultsOf(Prose.ParagraphsOf(
            ["# What it is", "", "- What it does", "- works", "| Where | Who may |", "```", "What is this", "```", "It is", "told."]))
            .Select(f => f.Line));

    static void AssertPlain(List<FileInfo> files, Func<FileInfo, string[], IEnumerable<(int Line, string Text)>> read)
    {
        Assert.True(files.Count > 10, $"Only {files.Count} files were found below {Root}.");
        var faults = files.SelectMany(file => Prose.FaultsOf(read(file, File.ReadAllLines(file.FullName)))
            .Select(f => $"{NameOf(file)}:{f.Line}: {f.Fault}")).ToList();
        Assert.True(faults.Count == 0, $"{faults.Count} sentences are hard to read:\n{string.Join('\n', faults)}");
    }

    static string NameOf(FileInfo file) => Path.GetRelativePath(Root.FullName, file.FullName).Replace('\\', '/');

    /// <summary>The repository's own files with these extensions.</summary>
    static List<FileInfo> Files(params string[] extensions) =>
        [.. new[] { "src", "tests", "infra" }.Select(folder => new DirectoryInfo(Path.Combine(Root.FullName, folder))).SelectMany(FilesOf)
            .Concat(Root.EnumerateFiles()).Where(f => extensions.Contains(f.Extension))];

    static IEnumerable<FileInfo> FilesOf(DirectoryInfo folder) => folder.EnumerateFiles()
        .Concat(folder.EnumerateDirectories().Where(inner => !Foreign.Contains(inner.Name)).SelectMany(FilesOf));
}
