using System.Collections;
using Parquet.Serialization;

namespace DataRegistry.Tests.Selections;

static class TestParquet
{
    /// <summary>The rows of a file: texts, numbers, times, arrays of texts, or null.</summary>
    public static async Task<List<Dictionary<string, object?>>> ReadAsync(byte[] file)
    {
        using var stream = new MemoryStream(file);
        var read = await ParquetSerializer.DeserializeUntypedAsync(stream);
        var columns = read.Schema.Fields.Select(f => f.Name).ToList();
        return [.. read.Data.Select(row => columns.ToDictionary(c => c, c => ValueOf(row.GetValueOrDefault(c))))];
    }

    static object? ValueOf(object? value) => value switch
    {
        string => value,
        IEnumerable texts => texts.Cast<object>().Select(text => text.ToString()!).ToArray(),
        _ => value,
    };
}
