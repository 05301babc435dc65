using DataRegistry.Storage;

namespace DataRegistry.Organization;

/// <summary>The size of a unit on the wire: its name, three ids, and their names.</summary>
static class UnitSize
{
    const int Others = 200;

    public static int Of(string name) => Others + RowSize.Of(name);
}
