using System.Buffers.Binary;
using System.Text;

namespace DataRegistry.Tests.Telemetry;

/// <summary>A message in protobuf's wire format, read without its schema (https://protobuf.dev/programming-guides/encoding/).</summary>
sealed class Protobuf
{
    readonly List<(int Field, ulong Number, ReadOnlyMemory<byte> Bytes)> fields = [];

    public Protobuf(ReadOnlyMemory<byte> message)
    {
        for (var at = 0; at < message.Length;)
        {
            var key = Varint(message.Span, ref at);
            var (number, bytes) = (0UL, ReadOnlyMemory<byte>.Empty);
            switch (key & 7)
            {
                case 0:
                    number = Varint(message.Span, ref at);
                    break;
                case 1:
                    number = BinaryPrimitives.ReadUInt64LittleEndian(message.Span[at..]);
                    at += 8;
                    break;
                case 2:
                    var length = (int)Varint(message.Span, ref at);
                    bytes = message.Slice(at, length);
                    at += length;
                    break;
                case 5:
                    number = BinaryPrimitives.ReadUInt32LittleEndian(message.Span[at..]);
                    at += 4;
                    break;
                default:
                    throw new FormatException($"Wire type {key & 7}.");
            }

            fields.Add(((int)(key >> 3), number, bytes));
        }
    }

    public IEnumerable<Protobuf> All(int field) => fields.Where(f => f.Field == field).Select(f => new Protobuf(f.Bytes));

    /// <summary>The messages at the end of a path of repeated ones.</summary>
    public IEnumerable<Protobuf> All(params int[] path) => path.Length == 1 ? All(path[0]) : All(path[0]).SelectMany(inner => inner.All(path[1..]));

    public string Text(int field) => Encoding.UTF8.GetString(Bytes(field).Span);

    public string Hex(int field) => Convert.ToHexStringLower(Bytes(field).Span);

    /// <summary>0 where it is missing.</summary>
    public ulong Number(int field) => fields.LastOrDefault(f => f.Field == field).Number;

    ReadOnlyMemory<byte> Bytes(int field) => fields.LastOrDefault(f => f.Field == field).Bytes;

    static ulong Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = bytes[at++];
            value |= (ulong)(next & 127) << shift;
            if (next < 128)
                return value;
        }
    }
}
