using DataRegistry.Access;

namespace DataRegistry.WebConsole;

/// <summary>The room of the web pages.</summary>
static class ConsoleRoom
{
    public static void MapConsole(this Api api) => api.Root.MapConsole();
}
