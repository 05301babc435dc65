using System.Text;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using FsCheck;
using FsCheck.Fluent;

namespace DataRegistry.Tests.Storage;

[Collection(AzuriteTests.Name)]
public sealed class OrderedKeyTests(AzuriteFixture azurite)
{
    /// <summary>Characters at the borders of UTF-8 and UTF-16 order, of forbidden characters and of case pairs.</summary>
    static readonly string[] Atoms =
        ["a", "b", "A", "Z", "0", "/", "\\", "#", "?", "%", "'", "+", " ", "\0", "\u0001", "\u007f", "\u0080", "é", "ß", "\u07ff",
        "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "😀", "\U0010ffff"];

    static readonly Gen<string> ShortKeys = Gen.Choose(0, 12).SelectMany(
        length => Gen.ArrayOf(Gen.Elements(Atoms), length)).Select(string.Concat);

    static readonly Gen<string> LongKeys =
        from length in Gen.Choose(470, 490)
        from fill in Gen.Elements("a", "é", "😀")
        from tail in ShortKeys
        select Repeat(fill, length) + tail;

    static readonly Gen<string> Keys = Gen.Frequency((3, ShortKeys), (2, LongKeys));

    [Fact]
    public void Row_keys_sort_as_the_UTF8_bytes_of_their_keys() =>
        Prop.ForAll(Arb.From(Gen.Zip(Keys, Keys)), pair =>
        {
            var (a, b) = pair;
            var rows = Math.Sign(string.CompareOrdinal(OrderedKey.Encode(a), OrderedKey.Encode(b)));
            var clear = Math.Sign(Bytes(a).SequenceCompareTo(Bytes(b)));
            return InOneGroup(a, b) ? (rows == 0) == (clear == 0) : rows == clear;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));

    [Fact]
    public void Compare_is_the_order_of_UTF8_bytes() =>
        Prop.ForAll(Arb.From(Gen.Zip(Keys, Keys)), pair =>
            Math.Sign(OrderedKey.Compare(pair.Item1, pair.Item2)) == Math.Sign(Bytes(pair.Item1).SequenceCompareTo(Bytes(pair.Item2))))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(3000));

    [Fact]
    public void Row_keys_hold_nothing_a_table_refuses_and_are_at_most_511_characters() =>
        Prop.ForAll(Arb.From(Keys), key =>
        {
            var row = OrderedKey.Encode(key);
            var bytes = Bytes(key).Length;
            return row.Length == (bytes <= OrderedKey.MaxClearBytes ? bytes : OrderedKey.MaxLength)
                && OrderedKey.IsHashed(row) == bytes > OrderedKey.MaxClearBytes
                && row.AsSpan(0, Math.Min(bytes, OrderedKey.MaxClearBytes)).IndexOfAnyExceptInRange('\u0100', '\u01ff') < 0;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Fact]
    public void Each_byte_becomes_one_character() => Assert.Equal("\u0161\u012f\u01c3\u01a9", OrderedKey.Encode("a/é"));

    [Fact]
    public void A_key_of_480_bytes_is_kept_and_one_of_481_is_hashed()
    {
        Assert.Equal(480, OrderedKey.Encode(new string('x', 480)).Length);
        var row = OrderedKey.Encode(new string('x', 481));
        Assert.Equal(511, row.Length);
        Assert.Equal('\u0200', row[480]);
        Assert.Matches("^[0-9a-f]{30}$", row[481..]);
    }

    [Fact]
    public void The_prefix_may_end_inside_a_character()
    {
        var row = OrderedKey.Encode(new string('x', 479) + "éé");
        Assert.Equal('\u01c3', row[479]);
        Assert.Equal('\u0200', row[480]);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused() =>
        Assert.All(
            (string[])["\ud83d", "a\ude00b", "\ude00\ud83d"], key => Assert.ThrowsAny<ArgumentException>(() => OrderedKey.Encode(key)));

    [Fact]
    public async Task A_table_reads_back_in_the_order_of_UTF8_bytes()
    {
        var table = azurite.Account.Tables.GetTableClient(AzuriteFixture.NewTableName());
        await table.CreateIfNotExistsAsync();
        var keys = Gen.Sample(ShortKeys, 150).Concat(Atoms).Append(Repeat("😀", 480)).Append(Repeat("é", 480))
            .Distinct(StringComparer.Ordinal).Where(key => key.Length > 0).ToList();
        foreach (var chunk in keys.Chunk(Tables.MaxTransactionActions))
        {
            Assert.True(
                (await table.TrySubmitAsync(
                    [.. chunk.Select(
                        key => Change.Add(new Note { PartitionKey = "p", RowKey = OrderedKey.Encode(key), Text = key }))])).IsDone);
        }

        var read = new List<string>();
        await foreach (var row in table.ReadAsync<Note>(new TableRange("p"), maxPerPage: 40))
        {
            read.Add(row.Text!);
        }

        Assert.Equal(keys.Order(Comparer<string>.Create((a, b) => Bytes(a).SequenceCompareTo(Bytes(b)))), read, StringComparer.Ordinal);
        var middle = read[read.Count / 2];
        var after = await table.QueryPageAsync<Note>(new TableRange("p")
        {
            After = OrderedKey.Encode(middle),
            Before = OrderedKey.Encode(read[^2]),
        });
        Assert.Equal(
            read.SkipWhile(key => !string.Equals(key, middle, StringComparison.Ordinal)).Skip(1).SkipLast(2),
            after.Values.Select(row => row.Text!), StringComparer.Ordinal);
    }

    static bool InOneGroup(string a, string b) =>
        Bytes(a).Length > OrderedKey.MaxClearBytes && Bytes(b).Length > OrderedKey.MaxClearBytes &&
        Bytes(a)[..OrderedKey.MaxClearBytes].SequenceEqual(Bytes(b)[..OrderedKey.MaxClearBytes]);

    /// <summary>Text of about this number of bytes.</summary>
    static string Repeat(string text, int bytes) => string.Concat(Enumerable.Repeat(text, bytes / Encoding.UTF8.GetByteCount(text)));

    static ReadOnlySpan<byte> Bytes(string key) => Encoding.UTF8.GetBytes(key);
}
