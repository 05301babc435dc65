namespace DataRegistry.Storage;

/// <summary>A room's table, so that the composition root can create all of them before the first request.</summary>
public interface IStoredTable
{
    TableClient Table { get; }
}
