// All state: tables, queues and blobs. Only identities have access.
param name string
param location string
param redundancy string
param principalId string

// The identity that installs the package, and reads it when an instance starts.
param deploymentPrincipalId string
param publicAccess bool

// The app creates missing queues when it starts. These are for the host, which watches the queues before that.
var queues = ['adopt', 'adopt-poison', 'hash', 'hash-poison', 'unreadable-poison']
var tables = ['aliases', 'attempts', 'audit', 'datasets', 'datavolumes', 'datums', 'jobs', 'leases', 'locations', 'organization', 'roles', 'scans', 'stores', 'subjects', 'tokens', 'work']
// The app's containers, and those of the Functions host's leases and keys.
var containers = ['adoption', 'datasets', 'azure-webjobs-hosts', 'azure-webjobs-secrets']
var package = 'app-package'

// The roles that the Functions host needs in place of a connection string, and that of the app's tables.
var roles = {
  'Storage Queue Data Contributor': '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  'Storage Table Data Contributor': '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
}

// For blobs container by container, because the app's identity must not write the package that all instances start.
var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: name
  location: location
  kind: 'StorageV2'
  sku: {
    name: redundancy
  }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    networkAcls: {
      defaultAction: publicAccess ? 'Allow' : 'Deny'
      bypass: 'None'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = [
  for each in containers: {
    parent: blobs
    name: each
  }
]

resource packageContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: package
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2023-05-01' = {
  parent: account
  name: 'default'
}

resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' = [
  for each in queues: {
    parent: queueService
    name: each
  }
]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2023-05-01' = {
  parent: account
  name: 'default'
}

resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2023-05-01' = [
  for each in tables: {
    parent: tableService
    name: each
  }
]

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in items(roles): {
    name: guid(account.id, principalId, role.value)
    scope: account
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.value)
    }
  }
]

resource containerAssignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (each, i) in containers: {
    name: guid(container[i].id, principalId, blobDataOwner)
    scope: container[i]
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataOwner)
    }
  }
]

resource packageAssignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(packageContainer.id, deploymentPrincipalId, blobDataContributor)
  scope: packageContainer
  properties: {
    principalId: deploymentPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
  }
}

output id string = account.id
output name string = account.name
output packageContainer string = packageContainer.name
