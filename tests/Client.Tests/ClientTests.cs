using System.Net.Http.Headers;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using DataRegistry.Tests.Fixtures;
using Newtonsoft.Json.Linq;

namespace DataRegistry.Client.Tests;

/// <summary>A generated client of the document: it runs every operation, and loses nothing of an answer.</summary>
public sealed partial class ClientTests : IAsyncLifetime
{
    readonly HashSet<string> run = [];
    TestService service = null!;
    Recorder recorder = null!;
    HttpClient http = null!;
    ApiClient client = null!;

    string Project => service.Project.Id.ToString();

    string Store => service.Store.Id.ToString();

    public async Task InitializeAsync()
    {
        service = await TestService.StartAsync();
        recorder = new(new SocketsHttpHandler());
        http = new HttpClient(recorder) { BaseAddress = service.Http.BaseAddress };
        client = As(TestService.Token);
    }

    public async Task DisposeAsync()
    {
        http.Dispose();
        await service.DisposeAsync();
    }

    [Fact]
    public async Task Every_operation_runs_and_every_field_of_its_answer_arrives()
    {
        await SignInAsync();
        await OrganizeAsync();
        await StoreAsync();
        var datum = await AdoptAsync();
        await NameAsync(datum);
        await SelectAsync();
        await NameVersionsAsync(datum);
        await RescanAsync();
        await PublishAsync();
        await EndAsync(datum);
        var all = typeof(ApiClient).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(m => m.Name.EndsWith("Async", StringComparison.Ordinal)).Select(m => m.Name).Distinct(StringComparer.Ordinal);
        Assert.Empty(all.Except(run));
    }

    [Fact]
    public async Task The_id_of_what_one_url_adopted_arrives()
    {
        service.Put("one");
        var adopted = await client.AdoptAsync(
            Store, null, null, null, null, null, null, new Adopt { Url = service.Url("one"), Project = Project });
        Assert.NotEqual(Guid.Empty, Assert.Single(adopted.Created!).Value);
    }

    [Fact]
    public async Task An_error_arrives_with_its_fields()
    {
        var refused = await Assert.ThrowsAsync<ApiException<AdoptionRefusal>>(
            () => client.AdoptAsync(Store, null, null, null, null, null, null, new Adopt { Url = "nonsense", Project = Project }));
        Assert.Equal("invalid_url", refused.Result.Code);
        var wrong = await Assert.ThrowsAsync<ApiException<InvalidRequest>>(() => client.CreateProjectAsync(new NewProject { Name = "" }));
        Assert.Equal("required", JToken.FromObject(wrong.Result.AdditionalProperties!["name"])[0]!.Value<string>("code"));
        var missing = await Assert.ThrowsAsync<ApiException<ErrorDetail>>(() => client.GetProjectAsync(Guid.NewGuid().ToString()));
        Assert.Equal("Not found.", missing.Result.Detail);
        var volume = await Assert.ThrowsAsync<ApiException<Error>>(() => client.Get_datavolumeAsync(Guid.NewGuid()));
        Assert.Equal(404, volume.Result.Code);
    }

    async Task SignInAsync()
    {
        await KeptAsync(() => client.GetLivenessAsync());
        await KeptAsync(() => client.GetReadinessAsync());
        var user = await KeptAsync(() => client.CreateUserAsync(
            new NewUser { Username = "alice", Password = "correct horse battery", Display_name = "Alice" }));
        var robot = await KeptAsync(() => client.CreateUserAsync(new NewUser { Username = "robot", Type = "service_account" }));
        var token = await KeptAsync(() => client.CreateTokenAsync(
            new NewToken { Name = "ci", User = robot.Id.ToString(), Projects = [Project] }));
        await KeptAsync(() => client.ListTokensAsync(null, null, robot.Id.ToString()));
        await KeptAsync(() => client.GetTokenAsync(token.Id.ToString(), robot.Id.ToString()));
        await KeptAsync(() => client.GetClientTokenAsync(new ClientCredentials
        {
            GrantType = "client_credentials",
            ClientId = "robot",
            ClientSecret = token.Token
        }));
        var alice = As((await KeptAsync(() => client.LogInAsync(
            new LogInForm { Username = "alice", Password = "correct horse battery" }))).Token);
        client = alice;
        await KeptAsync(() => client.GetMeAsync());
        await KeptAsync(() => client.ChangeMeAsync(new UserChange { Email = "alice@example.org" }));
        client = As(TestService.Token);
        var role = await KeptAsync(() => client.GiveRoleAsync(
            user.Id.ToString(), new NewRole { Role = "viewer", Scope_type = "project", Scope_id = Project }));
        await KeptAsync(() => client.ListRolesAsync(user.Id.ToString()));
        await KeptAsync(() => client.ListRoleHoldersAsync(null, null, "project", Project));
        await KeptAsync(() => client.ListUsersAsync(null, null, null));
        await KeptAsync(() => client.GetUserAsync(user.Id.ToString()));
        await KeptAsync(() => client.ChangeUserAsync(user.Id.ToString(), new UserChange { Disabled = true }));
        await DoneAsync(() => client.TakeRoleAsync(user.Id.ToString(), role.Id));
        await DoneAsync(() => client.RevokeTokenAsync(token.Id.ToString(), robot.Id.ToString()));
        await DoneAsync(() => client.DeleteUserAsync(user.Id.ToString()));
    }

    async Task OrganizeAsync()
    {
        var cluster = (await KeptAsync(() => client.CreateClusterAsync(new NewUnit { Name = "c" }))).Id.ToString();
        await KeptAsync(() => client.ListClustersAsync(1, null));
        await KeptAsync(() => client.GetClusterAsync(cluster));
        await KeptAsync(() => client.RenameClusterAsync(cluster, new UnitName { Name = "d" }));
        await KeptAsync(() => client.AddClusterAgentAsync(cluster));
        await KeptAsync(() => client.RemoveClusterAgentAsync(cluster));
        var department = (await KeptAsync(() => client.CreateDepartmentAsync(new NewUnit { Name = "d", Cluster = cluster }))).Id.ToString();
        await KeptAsync(() => client.ListDepartmentsAsync(null, null));
        await KeptAsync(() => client.GetDepartmentAsync(department));
        await KeptAsync(() => client.RenameDepartmentAsync(department, new UnitName { Name = "e" }));
        var project = (await KeptAsync(() => client.CreateProjectAsync(new NewProject { Name = "p", Department = department })))
            .Id.ToString();
        await KeptAsync(() => client.ListProjectsAsync(null, null));
        await KeptAsync(() => client.GetProjectAsync(project));
        await KeptAsync(() => client.ChangeProjectAsync(project, new ProjectChange { Name = "q" }));
        await KeptAsync(() => client.ListOrgUnitProjectsAsync(null, null, null, null, null, 1));
        await KeptAsync(() => client.ListOrgUnitDepartmentsAsync(null, null, null, null, null, null));
        await KeptAsync(() => client.ListOrgUnitClustersAsync());
        await DoneAsync(() => client.DeleteProjectAsync(project));
        await DoneAsync(() => client.DeleteDepartmentAsync(department));
        await DoneAsync(() => client.DeleteClusterAsync(cluster));
    }

    async Task StoreAsync()
    {
        await KeptAsync(() => client.ListStoresAsync(null, null));
        await KeptAsync(() => client.GetStoreAsync(Store));
        var configuration = new NewStoreConfiguration
        {
            Bucket = "bucket",
            Endpoint_url = service.Server.Url,
            Access_key_id = "key",
            Secret_access_key = "the-secret-of-another-store"
        };
        var store = (await KeptAsync(() => client.CreateStoreAsync(new NewStore { Name = "other", Configuration = configuration })))
            .Id.ToString();
        await KeptAsync(() => client.ReplaceStoreAsync(store, new NewStore { Name = "again", Configuration = configuration }));
        await KeptAsync(() => client.ChangeStoreAsync(store, new NewStore { Allow_adopt = false }));
        await DoneAsync(() => client.DeleteStoreAsync(store, null));
    }

    async Task<string> AdoptAsync()
    {
        service.Put("a", "./b", "c");
        service.Bucket.Put("list", "nothing-there\n"u8);
        var adopted = await KeptAsync(() => client.AdoptAsync(
            Store, null, null, null, null, null, null, new Adopt
            {
                Urls = [service.Url("a"), service.Url("./b"), service.Url("none")],
                Project = Project
            }));
        await KeptAsync(() => client.AdoptAsync(Store, null, null, null, null, null, null,
            new Adopt { Url = service.Url("c"), Project = Project, Dry_run = false }));
        await KeptAsync(() => client.AdoptAsync(Store, null, null, null, null, null, null,
            new Adopt { Urls = [service.Url("a"), "nonsense"], Project = Project, Dry_run = true }));
        await Assert.ThrowsAsync<ApiException<Job>>(() => client.AdoptAsync(
            Store, null, null, null, null, null, null, new Adopt { Manifest = service.Url("list"), Project = Project }));
        var job = (await KeptAsync(() => client.ListAdoptionsAsync(null, null, Project, null))).Results.Single().Id;
        await KeptAsync(() => client.GetAdoptionAsync(job));
        await service.DrainAsync();
        await KeptAsync(() => client.GetAdoptionAsync(job));
        await KeptAsync(() => client.GetAdoptionResultsAsync(job, null, null, null));
        var again = await KeptAsync(() => client.RetryAdoptionAsync(job));
        await KeptAsync(() => client.CancelAdoptionAsync(again.Id));
        await service.DrainAsync();
        var own = adopted.Created![service.Url("./b")].ToString();
        var link = await KeptAsync(() => client.GetDatumDownloadAsync(own, null));
        run.Add(nameof(client.GetDatumPreviewAsync));
        using (var beginning = await client.GetDatumPreviewAsync(own, null))
        using (var text = new StreamReader(beginning.Stream))
            Assert.NotEmpty(await text.ReadToEndAsync());
        run.Add(nameof(client.GetDatumContentAsync));
        using var content = await client.GetDatumContentAsync(own, link.Url[(link.Url.IndexOf("token=", StringComparison.Ordinal) + 6)..]);
        using var reader = new StreamReader(content.Stream);
        Assert.Equal("./b", await reader.ReadToEndAsync());
        return adopted.Created[service.Url("a")].ToString();
    }

    async Task SelectAsync()
    {
        await KeptAsync(() => client.ListTreeAsync(Store, Project, null, "/", "tags", null, null));
        var selection = (await KeptAsync(() => client.CreateSelectionAsync(
            null, new NewSelection { Project = Project, Filter = new SelectionFilter { Store = Store } }))).Id;
        await service.DrainAsync();
        await KeptAsync(() => client.GetSelectionAsync(selection));
        await KeptAsync(() => client.ListSelectionItemsAsync(selection, null, null));
        Assert.Equal(selection, (await KeptAsync(() => client.ListSelectionsAsync(null, null, Project, null))).Results.Single().Id);
        var job = (await KeptAsync(() => client.TagSelectionAsync(selection, null, new NewTags { Tags = ["a"] }))).Id;
        await service.DrainAsync();
        await KeptAsync(() => client.GetSelectionJobAsync(selection, job));
        Assert.Equal(job, (await KeptAsync(() => client.ListSelectionJobsAsync(null, null, Project, selection, null))).Results.Single().Id);
        await KeptAsync(() => client.GetSelectionJobResultsAsync(selection, job, null, null, null));
        await KeptAsync(() => client.UntagSelectionAsync(selection, null, new NewTags { Tags = ["a"] }));
        await service.DrainAsync();
        job = (await KeptAsync(() => client.ExportSelectionAsync(selection, null, new NewExport { Format = "csv" }))).Id;
        await service.DrainAsync();
        var file = (await KeptAsync(() => client.GetSelectionJobAsync(selection, job))).Files!.Single();
        run.Add(nameof(client.GetExportedFileAsync));
        using var content = await client.GetExportedFileAsync(
            selection, job, file.Name, file.Url![(file.Url.IndexOf("token=", StringComparison.Ordinal) + 6)..]);
        using var reader = new StreamReader(content.Stream);
        Assert.Equal(file.Bytes, (await reader.ReadToEndAsync()).Length);
        var other = (await KeptAsync(() => client.CreateSelectionAsync(
            null, new NewSelection { Project = Project, Filter = new SelectionFilter { Name = "nothing" } }))).Id;
        await service.DrainAsync();
        await KeptAsync(() => client.PurgeSelectionAsync(other, null));
        job = (await KeptAsync(() => client.TagSelectionAsync(selection, null, new NewTags { Tags = ["b"] }))).Id;
        await KeptAsync(() => client.CancelSelectionJobAsync(selection, job));
        // It is already frozen.
        run.Add(nameof(client.CancelSelectionAsync));
        await Assert.ThrowsAsync<ApiException<ErrorDetail>>(() => client.CancelSelectionAsync(other));
        await service.DrainAsync();
    }

    async Task NameVersionsAsync(string datum)
    {
        var dataset = (await KeptAsync(() => client.CreateDatasetAsync(new NewDataset { Name = "set", Project = Project, Root = "x" })))
            .Id.ToString();
        await KeptAsync(() => client.ListDatasetsAsync(null, null, Project, "set"));
        var version = (await KeptAsync(() => client.CreateDatasetVersionAsync(null, new NewDatasetVersion
        {
            Name = "v1",
            Dataset = dataset,
            Files = [new NewVersionFile { Datum = datum }, new NewVersionFile { Datum = service.Url("c"), Path = "d" }],
        }))).Id.ToString();
        await KeptAsync(() => client.CreateDatasetVersionAsync(null, new NewDatasetVersion
        {
            Name = "v2",
            Dataset = dataset,
            Files = [new NewVersionFile { Datum = datum }],
            Previous_version = version,
        }));
        await KeptAsync(() => client.GetDatasetAsync(dataset));
        await KeptAsync(() => client.ListDatasetVersionsAsync(null, null, dataset));
        Assert.Equal(2, (await KeptAsync(() => client.GetDatasetVersionAsync(version, null))).Files!.Count);
        await KeptAsync(() => client.ListDatasetVersionFilesAsync(version, null, null, null));
        await KeptAsync(() => client.ResolveDatasetVersionAsync("dataset://set/latest", Project));
        var alias = (await KeptAsync(() => client.SetDatasetVersionAliasAsync(
            new NewVersionAlias { Name = "stable", Dataset_version = version }))).Id.ToString();
        await KeptAsync(() => client.ListDatasetVersionAliasesAsync(null, null, dataset, null));
        await KeptAsync(() => client.GetDatasetVersionAliasAsync(alias));
        await KeptAsync(() => client.GetDatasetVersionAliasHistoryAsync(alias, null, null));
        await DoneAsync(() => client.DeleteDatasetVersionAliasAsync(alias));
        await MakeVersionsAsync(dataset, version);
        await DoneAsync(() => client.DeleteDatasetVersionAsync(version));
        await DoneAsync(() => client.DeleteDatasetAsync(dataset));
    }

    async Task MakeVersionsAsync(string dataset, string other)
    {
        var selection = (await KeptAsync(() => client.CreateSelectionAsync(
            null, new NewSelection { Project = Project, Filter = new SelectionFilter { Store = Store } }))).Id;
        await service.DrainAsync();
        var made = await KeptAsync(() => client.CreateDatasetVersionAsync(
            null, new NewDatasetVersion { Name = "v3", Dataset = dataset, Selection = selection }));
        var (version, job) = (made.Id.ToString(), made.Job!.Value.ToString());
        await service.DrainAsync();
        await KeptAsync(() => client.GetDatasetVersionJobAsync(version, job));
        await KeptAsync(() => client.GetDatasetVersionJobResultsAsync(version, job, null, null, null));
        await KeptAsync(() => client.DiffDatasetVersionsAsync(other, null, null, version));
        job = (await KeptAsync(() => client.ExportDatasetVersionAsync(version, null, new NewExport { Format = "csv" }))).Id;
        await service.DrainAsync();
        var file = (await KeptAsync(() => client.GetDatasetVersionJobAsync(version, job))).Files!.Single();
        run.Add(nameof(client.GetExportedVersionFileAsync));
        using var content = await client.GetExportedVersionFileAsync(
            version, job, file.Name, file.Url![(file.Url.IndexOf("token=", StringComparison.Ordinal) + 6)..]);
        using var reader = new StreamReader(content.Stream);
        Assert.Equal(file.Bytes, (await reader.ReadToEndAsync()).Length);
        job = (await KeptAsync(() => client.ExportDatasetVersionAsync(version, null, new NewExport { Format = "ndjson" }))).Id;
        await KeptAsync(() => client.CancelDatasetVersionJobAsync(version, job));
        await service.DrainAsync();
    }

    async Task NameAsync(string datum)
    {
        await KeptAsync(() => client.ListDatumsAsync(null, null, Project, null, null, null, null, null, null, null, null, null, null,
            null, null));
        await KeptAsync(() => client.GetDatumAsync(datum, null, null));
        await KeptAsync(() => client.SetDatumMetadataAsync(datum, null, new Dictionary<string,
            object>
        { ["site"] = "berlin", ["frames"] = 1200 }));
        await KeptAsync(() => client.GetDatumMetadataAsync(datum, null));
        await KeptAsync(() => client.ApplyMetadataAsync(new MetadataOfDatums
        {
            Datum_metadata = new Dictionary<string, IDictionary<string,
                object>>
            { [datum] = new Dictionary<string, object> { ["site"] = "paris" } },
        }));
        var alias = (await KeptAsync(() => client.SetAliasAsync(new NewAlias { Name = "latest", Datum = datum, Project = Project })))
            .Id.ToString();
        await KeptAsync(() => client.ListAliasesAsync(null, null, Project, null, null));
        await KeptAsync(() => client.ResolveAliasAsync("latest", Project, null));
        await KeptAsync(() => client.GetAliasAsync(alias));
        await KeptAsync(() => client.GetAliasHistoryAsync(alias, null, null));
        await DoneAsync(() => client.DeleteAliasAsync(alias));
        await KeptAsync(() => client.TraceDatumAsync(datum, null));
    }

    async Task RescanAsync()
    {
        service.Bucket.Put("a", "changed"u8);
        var scan = (await KeptAsync(() => client.StartRescanAsync(Store, null))).Id;
        await service.DrainAsync();
        await KeptAsync(() => client.ListRescansAsync(null, null, Store, null, null));
        await KeptAsync(() => client.GetRescanAsync(scan));
        await KeptAsync(() => client.GetRescanResultsAsync(scan, null, null, null));
        var again = await KeptAsync(() => client.RetryRescanAsync(scan));
        await KeptAsync(() => client.CancelRescanAsync(again.Id));
        await service.DrainAsync();
        await KeptAsync(() => client.GetStoreAsync(Store));
    }

    async Task PublishAsync()
    {
        var cluster = (await client.GetProjectAsync(Project)).Cluster;
        await client.AddClusterAgentAsync(cluster.ToString());
        var volume = (await KeptAsync(() => client.Create_datavolumeAsync(
            null, new DatavolumeCreationFields { Name = "volume", ProjectId = Project, OriginPvcName = "pvc", Description = "d" }))).Id;
        await KeptAsync(() => client.Get_datavolumesAsync(DatavolumeRequestType.Originated, null, null, null, null, null, null, null));
        await KeptAsync(() => client.Count_datavolumesAsync(DatavolumeRequestType.Originated, null, null, null, null, null, null, null));
        await KeptAsync(() => client.Get_datavolumeAsync(volume));
        await KeptAsync(() => client.Patch_datavolumeAsync(volume, new DatavolumePatchFields { Description = "e" }));
        await DoneAsync(() => client.Datavolume_name_availabilityAsync("free", cluster));
        var shared = new SharedScopesPatchRequest
        {
            Add = [new SharedScopeBase { ScopeType = ScopeType2.Cluster,
            ScopeId = cluster.ToString() }]
        };
        await KeptAsync(() => client.Patch_datavolume_shared_scopesAsync(volume, shared));
        await KeptAsync(() => client.Patch_datavolume_shared_scopes_aliasAsync(volume, shared));
        await KeptAsync(() => client.Get_datavolume_shared_scopesAsync(volume));
        await KeptAsync(() => client.Get_datavolume_shared_scopes_aliasAsync(volume));
        await KeptAsync(() => client.Get_pending_datavolumesAsync(cluster, null, null));
        await KeptAsync(() => client.Report_datavolume_statusAsync(
            cluster, volume, new DatavolumeReport { Phase = DatavolumePhase.Ready, PhaseMessage = "m" }));
        await KeptAsync(() => client.Get_datavolumeAsync(volume));
        await KeptAsync(() => client.Delete_datavolumeAsync(volume));
    }

    async Task EndAsync(string datum)
    {
        await KeptAsync(() => client.ListAuditEventsAsync(null, null, Project, null, null, null, null));
        await KeptAsync(() => client.ListAuditEventsAsync(null, null, null, null, null, null, null));
        await KeptAsync(() => client.PurgeDatumAsync(datum, null));
        await KeptAsync(() => client.GetDatumAsync(datum, null, null));
    }

    ApiClient As(string token)
    {
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return new(http);
    }

    async Task<T> KeptAsync<T>(Func<Task<T>> call, [CallerArgumentExpression(nameof(call))] string expression = "")
    {
        run.Add(Called().Match(expression).Groups[1].Value);
        var value = await call();
        recorder.AssertKept(value);
        return value;
    }

    async Task DoneAsync(Func<Task> call, [CallerArgumentExpression(nameof(call))] string expression = "")
    {
        run.Add(Called().Match(expression).Groups[1].Value);
        await call();
    }

    [GeneratedRegex(@"client\.(\w+)\(")]
    private static partial Regex Called();
}
