namespace DataRegistry.Storage;

public static class OrderedKey
{
    public const int MaxClearBytes = 480;
    public static string Encode(string key) => throw new NotSupportedException();
}
