using System.Reflection;
using System.Reflection.Emit;

namespace DataRegistry.Tests;

/// <summary>The rooms of src/DataRegistry, and their order.</summary>
public sealed class RoomTests
{
    /// <summary>A room uses only those before it. The root, which composes them, uses every room.</summary>
    static readonly string[] Rooms =
    [
        "Telemetry", "Storage", "Triggers", "Http", "Organization", "Access", "Stores", "Datums", "Jobs", "Adoption", "Rescans",
        "Selections",
        "Datasets", "DataVolumes", "Health", "WebConsole", "",
    ];

    static readonly Dictionary<short, OpCode> Instructions = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(instruction => instruction.Value);

    [Fact]
    public void Every_type_uses_only_its_own_room_and_those_above()
    {
        var uses = Uses();
        Assert.Contains(("DataRegistry.Rescans.ScanAdoption", "DataRegistry.Adoption.Adopter"), uses);
        Assert.Equal([], uses.Where(u => Array.IndexOf(Rooms, RoomOf(u.To)) > Array.IndexOf(Rooms, RoomOf(u.From))).Select(u =>
            $"{u.From} uses {u.To}"));
    }

    [Fact]
    public void Every_type_has_a_room()
    {
        var types = typeof(Registry).Assembly.GetTypes().Where(t => t.Namespace?.StartsWith("DataRegistry",
            StringComparison.Ordinal) == true);
        Assert.Equal([], types.Select(t => t.FullName!).Where(name => !Rooms.Contains(RoomOf(name))));
    }

    /// <summary>The room of a type, by its full name; empty for the root.</summary>
    static string RoomOf(string type)
    {
        var parts = type.Split('.');
        return parts.Length > 2 ? parts[1] : "";
    }

    /// <summary>
    /// Each pair of a type and another type of the app that it uses: in its base, fields, signatures, attributes or
    /// methods' bodies. Nested types count as their outermost one.
    /// </summary>
    static HashSet<(string From, string To)> Uses()
    {
        var uses = new HashSet<(string, string)>();
        foreach (var type in typeof(Registry).Assembly.GetTypes().Where(t => t.Namespace?.StartsWith("DataRegistry",
            StringComparison.Ordinal) == true))
        {
            void Use(Type? used)
            {
                if (used is null || used.IsGenericParameter)
                    return;
                if (used.HasElementType)
                {
                    Use(used.GetElementType());
                    return;
                }

                foreach (var argument in used.GenericTypeArguments)
                    Use(argument);
                if (used.Assembly == type.Assembly && used.Namespace?.StartsWith("DataRegistry", StringComparison.Ordinal) == true)
                    uses.Add((Outermost(type), Outermost(used)));
            }

            void UseMember(MemberInfo? member)
            {
                Use(member?.DeclaringType);
                if (member is FieldInfo field)
                    Use(field.FieldType);
                if (member is not MethodBase method)
                    return;
                foreach (var parameter in method.GetParameters())
                    Use(parameter.ParameterType);
                Use((method as MethodInfo)?.ReturnType);
                if (method.IsGenericMethod)
                    Array.ForEach(method.GetGenericArguments(), Use);
            }

            const BindingFlags all = BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static
                | BindingFlags.Public | BindingFlags.NonPublic;
            Use(type.BaseType);
            Array.ForEach(type.GetInterfaces(), Use);
            foreach (var attribute in type.GetCustomAttributesData())
                foreach (var argument in attribute.ConstructorArguments)
                    Use(argument.Value as Type);
            foreach (var member in type.GetMembers(all))
            {
                UseMember(member);
                if (member is MethodBase method && method.GetMethodBody()?.GetILAsByteArray() is { } code)
                    foreach (var token in TokensOf(code))
                        UseMember(Resolve(method, token, Use));
            }
        }

        return uses;
    }

    /// <summary>The metadata tokens of the types and members that a method's code names.</summary>
    static IEnumerable<int> TokensOf(byte[] code)
    {
        for (var i = 0; i < code.Length;)
        {
            var value = code[i] == 0xFE ? (short)(0xFE00 | code[i + 1]) : code[i];
            var instruction = Instructions[value];
            i += instruction.Size;
            if (instruction.OperandType is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok
                or OperandType.InlineType)
                yield return BitConverter.ToInt32(code, i);
            i += instruction.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, i)),
                _ => 4,
            };
        }
    }

    static MemberInfo? Resolve(MethodBase method, int token, Action<Type?> use)
    {
        var ofType = method.DeclaringType is { IsGenericType: true } type ? type.GetGenericArguments() : null;
        var ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : null;
        var member = method.Module.ResolveMember(token, ofType, ofMethod);
        if (member is not Type named)
            return member;
        use(named);
        return null;
    }

    static string Outermost(Type type)
    {
        while (type.DeclaringType is { } outer)
            type = outer;
        return (type.IsGenericType ? type.GetGenericTypeDefinition() : type).FullName!;
    }
}
