using System.Globalization;

namespace DataRegistry.Benchmarks;

/// <summary>A plain table: the first column to the left, numbers to the right.</summary>
sealed class TextTable(params string[] head)
{
    readonly List<string[]> rows = [head];

    public void Add(params object?[] cells) => rows.Add([.. cells.Select(Text)]);

    public void Print()
    {
        var widths = Enumerable.Range(0, head.Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        rows.Insert(1, [.. widths.Select(width => new string('-', width))]);
        foreach (var row in rows)
            Console.WriteLine(
                string.Join(
                    "  ", row.Select((cell, column) => column == 0 ? cell.PadRight(widths[0]) : cell.PadLeft(widths[column]))).TrimEnd());
        Console.WriteLine();
    }

    static string Text(object? cell) => cell switch
    {
        null => "",
        TimeSpan time => time.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture),
        double number => number.ToString(number < 10 ? "0.00" : "0", CultureInfo.InvariantCulture),
        _ => Convert.ToString(cell, CultureInfo.InvariantCulture) ?? "",
    };
}

static class Numbers
{
    public static double Median(this IEnumerable<double> numbers)
    {
        var sorted = numbers.Order().ToList();
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[(sorted.Count / 2) - 1] + sorted[sorted.Count / 2]) / 2;
    }

    /// <summary>The median of ratios, and each of them.</summary>
    public static string DescribePairs(this IEnumerable<double> ratios)
    {
        var all = ratios.ToList();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{all.Median():0.00} (median of pairs {string.Join(
                ", ", all.Select(r => r.ToString("0.00", CultureInfo.InvariantCulture)))})");
    }
}
