using System.Diagnostics;
using System.Globalization;

namespace DataRegistry.LocalHost;

/// <summary>
/// The state that is kept between two starts, in <c>.local</c> at the top of the checkout (or of the current folder,
/// outside of one):
/// <code>
/// .local/lock         held while a LocalHost runs
/// .local/azurite      the storage emulator's package;  .local/azurite.pid  its process
/// .local/storage      its data
/// .local/bucket       the demo bucket's objects;  .local/bucket.port  its server's port
/// .local/token        the development token
/// .local/secret-key   encrypts the stores' secrets
/// </code>
/// </summary>
public sealed class LocalState : IDisposable
{
    /// <summary>An emulator whose parent was killed writes its data and ends, within 60 seconds.</summary>
    static readonly TimeSpan LeftoverTimeout = TimeSpan.FromSeconds(75);

    readonly FileStream? exclusive;

    /// <param name="inMemory">Keep only the emulator's package. Others may run at the same time.</param>
    /// <exception cref="StartException">Another LocalHost runs on the same state.</exception>
    public LocalState(bool inMemory)
    {
        InMemory = inMemory;
        Folder = Directory.CreateDirectory(Path.Combine(Root(), ".local")).FullName;
        try
        {
            exclusive = inMemory ? null : new FileStream(PathOf("lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new StartException($"Another LocalHost is running on {Folder}: stop it, or start this one with --memory.", exception);
        }
    }

    public bool InMemory { get; }

    public string Folder { get; }

    public string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>The kept value; created if there is none yet. Only this user can read it.</summary>
    public string Keep(string name, Func<string> make)
    {
        if (InMemory)
        {
            return make();
        }

        if (File.Exists(PathOf(name)) && File.ReadAllText(PathOf(name)).Trim() is { Length: > 0 } kept)
        {
            return kept;
        }

        string value = make();
        Write(name, value);
        return value;
    }

    public void Write(string name, string value)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        // Write a new file and rename it, so that the value is complete even if this process is killed.
        using (var writer = new StreamWriter(PathOf(name + ".new"), options))
        {
            writer.WriteLine(value);
        }

        File.Move(PathOf(name + ".new"), PathOf(name), overwrite: true);
    }

    /// <summary>
    /// Waits for the process that an earlier, killed LocalHost left behind, and ends it if it stays. A process that
    /// began after its id was written is another one with the same id.
    /// </summary>
    public async Task EndLeftoverAsync(string name, CancellationToken cancellationToken)
    {
        if (InMemory || !File.Exists(PathOf(name))
            || !int.TryParse(
                await File.ReadAllTextAsync(PathOf(name), cancellationToken), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture,
                out int id))
        {
            return;
        }

        try
        {
            using var leftover = Process.GetProcessById(id);
            if (leftover.StartTime.ToUniversalTime() > File.GetLastWriteTimeUtc(PathOf(name)))
            {
                return;
            }

            if (!leftover.HasExited)
            {
                Console.WriteLine(
                    $"Waiting up to {LeftoverTimeout.TotalSeconds:0} s for the storage emulator of an earlier start to write its data…");
            }

            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(LeftoverTimeout);
            await leftover.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            leftover.Kill();
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            // It has ended already.
        }
    }

    public void Dispose() => exclusive?.Dispose();

    static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Functions.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? Directory.GetCurrentDirectory();
    }
}

/// <summary>LocalHost cannot start. The message is complete for its user.</summary>
public sealed class StartException(string message, Exception? inner = null) : Exception(message, inner);
