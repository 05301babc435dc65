using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests;

/// <summary>Rules for every source file.</summary>
public sealed class SourceTests
{
    /// <summary>The most characters of a line.</summary>
    const int LongestLine = 140;

    static readonly string[] Built = ["bin", "obj"];

    [Fact]
    public void No_line_is_too_long()
    {
        var root = AzuriteFixture.RepositoryRoot();
        var files = new[] { "src", "tests" }.SelectMany(folder => FilesOf(new(Path.Combine(root, folder)))).ToList();
        Assert.True(files.Count > 100, $"Only {files.Count} files were found below {root}.");
        Assert.Empty(files.SelectMany(file => File.ReadLines(file.FullName).Index()
            .Where(line => line.Item.EnumerateRunes().Count() > LongestLine)
            .Select(line => $"{Path.GetRelativePath(root, file.FullName)}:{line.Index + 1}: more than {LongestLine} characters")));
    }

    static IEnumerable<FileInfo> FilesOf(DirectoryInfo folder) => folder.EnumerateFiles("*.cs")
        .Concat(folder.EnumerateDirectories().Where(inner => !Built.Contains(inner.Name)).SelectMany(FilesOf));
}
