using System.Reflection;
using System.Runtime.Serialization;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Storage;

/// <summary>Every row type of the product is read back as it was written. New types are found automatically.</summary>
[Collection(AzuriteTests.Name)]
public sealed class RowTypeTests(AzuriteFixture azurite)
{
    public static TheoryData<string> RowTypes { get; } = [.. Types().Select(type => type.Name)];

    static IEnumerable<Type> Types() =>
        typeof(TableRow).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(TableRow)) && !type.IsAbstract);

    [Theory]
    [MemberData(nameof(RowTypes))]
    public async Task A_row_comes_back_as_it_was_written(string type)
    {
        var row = RowSamples.Of(Types().Single(t => t.Name == type));
        var table = azurite.Account.Tables.GetTableClient(AzuriteFixture.NewTableName());
        await table.CreateIfNotExistsAsync();
        row.ETag = (await table.TryAddAsync(row)).ETag;
        var read = (TableRow?)await (Task<TableRow?>)typeof(RowTypeTests).GetMethod(
            nameof(FindAsync), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(row.GetType()).Invoke(null, [table, row])!;
        foreach (var property in RowSamples.ColumnsOf(row.GetType()))
            Assert.Equal(property.GetValue(row), property.GetValue(read));
        Assert.Equal(row.ETag, read!.ETag);
    }

    [Theory]
    [MemberData(nameof(RowTypes))]
    public void A_computed_property_is_no_column(string type) => Assert.All(
        Types().Single(t => t.Name == type).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => !p.CanWrite),
        property => Assert.NotNull(property.GetCustomAttribute<IgnoreDataMemberAttribute>()));

    static async Task<TableRow?> FindAsync<T>(TableClient table, TableRow row) where T : TableRow =>
        await table.FindAsync<T>(row.PartitionKey, row.RowKey);
}

static class RowSamples
{
    public static IEnumerable<PropertyInfo> ColumnsOf(Type type) => type.GetProperties()
        .Where(p => p.CanWrite && p.Name != nameof(TableRow.ETag) && p.GetCustomAttribute<IgnoreDataMemberAttribute>() is null);

    /// <summary>A row with all columns set, none to its type's default.</summary>
    public static TableRow Of(Type type)
    {
        var row = (TableRow)Activator.CreateInstance(type)!;
        foreach (var property in ColumnsOf(type))
            property.SetValue(row, Sample(Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType, property.Name));
        return row;
    }

    static object Sample(Type type, string name) => type switch
    {
        _ when name is nameof(TableRow.PartitionKey) or nameof(TableRow.RowKey) => $"{name}-ü'ā",
        _ when type == typeof(string) => $"{name} ü😀'\"\\ā",
        _ when type == typeof(bool) => true,
        _ when type == typeof(int) => int.MinValue + name.Length,
        _ when type == typeof(long) => long.MaxValue - name.Length,
        _ when type == typeof(double) => 0.1 + name.Length,
        _ when type == typeof(Guid) => Guid.Parse("6f9619ff-8b86-d011-b42d-00c04fc964ff"),
        _ when type == typeof(DateTimeOffset) => new DateTimeOffset(2026, 11, 22, 6, 5, 4, TimeSpan.Zero).AddTicks(1234567),
        _ when type == typeof(byte[]) => new byte[] { 0, 1, 254, 255 },
        { IsEnum: true } => Enum.GetValues(type).GetValue(Enum.GetValues(type).Length - 1)!,
        _ => throw new NotSupportedException($"Column {name} is a {type.Name}, which Table Storage cannot keep."),
    };
}
