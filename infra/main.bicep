// Data Registry on Azure Functions (Flex Consumption, Linux), in one resource group. README.md beside it has the commands.
targetScope = 'resourceGroup'

import { AppSettings } from 'modules/settings.bicep'

@description('The prefix of the resources\' names: lower case letters and digits.')
@minLength(2)
@maxLength(10)
param name string = 'registry'

@description('Region. `az functionapp list-flexconsumption-locations` lists those with Flex Consumption.')
param location string = resourceGroup().location

@description('Memory of an instance in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('The most instances. `Adoption__WorkersPerStore` also limits their workers at one store.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 100

@description('Instances that always wait for HTTP requests, to avoid cold starts. They are billed while they wait.')
@minValue(0)
param alwaysReadyInstances int = 0

@description('Redundancy of the storage account with all state.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageRedundancy string = 'Standard_ZRS'

@description('Whether storage and vault have private endpoints only. The app then has its own network, with one fixed outgoing address.')
param privateNetwork bool = false

@description('Whether the internet reaches the app. If false, it has a private endpoint instead, which needs `privateNetwork`; without that, false has no effect.')
param publicAccess bool = true

@description('Addresses of the private network, a /24 or larger.')
param networkPrefix string = '10.77.0.0/24'

@description('The e-mail address for alerts; if empty, only Azure Monitor shows them.')
param alertEmail string = ''

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logDays int = 30

@description('Whether a deleted vault is protected from purging for seven days. Without its key the stores\' secrets cannot be read.')
param protectVault bool = true

@description('Audience of the tokens that assume AWS roles; if empty, stores need access keys.')
param webIdentityAudience string = ''

@description('The key that encrypts the stores\' secrets, 32 bytes in base64. If empty, the vault keeps the present one.')
@secure()
param storesSecretKey string = ''

@description('The key that signs the tokens of /api/v1/token, 32 bytes in base64. If empty, the vault keeps the present one.')
@secure()
param signingKey string = ''

@description('The bootstrap administrator\'s token, at least 20 characters. If empty, the vault keeps the present one.')
@secure()
param administratorToken string = ''

@description('Further settings of the app, by their names in settings.md. Others have their defaults.')
param settings AppSettings = {}

var suffix = uniqueString(resourceGroup().id, name)

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-identity'
  location: location
}

// The package's identity. The platform writes the package as this one, so that the app's own identity cannot.
resource deploymentIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-deployment'
  location: location
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    name: name
    location: location
    logDays: logDays
    principalId: identity.properties.principalId
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  params: {
    name: name
    location: location
    prefix: networkPrefix
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    name: take('${name}${suffix}', 24)
    location: location
    redundancy: storageRedundancy
    principalId: identity.properties.principalId
    deploymentPrincipalId: deploymentIdentity.properties.principalId
    publicAccess: !privateNetwork
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  params: {
    name: take('${name}-${suffix}', 24)
    location: location
    principalId: identity.properties.principalId
    publicAccess: !privateNetwork
    protect: protectVault
    storesSecretKey: storesSecretKey
    signingKey: signingKey
    administratorToken: administratorToken
  }
}

module endpoints 'modules/endpoints.bicep' = if (privateNetwork) {
  name: 'endpoints'
  params: {
    name: name
    location: location
    networkId: network!.outputs.id
    subnetId: network!.outputs.endpointSubnetId
    storageId: storage.outputs.id
    vaultId: vault.outputs.id
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  params: {
    name: '${name}-${suffix}'
    location: location
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyInstances: alwaysReadyInstances
    identityId: identity.id
    identityClientId: identity.properties.clientId
    deploymentIdentityId: deploymentIdentity.id
    storageAccount: storage.outputs.name
    packageContainer: storage.outputs.packageContainer
    vaultUri: vault.outputs.uri
    applicationInsights: monitoring.outputs.connectionString
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    publicAccess: publicAccess || !privateNetwork
    webIdentityAudience: webIdentityAudience
    settings: settings
  }
  // The app reads all of this when it starts.
  dependsOn: [endpoints]
}

module inbound 'modules/inbound.bicep' = if (privateNetwork && !publicAccess) {
  name: 'inbound'
  params: {
    name: name
    location: location
    networkId: network!.outputs.id
    subnetId: network!.outputs.endpointSubnetId
    appId: app.outputs.id
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    name: name
    location: location
    applicationInsightsId: monitoring.outputs.id
    email: alertEmail
  }
}

output appName string = app.outputs.name
output hostName string = app.outputs.hostName
output vaultName string = vault.outputs.name
output storageAccount string = storage.outputs.name

@description('The value that an AWS role\'s trust policy compares with `sub`.')
output identityPrincipalId string = identity.properties.principalId

@description('The tenant. The trust policy\'s provider is `sts.windows.net/{tenantId}/`.')
output tenantId string = tenant().tenantId

@description('The address of requests to buckets; empty without `privateNetwork`.')
output outboundAddress string = privateNetwork ? network!.outputs.outboundAddress : ''
