using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Probe.Testing;

/// <summary>
/// Writes what a library shows to those who use it: one line a public type or member, in an order that a change elsewhere does not move.
/// What the compiler adds to records and enums is left out.
/// </summary>
internal static class PublicApi
{
    private static readonly Dictionary<Type, string> s_keywords = new()
    {
        [typeof(bool)] = "bool", [typeof(byte)] = "byte", [typeof(sbyte)] = "sbyte", [typeof(short)] = "short", [typeof(ushort)] = "ushort", [typeof(int)] = "int",
        [typeof(uint)] = "uint", [typeof(long)] = "long", [typeof(ulong)] = "ulong", [typeof(double)] = "double", [typeof(char)] = "char", [typeof(string)] = "string",
        [typeof(object)] = "object", [typeof(void)] = "void", [typeof(nint)] = "nint", [typeof(nuint)] = "nuint",
    };

    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static string Of(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var space in assembly.GetExportedTypes().GroupBy(type => type.Namespace, StringComparer.Ordinal).OrderBy(space => space.Key, StringComparer.Ordinal))
        {
            text.Append(text.Length > 0 ? "\n" : "").Append(space.Key).Append('\n');
            foreach (var type in space.OrderBy(type => type.FullName, StringComparer.Ordinal))
            {
                text.Append("  ").Append(Headline(type)).Append('\n');
                foreach (var member in Members(type).Order(StringComparer.Ordinal))
                {
                    text.Append("    ").Append(member).Append('\n');
                }
            }
        }

        return text.ToString();
    }

    private static string Headline(Type type)
    {
        var kind = type switch
        {
            { IsEnum: true } => "enum",
            { IsInterface: true } => "interface",
            _ when typeof(Delegate).IsAssignableFrom(type) => "delegate",
            { IsValueType: true } => (type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "") + (type.IsByRefLike ? "ref " : "")
                + (type.GetMethod("PrintMembers", Declared) is null ? "struct" : "record struct"),
            { IsAbstract: true, IsSealed: true } => "static class",
            _ => (type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "") + (type.GetMethod("<Clone>$") is null ? "class" : "record"),
        };
        var bases = type.IsEnum ? [type.GetEnumUnderlyingType()]
            : type.IsValueType || type.BaseType is not { } parent || parent == typeof(object) || kind == "delegate" ? Enumerable.Empty<Type>() : [parent];
        var interfaces = type.IsEnum || kind == "delegate" ? [] : type.GetInterfaces().Where(one => one.IsVisible && !IsOfRecords(one, type));
        var all = bases.Concat(interfaces).Select(Name).Order(StringComparer.Ordinal).ToList();
        return $"{kind} {Name(type)}{(all.Count > 0 ? " : " + string.Join(", ", all) : "")}";
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            return type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => $"{Convert.ToInt64(field.GetRawConstantValue()),3} {field.Name}");
        }

        if (typeof(Delegate).IsAssignableFrom(type))
        {
            return [Method(type.GetMethod("Invoke")!)];
        }

        var accessors = type.GetProperties(Declared).SelectMany(property => property.GetAccessors(nonPublic: true))
            .Concat(type.GetEvents(Declared).SelectMany(one => new[] { one.AddMethod!, one.RemoveMethod! })).ToHashSet();
        return
        [
            .. type.GetConstructors(Declared).Where(one => IsShown(one) && !IsCopy(one)).Select(one => $"{Modifiers(one)}new({Parameters(one)})"),
            .. type.GetFields(Declared).Where(field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly).Select(Field),
            .. type.GetProperties(Declared).Where(one => one.GetAccessors(nonPublic: true).Any(IsShown) && !IsGenerated(one)).Select(Property),
            .. type.GetEvents(Declared).Where(one => IsShown(one.AddMethod!)).Select(one => $"event {Name(one.EventHandlerType!)} {one.Name}"),
            .. type.GetMethods(Declared).Where(one => IsShown(one) && !accessors.Contains(one) && !IsGenerated(one)).Select(Method),
        ];
    }

    private static string Field(FieldInfo field) =>
        $"{(field.IsLiteral ? "const " : (field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : ""))}{Name(field.FieldType, new NullabilityInfoContext().Create(field))} "
        + field.Name + (field.IsLiteral ? $" = {field.GetRawConstantValue()}" : "");

    private static string Property(PropertyInfo property)
    {
        var (get, set) = (property.GetMethod, property.SetMethod);
        var required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        var init = set?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) == true ? "init" : "set";
        var index = property.GetIndexParameters() is { Length: > 0 } parameters ? $"this[{string.Join(", ", parameters.Select(Parameter))}]" : property.Name;
        return $"{Modifiers((get ?? set)!)}{required}{Name(property.PropertyType, new NullabilityInfoContext().Create(property))} {index} "
            + $"{{ {(get is not null && IsShown(get) ? "get; " : "")}{(set is not null && IsShown(set) ? init + "; " : "")}}}";
    }

    private static string Method(MethodInfo method)
    {
        var generic = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";
        return $"{Modifiers(method)}{Name(method.ReturnType, new NullabilityInfoContext().Create(method.ReturnParameter))} {method.Name}{generic}({Parameters(method)})";
    }

    private static string Modifiers(MethodBase method) => (method.IsPublic ? "" : "protected ") + (method.IsStatic ? "static "
        : method.DeclaringType!.IsInterface ? "" : method.IsAbstract ? "abstract " : method.IsVirtual && !method.IsFinal && !method.DeclaringType.IsSealed ? "virtual " : "");

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        var way = !parameter.ParameterType.IsByRef ? "" : parameter.IsOut ? "out " : parameter.IsIn ? "in " : "ref ";
        return $"{way}{Name(parameter.ParameterType, new NullabilityInfoContext().Create(parameter))} {parameter.Name}{(parameter.IsOptional ? " = " + (parameter.RawDefaultValue ?? "default") : "")}";
    }

    private static string Name(Type type) => Name(type, null);

    private static string Name(Type type, NullabilityInfo? nullability)
    {
        if (type.IsByRef)
        {
            return Name(type.GetElementType()!, nullability);
        }

        var mark = nullability is { ReadState: NullabilityState.Nullable } && !type.IsValueType ? "?" : "";
        if (type.IsArray)
        {
            return Name(type.GetElementType()!, nullability?.ElementType) + "[]" + mark;
        }

        if (Nullable.GetUnderlyingType(type) is { } value)
        {
            return Name(value) + "?";
        }

        if (s_keywords.TryGetValue(type, out var keyword))
        {
            return keyword + mark;
        }

        var name = (type.IsNested && !type.IsGenericParameter ? Name(type.DeclaringType!) + "." : "") + type.Name.Split('`')[0];
        var own = type.GetGenericArguments();
        return own.Length == 0 ? name + mark
            : $"{name}<{string.Join(", ", own.Select((one, i) => Name(one, nullability is { } info && i < info.GenericTypeArguments.Length ? info.GenericTypeArguments[i] : null)))}>{mark}";
    }

    private static bool IsShown(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsGenerated(MemberInfo member) => member.IsDefined(typeof(CompilerGeneratedAttribute)) || member.Name == "EqualityContract";

    /// <summary>The constructor that a record copies itself with.</summary>
    private static bool IsCopy(ConstructorInfo one) =>
        one.GetParameters() is [var only] && only.ParameterType == one.DeclaringType && one.IsDefined(typeof(CompilerGeneratedAttribute));

    private static bool IsOfRecords(Type one, Type type) => one.IsGenericType && one.GetGenericTypeDefinition() == typeof(IEquatable<>) && one.GetGenericArguments()[0] == type;
}
