namespace DataRegistry.Storage;

/// <summary>A table of a room. The composition root creates all tables before the first request.</summary>
public interface IStoredTable
{
    TableClient Table { get; }
}
