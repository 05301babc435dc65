using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using DataRegistry.Http;
using Parquet;
using Parquet.Schema;

namespace DataRegistry.Selections.Exports;

/// <summary>The columns of an export. Every format has the same columns in the same order.</summary>
/// <param name="Json">Lines of JSON are written by it. Its properties have the columns' names.</param>
sealed record ExportTable<T>(JsonTypeInfo<T> Json, params ExportColumn<T>[] Columns)
{
    public ParquetSchema Schema { get; } = new([.. Columns.Select(c => c.Field)]);
}

/// <summary>A column of an export.</summary>
/// <param name="column">The column of a Parquet file.</param>
abstract class ExportColumn<T>(Field column)
{
    public Field Field => column;

    public string Name => column.Name;

    /// <summary>The cell of a CSV file, which is not quoted yet.</summary>
    public abstract string CellOf(T row);

    /// <summary>The value's bytes in a Parquet file that is not compressed.</summary>
    public abstract int BytesOf(T row);

    public abstract Task WriteAsync(ParquetRowGroupWriter group, IReadOnlyList<T> rows, CancellationToken cancellationToken);
}

/// <param name="isRequired">No row is without it.</param>
sealed class TextColumn<T>(string name, Func<T, string?> of, bool isRequired = false)
    : ExportColumn<T>(new DataField(name, typeof(string), isNullable: !isRequired))
{
    public override string CellOf(T row) => of(row) ?? "";

    public override int BytesOf(T row) => sizeof(int) + Encoding.UTF8.GetByteCount(of(row) ?? "");

    public override Task WriteAsync(ParquetRowGroupWriter group, IReadOnlyList<T> rows, CancellationToken cancellationToken) =>
        group.WriteAsync((DataField)Field, [.. rows.Select(of)]);
}

sealed class NumberColumn<T>(string name, Func<T, long> of) : ExportColumn<T>(new DataField(name, typeof(long), isNullable: false))
{
    public override string CellOf(T row) => of(row).ToString(CultureInfo.InvariantCulture);

    public override int BytesOf(T row) => sizeof(long);

    public override Task WriteAsync(ParquetRowGroupWriter group, IReadOnlyList<T> rows, CancellationToken cancellationToken) =>
        group.WriteAsync<long>((DataField)Field, rows.Select(of).ToArray(), cancellationToken: cancellationToken);
}

/// <summary>Times in UTC, to a microsecond.</summary>
sealed class TimeColumn<T>(string name, Func<T, DateTimeOffset?> of) : ExportColumn<T>(
    new DateTimeDataField(name, DateTimeFormat.Timestamp, isAdjustedToUTC: true, DateTimeTimeUnit.Micros, isNullable: true))
{
    public override string CellOf(T row) => of(row) is { } time ? WireJson.Text(time) : "";

    public override int BytesOf(T row) => sizeof(long);

    public override Task WriteAsync(ParquetRowGroupWriter group, IReadOnlyList<T> rows, CancellationToken cancellationToken) =>
        group.WriteAsync<DateTime>(
            (DataField)Field, rows.Select(r => of(r)?.UtcDateTime).ToArray(), cancellationToken: cancellationToken);
}

/// <summary>Lists of texts. A CSV cell has a JSON array, because a text may hold any character, or nothing for an empty list.</summary>
sealed class TextListColumn<T>(string name, Func<T, IReadOnlyList<string>> of)
    : ExportColumn<T>(new ListField(name, new DataField(ListField.ElementName, typeof(string), isNullable: false)))
{
    /// <summary>Definition levels of the format: the list has no element; this is one of its elements.</summary>
    const int Empty = 1, Element = 2;

    public override string CellOf(T row) =>
        of(row) is { Count: > 0 } values ? JsonSerializer.Serialize(values, ExportFiles.Json.IReadOnlyListString) : "";

    public override int BytesOf(T row) => 2 + of(row).Sum(text => sizeof(int) + Encoding.UTF8.GetByteCount(text));

    public override Task WriteAsync(ParquetRowGroupWriter group, IReadOnlyList<T> rows, CancellationToken cancellationToken)
    {
        var (values, levels, repeats) = (new List<ReadOnlyMemory<char>>(), new List<int>(rows.Count), new List<int>(rows.Count));
        foreach (var texts in rows.Select(of))
        {
            for (var i = 0; i < Math.Max(1, texts.Count); i++)
            {
                levels.Add(texts.Count == 0 ? Empty : Element);
                // A list goes on at its second element.
                repeats.Add(i == 0 ? 0 : 1);
            }

            values.AddRange(texts.Select(text => text.AsMemory()));
        }

        return group.WriteAllPartsAsync<ReadOnlyMemory<char>>(
            (DataField)((ListField)Field).Item, values.ToArray(), levels.ToArray(), repeats.ToArray(), cancellationToken);
    }
}
