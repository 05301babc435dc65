using System.Collections.Frozen;

namespace DataRegistry.Access;

/// <summary>A permission, which is checked at a scope.</summary>
public enum Permission
{
    ProjectsRead,
    DataRead,
    StoresRead,
    DataVolumesRead,

    DataAdopt,

    /// <summary>Metadata and tags, purging.</summary>
    DataEdit,
    AliasesEdit,

    /// <summary>Purge many datums at once.</summary>
    DataManage,
    StoresManage,

    /// <summary>
    /// Have stores read with any role that the registry may assume, or with the credentials of its host; at the system only.
    /// </summary>
    StoresAnyRole,

    DataVolumesCreate,
    DataVolumesUpdate,
    DataVolumesDelete,
    DataVolumesShare,

    /// <summary>The work of a cluster's agent: read pending data volumes and report on them.</summary>
    DataVolumesReport,

    /// <summary>Create and change projects.</summary>
    ProjectsManage,

    /// <summary>Create and change clusters and departments.</summary>
    OrganizationManage,

    /// <summary>Look users up, to give them roles.</summary>
    UsersRead,

    /// <summary>Create, change and delete users and service accounts; at the system only.</summary>
    UsersManage,

    /// <summary>Give and take roles. The caller must have all permissions of the role.</summary>
    RolesManage,

    /// <summary>Manage the tokens of others and of service accounts; at the system only.</summary>
    TokensManage,
    AuditRead,
}

/// <summary>A role, which a subject has at a scope and in all scopes below it.</summary>
public enum Role
{
    SystemAdmin,
    DepartmentAdmin,
    ResearchManager,
    Editor,
    DataVolumeAdmin,
    L1Researcher,
    Viewer,

    /// <summary>The agent of a cluster, a service account. It may only report on data volumes.</summary>
    ClusterAgent,
}

/// <summary>The one table of roles and their permissions.</summary>
public static class Roles
{
    static readonly Permission[] Read = [Permission.ProjectsRead, Permission.DataRead, Permission.StoresRead, Permission.DataVolumesRead];
    static readonly Permission[] Data = [Permission.DataAdopt, Permission.DataEdit, Permission.AliasesEdit];
    // A single purge is undone by adopting again, but the purge of a selection may empty a project. So it is for managers only.
    static readonly Permission[] Manage = [Permission.DataManage];
    static readonly Permission[] Volumes = [Permission.DataVolumesCreate, Permission.DataVolumesUpdate, Permission.DataVolumesDelete];
    static readonly Permission[] Organize = [
        Permission.ProjectsManage, Permission.StoresManage, Permission.UsersRead, Permission.RolesManage, Permission.AuditRead];

    static readonly FrozenDictionary<Role, FrozenSet<Permission>> Table = new Dictionary<Role, FrozenSet<Permission>>
    {
        [Role.SystemAdmin] = Set(Enum.GetValues<Permission>()),
        [Role.DepartmentAdmin] = Set(Read, Data, Manage, Volumes, [Permission.DataVolumesShare], Organize),
        [Role.ResearchManager] = Set(Read, Data, Manage, Volumes, [Permission.DataVolumesShare], [Permission.AuditRead]),
        [Role.Editor] = Set(Read, Data, Volumes, [Permission.DataVolumesShare]),
        [Role.DataVolumeAdmin] = Set(Read, Volumes, [Permission.DataVolumesShare]),
        [Role.L1Researcher] = Set(Read, Data, Volumes),
        [Role.Viewer] = Set(Read),
        [Role.ClusterAgent] = Set([Permission.DataVolumesReport]),
    }.ToFrozenDictionary();

    public static FrozenSet<Permission> PermissionsOf(Role role) => Table[role];

    static FrozenSet<Permission> Set(params Permission[][] parts) => parts.SelectMany(p => p).ToFrozenSet();
}
