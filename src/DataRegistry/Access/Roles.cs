using System.Collections.Frozen;

namespace DataRegistry.Access;

/// <summary>A permission, checked at a scope.</summary>
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

    /// <summary>To purge many datums at once.</summary>
    DataManage,
    StoresManage,

    /// <summary>
    /// To have stores read as any role that the registry itself may assume, or with its host's credentials; at the system only.
    /// </summary>
    StoresAnyRole,

    DataVolumesCreate,
    DataVolumesUpdate,
    DataVolumesDelete,
    DataVolumesShare,

    /// <summary>A cluster's agent: read its work and report on data volumes.</summary>
    DataVolumesReport,

    /// <summary>To make and rename projects.</summary>
    ProjectsManage,

    /// <summary>To make clusters and departments.</summary>
    OrganizationManage,

    /// <summary>To look users up, so that roles can be given to them.</summary>
    UsersRead,

    /// <summary>To make, change and remove users and service accounts; at the system only.</summary>
    UsersManage,

    /// <summary>To give and take roles: those with no permission that one lacks oneself.</summary>
    RolesManage,

    /// <summary>Others' tokens, and service accounts'; at the system only.</summary>
    TokensManage,
    AuditRead,
}

/// <summary>A role of a subject at a scope. It counts there and in everything below.</summary>
public enum Role
{
    SystemAdmin,
    DepartmentAdmin,
    ResearchManager,
    Editor,
    DataVolumeAdmin,
    L1Researcher,
    Viewer,

    /// <summary>The agent of a cluster, a service account: it reports on data volumes, and may do nothing else.</summary>
    ClusterAgent,
}

/// <summary>The one table of what a role may do.</summary>
public static class Roles
{
    static readonly Permission[] Read = [Permission.ProjectsRead, Permission.DataRead, Permission.StoresRead, Permission.DataVolumesRead];
    static readonly Permission[] Data = [Permission.DataAdopt, Permission.DataEdit, Permission.AliasesEdit];
    // One purge is undone by adopting again; one of a selection may empty a project. So it is for managers, not for all that edit.
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
